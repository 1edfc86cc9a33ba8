#!/usr/bin/env bash
# ctl.sh load SIZE | start SIZE | start_app SIZE | stop [SIZE] | stop_app [SIZE]
# NEXUS_PEER_CACHE=1 serves with the response cache on; it is off otherwise.
set -euo pipefail
: "${PEERS_DIR:?}" "${BENCH:?set BENCH to the folder of the bench harness}"
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
. "$BENCH/lib.sh"
name=nexus
nexus=${CARGO_TARGET_DIR:-$root/target}/release/nexus
cache=false
[ "${NEXUS_PEER_CACHE:-}" = 1 ] && cache=true
# Nexus takes every NEXUS_ variable for a setting and refuses unknown ones; a Rocket.toml of the
# current folder would be read too.
unset NEXUS_PEER_CACHE
cd "$PEERS_DIR"; PEERS_DIR=$PWD
dir() { echo "$PEERS_DIR/nexus-$1"; }

start_app() {
  NEXUS_CACHE_ENABLED=$cache spawn "$name" \
    "$nexus" serve --data-dir "$(dir "$1")" --address 127.0.0.1 --port 8077
}

case $1 in
  load)
    stop_pids "$name"
    rm -rf "$(dir "$2")" "$PEERS_DIR/run/$name-$2.cursors"
    PYTHONPATH=$BENCH python3 "$here/load.py" "$2" "$nexus" "$(dir "$2")"
    ;;
  start|start_app) start_app "$2" ;;
  stop|stop_app) stop_pids "$name" ;;
esac
