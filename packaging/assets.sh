#!/usr/bin/env bash
# Has the program write what a package holds beside it: manual pages, completions and the file of settings.
# Usage: packaging/assets.sh BINARY FOLDER
set -euo pipefail
binary=$(realpath "$1")
out=$2

rm -rf "$out"
mkdir -p "$out/man" "$out/completions"
"$binary" man --out "$out/man"
gzip -9n "$out"/man/*.1
"$binary" completions bash >"$out/completions/nexus"
"$binary" completions zsh >"$out/completions/_nexus"
"$binary" completions fish >"$out/completions/nexus.fish"
# The one setting in which a packaged shop differs from a shop in a folder.
"$binary" config template | sed 's|^# dir = "data"$|dir = "/var/lib/nexus"|' >"$out/nexus.toml"
grep -qx 'dir = "/var/lib/nexus"' "$out/nexus.toml"
