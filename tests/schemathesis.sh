#!/usr/bin/env bash
# Has Schemathesis try the API for a while, as an admin, as a customer and with an API key at the same time:
# rounds with growing seeds, each on a new demo shop. The configuration is the one of `cargo test`.
#
#   tests/schemathesis.sh [SECONDS] [FIRST_SEED]      half an hour from seed 1 when not given
#
# The first failure ends it, with the request that led there.
set -euo pipefail
cd "$(dirname "$0")/.."
export NEXUS_FUZZ_SECONDS="${1:-1800}" NEXUS_FUZZ_SEED="${2:-1}"
exec cargo test --test suite -- outside::fuzz --nocapture --test-threads=3
