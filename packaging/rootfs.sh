#!/usr/bin/env bash
# Lays out the root of the container image: the program, the few libraries it is linked against, its user, its data
# folder, and nothing else: no shell, no package manager. The Dockerfile copies it into an empty image.
# Usage: packaging/rootfs.sh BINARY FOLDER
set -euo pipefail
binary=$(realpath "$1")
root=$2
user=65532

mkdir -p "$root/usr/bin" "$root/etc" "$root/data" "$root/tmp"
install -m 0755 "$binary" "$root/usr/bin/nexus"
# Each library at the path the loader looks for it, links resolved.
{ ldd "$binary" || true; } | grep -oE '/[^ ]+\.so[^ ]*' | sort -u | while read -r library; do
    install -D -m 0755 "$(realpath "$library")" "$root$library"
done
echo "nexus:x:$user:$user:Nexus shop:/data:/usr/bin/nexus" >"$root/etc/passwd"
echo "nexus:x:$user:" >"$root/etc/group"
echo "hosts: files dns" >"$root/etc/nsswitch.conf"
chmod 0700 "$root/data"
chmod 1777 "$root/tmp"
chown "$user:$user" "$root/data"
