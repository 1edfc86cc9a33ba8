#!/usr/bin/env bash
# Build the release binary of the repository this folder stands in.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo build --release --quiet
