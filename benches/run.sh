#!/usr/bin/env bash
# Measure Nexus beside a bare Rocket server and PocketBase; print the ratios.
#
#   BENCH=<bench harness> PEERS_DIR=<work folder> benches/run.sh [SIZE...]
#
# SIZE: products in the catalog (default: 10000 100000).  See benches/README.md.
set -euo pipefail
: "${BENCH:?set BENCH to the folder of the bench harness}"
: "${PEERS_DIR:?set PEERS_DIR to a folder for data and installs}"
mkdir -p "$PEERS_DIR"
here=$(cd "$(dirname "$0")" && pwd)
BENCH=$(cd "$BENCH" && pwd) PEERS_DIR=$(cd "$PEERS_DIR" && pwd)
export BENCH PEERS_DIR PEER_nexus=$here/peer
sizes=${*:-10000 100000}
since=$(date +%FT%T)
measure() { bash "$BENCH/run_peers.sh" -n "$sizes" "$@" | { grep -v '^|' || true; }; }

# Loading afresh first: an earlier run's O6 added products.
measure -r -o "bulk cold idle O1 O2 O3" pocketbase
measure -o "cold idle O1 O2 O3 O4 O1piece json json1" rocket
measure -r -o "bulk cold idle O1 O2 O2first O3 O4" nexus
NEXUS_PEER_CACHE=1 measure -o "O1cached O3cached" nexus
# PocketBase searches by scanning: fewer and shorter runs say enough.
SECONDS_PER_RUN=3 REPEATS=2 LATENCY_SECONDS=2 measure -o O4 pocketbase
# Last, as it adds products; each invocation fetches an admin token of its own.
measure -o O6 pocketbase
measure -o O6 nexus

python3 "$here/ratios.py" "$PEERS_DIR/results.jsonl" "$since"
