#!/usr/bin/env bash
# Imports real data sets, each into a shop of its own, and checks what the shop then says.
#
#     tests/real_data.sh DIR [BINARY]
#
# DIR holds the data sets, such as ../shared/data; BINARY is the nexus to try [target/release/nexus]. With
# NEXUS_REAL_DATA_LARGE=1 a million generated products are imported too. Nothing but loopback is used.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
data=$(cd "${1:?usage: tests/real_data.sh DIR [BINARY]}" && pwd) || exit 2
nexus=$(realpath "${2:-$here/../target/release/nexus}")
[ -x "$nexus" ] || { echo "there is no $nexus; build it with cargo build --release" >&2; exit 2; }
export PYTHONDONTWRITEBYTECODE=1
work=$(mktemp -d)
server=
passed=0
failed=0

cleanup() {
    [ -n "$server" ] && kill "$server" 2>/dev/null && wait "$server" 2>/dev/null
    rm -rf "$work"
}
trap cleanup EXIT

# One line a check: `result NAME EXPECTED FOUND`.
result() {
    if [ "$2" = "$3" ]; then
        passed=$((passed + 1)); echo "ok   $1: $3"
    else
        failed=$((failed + 1)); echo "FAIL $1: expected $2, found $3"
    fi
}

# The counts of an import as `created updated unchanged failed`.
import() {
    local set=$1; shift
    "$nexus" --data-dir "$work/$set" import "$@" --json 2>"$work/$set.err" | python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
print(*(lines[-1]["summary"][k] for k in ("created", "updated", "unchanged", "failed")) if lines else ["no answer"])'
}

start() {
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    "$nexus" --data-dir "$work/$1" serve --address 127.0.0.1 --port "$port" >"$work/$1.log" 2>&1 &
    server=$!
    python3 - "$port" <<'PY'
import sys, time, urllib.request
for _ in range(100):
    try:
        urllib.request.urlopen(f"http://127.0.0.1:{sys.argv[1]}/health/ready", timeout=2)
        break
    except OSError:
        time.sleep(0.1)
PY
}

stop() {
    kill "$server" 2>/dev/null
    wait "$server" 2>/dev/null
    server=
}

# Asks the running shop for what the file says.
ask() {
    start "$1"
    while read -r verdict line; do
        case $verdict in
            ok) passed=$((passed + 1)); echo "ok   $line" ;;
            *) failed=$((failed + 1)); echo "$verdict $line" ;;
        esac
    done < <(python3 "$here/converters/probe.py" "$1" "$2" "http://127.0.0.1:$port" 2>&1)
    stop
}

# What holds for every set once it is in: sound, complete, and unchanged by a second import.
sound() {
    local set=$1 count=$2; shift 2
    result "$set: check" "all is well" "$("$nexus" --data-dir "$work/$set" check 2>&1 | tail -1)"
    result "$set: exported lines" "$count" "$("$nexus" --data-dir "$work/$set" export products --format jsonl | wc -l | tr -d ' ')"
    result "$set: second import" "0 0 $count 0" "$(import "$set" "$@")"
    "$nexus" --data-dir "$work/$set" export products --out "$work/$set.csv" 2>/dev/null
    result "$set: import of its own export" "0 0 $count 0" "$(import "$set" "$work/$set.csv")"
    rm -f "$work/$set.csv"
}

# A set that a converter turns into JSON Lines.
converted() {
    local set=$1 count=$2 source=$3
    [ -e "$source" ] || { echo "skip $set: $source is not there"; return; }
    python3 "$here/converters/$set.py" "$source" >"$work/$set.jsonl" || { result "$set: converter" ok failed; return; }
    result "$set: import" "$count 0 0 0" "$(import "$set" "$work/$set.jsonl")"
    sound "$set" "$count" "$work/$set.jsonl"
    ask "$set" "$work/$set.jsonl"
}

# A CSV that import reads as it is; what the shop exports is then asked of the shop.
direct() {
    local set=$1 count=$2; shift 2
    result "$set: import" "$count 0 0 0" "$(import "$set" "$@")"
    sound "$set" "$count" "$@"
    "$nexus" --data-dir "$work/$set" export products --format jsonl --out "$work/$set.jsonl" 2>/dev/null
    ask "$set" "$work/$set.jsonl"
}

relevance() {
    local set=$data/icecat answer
    "$nexus" relevance --help >/dev/null 2>&1 || { echo "skip icecat: relevance is not built in"; return; }
    answer=$("$nexus" --data-dir "$work/icecat" relevance "$set/queries_dev.csv" "$set/judgments_dev.csv" --json 2>&1)
    python3 - "$answer" <<'PY'
import json, re, sys
try:
    text = json.dumps(json.loads(sys.argv[1].splitlines()[-1]))
except (ValueError, IndexError):
    text = sys.argv[1]
scores = [float(n) for n in re.findall(r"0\.\d+", text)]
print("icecat: relevance", scores[:2], "of at least 0.76 and 0.85")
sys.exit(0 if len(scores) >= 2 and scores[0] >= 0.76 and scores[1] >= 0.85 else 1)
PY
    result "icecat: relevance is good enough" 0 $?
}

converted icecat 19406 "$data/icecat/products.jsonl.gz"
[ -d "$work/icecat" ] && relevance
converted bestbuy 3291 "$data/bestbuy/products.jsonl.gz"
converted openfoodfacts 69462 "$data/openfoodfacts/products.csv.gz"
converted magento 191 "$data/magento"
converted spree 37 "$data/import-samples/spree_products.csv"
direct woocommerce 15 "$data/import-samples/woocommerce_products.csv"

# Orders made elsewhere: what the shop sums up must be what the file says, row by row.
past_orders() {
    local set=online-retail source=$data/online-retail/orders.csv.gz expected
    [ -e "$source" ] || { echo "skip $set: $source is not there"; return; }
    expected=$(python3 - "$source" <<'PY'
import csv, decimal, gzip, sys
D = decimal.Decimal
orders = refused = total = 0
def good(row):
    try:
        units, price = int(row["Quantity"]), D(row["Price"])
    except (ValueError, decimal.InvalidOperation):
        return False
    if units == 0 or price < 0 or price != price.quantize(D("0.01")):
        return False
    return price > 0 or (row["Customer ID"] != "" and units > 0)
rows = csv.DictReader(gzip.open(sys.argv[1], "rt", encoding="utf-8", newline=""))
kept = []
for row in rows:
    if good(row):
        kept.append(row)
    else:
        refused += 1
groups = {}
for row in kept:
    groups.setdefault(row["Invoice"], []).append(row)
for group in groups.values():
    sold = [row for row in group if int(row["Quantity"]) > 0]
    if sold:
        orders += 1
        total += sum(int(row["Quantity"]) * D(row["Price"]) for row in sold)
print(orders, refused, f"{total:.2f}")
PY
)
    export NEXUS_SHOP_CURRENCY=GBP
    "$nexus" --data-dir "$work/$set" import orders "$source" --skip-errors --shipping-sku POST --json >"$work/$set.json" 2>"$work/$set.err"
    "$nexus" --data-dir "$work/$set" report sales --from 2009-01-01 --to 2011-12-31 --by year --json >"$work/$set.sales"
    result "$set: orders, refused rows, sales" "$expected" "$(python3 - "$work/$set.json" "$work/$set.sales" <<'PY'
import decimal, json, sys
told, sales = (json.load(open(path)) for path in sys.argv[1:3])
total = sum(decimal.Decimal(row["total"]) for row in sales["results"])
print(told["orders"], told["refused"], f"{total:.2f}")
PY
)"
    result "$set: check" "all is well" "$("$nexus" --data-dir "$work/$set" check 2>&1 | tail -1)"
    unset NEXUS_SHOP_CURRENCY
    rm -rf "${work:?}/$set"
}

past_orders

generated() {
    local set=generated_$1
    python3 "$data/make_catalog.py" "$1" "$work/$set.source.csv" || { result "$set: generator" ok failed; return; }
    direct "$set" "$1" "$work/$set.source.csv" --map currency=- --map color=attr.color --map rating=attr.rating --map rating_count=attr.rating_count
    rm -rf "${work:?}/$set" "$work/$set".*
}

generated 100000
[ "${NEXUS_REAL_DATA_LARGE:-}" = 1 ] && generated 1000000

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
