#!/usr/bin/env bash
# Makes everything go wrong that can, for long: the tests of tests/suite/faults and those of tests/suite/binary that
# kill, with larger numbers than `cargo test` has for them, then ten thousand clients that do nothing and two thousand
# that send a byte in five seconds, and then ten minutes of shoppers in which memory must stay flat. docs/promises.md says
# what each test stands for.
#
#   tests/faults.sh [FILTER]     three quarters of an hour; with a FILTER only the tests whose names hold it, and no shoppers
#
# It needs root: for small disks, and for folders of somebody else. `cargo test` skips those tests without it, and says so.
set -euo pipefail
cd "$(dirname "$0")/.."
export NEXUS_FAULTS=long
if [ $# -gt 0 ]; then
    exec cargo test --test suite -- --nocapture --test-threads=1 "$@"
fi
cargo test --test suite -- --nocapture --test-threads=1 \
    faults:: binary::crash binary::disk binary::stop binary::checkouts jobs::process
unset NEXUS_FAULTS
cargo bench --bench edge -- idle
cargo bench --bench edge -- slow
exec cargo bench --bench shoppers -- --clients 16 --seconds 600 --flat
