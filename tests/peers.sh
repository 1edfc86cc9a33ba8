#!/usr/bin/env bash
# Sees the shop work beside programs that other people make, where they are installed: Litestream, which copies its
# database elsewhere as it is written, and an authority of certificates that speaks ACME, the one in Caddy.
#
#   tests/peers.sh [BINARY]     a few seconds; target/release/nexus unless another is named
#
# Each test has a network and an /etc/hosts of its own, so it needs root, or user namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/release/nexus}")
work=$(mktemp -d)
export binary work HOME=$work XDG_DATA_HOME=$work
trap 'rm -rf "$work"' EXIT

fail() {
    echo "FAIL  $1" >&2
    shift
    tail -n 20 "$@" >&2
    exit 1
}

# until_so CONDITION...: asks ten times a second, ten seconds long.
until_so() {
    for _ in $(seq 100); do
        if "$@" >"$work/asked" 2>&1; then return; fi
        sleep 0.1
    done
    fail "not within ten seconds: $*" "$work/asked" "$work"/*.log
}

quick_curl() { curl --silent --show-error --fail --max-time 10 --header "Content-Type: application/json" "$@"; }

# A guest buys something: prints the number of the order.
buy() {
    local cart option
    cart=$(quick_curl --request POST "$api/carts" | sed 's/{"token":"\([^"]*\)".*/\1/')
    quick_curl --output "$work/answer" "$api/carts/$cart/lines" --data "{\"variant_id\": $variant, \"quantity\": 1}"
    quick_curl --output "$work/answer" --request PUT "$api/carts/$cart/shipping-address" \
        --data '{"name": "Ann Lee", "line1": "1 Canal Street", "city": "Utrecht", "postal_code": "3511 AB", "country": "NL"}'
    option=$(quick_curl "$api/carts/$cart/shipping-options" | sed 's/.*"id":"\([^"]*\)".*/\1/')
    quick_curl --output "$work/answer" --request PUT "$api/carts/$cart/shipping-option" --data "{\"id\": \"$option\"}"
    quick_curl --header "Idempotency-Key: $cart" "$api/carts/$cart/checkout" \
        --data '{"email": "ann@demo.test", "payment": {"provider": "manual"}}' >"$work/answer"
    grep -o '"number":"[0-9]*"' "$work/answer"
}

# Orders are placed, both programs are killed, and the copy holds what had been a second old.
litestream_has_what_was_acknowledged() {
    local api=http://127.0.0.1:8000/api/v1 variant shop copier
    cd "$work"
    printf '[default.store]\nreplicated = true\n' >Rocket.toml
    printf 'dbs:\n  - path: %s/data/nexus.db\n    replica:\n      url: file://%s/copy\n' "$work" "$work" >litestream.yml
    litestream replicate -config litestream.yml >litestream.log 2>&1 &
    copier=$!
    "$binary" serve --demo >shop.log 2>&1 &
    shop=$!
    until_so quick_curl "$api/products?page_size=1"
    variant=$(quick_curl "$api/products/harbour-stoneware-mug" | sed 's/.*"variants":\[{"id":\([0-9]*\).*/\1/')
    for _ in $(seq 15); do buy; done >placed
    sleep 3
    kill -9 "$shop"
    kill -9 "$copier"
    wait 2>"$work/killed" || true
    litestream restore -o restored.db -config litestream.yml "$work/data/nexus.db" >>litestream.log 2>&1
    rm -rf data/nexus.db data/nexus.db-wal data/nexus.db-shm data/.nexus.db-litestream
    mv restored.db data/nexus.db
    "$binary" check >check.log || fail "the copy is not sound" check.log litestream.log
    "$binary" order list --json >orders.json
    [ "$(wc -l <placed)" = 15 ] || fail "not every order was placed" placed answer
    while read -r number; do
        grep -qF "$number" orders.json || fail "the copy has no $number" orders.json litestream.log
    done <placed
    echo "ok    Litestream $(litestream version): $(wc -l <placed) orders of a killed shop are in the copy, which is sound"
}

# A shop with no certificate is given one by an authority that looks at port 80 of its name; it keeps it when started anew.
authority_gives_a_certificate() {
    local shop authority root=$work/caddy/pki/authorities/local/root.crt
    cd "$work"
    rm -rf data
    echo "127.0.0.1 localhost shop.test acme.test" >hosts
    mount --bind hosts /etc/hosts
    cat >Caddyfile <<END
{
    admin off
    auto_https disable_redirects
    skip_install_trust
    storage file_system $work/caddy
    http_port 9080
    https_port 9443
}
acme.test:9443 {
    tls internal
    acme_server
}
END
    cat >Rocket.toml <<END
[default]
address = "0.0.0.0"
port = 443
[default.shop]
url = "https://shop.test"
[default.edge]
acme = true
acme_accept_terms = true
acme_contact = "owner@shop.example"
acme_directory = "https://acme.test:9443/acme/local/directory"
acme_roots = "$root"
redirect_port = 80
hosts = ["shop.test"]
END
    caddy run --config Caddyfile >caddy.log 2>&1 &
    authority=$!
    until_so quick_curl --cacert "$root" https://acme.test:9443/acme/local/directory
    for start in first second; do
        "$binary" serve --demo >"shop-$start.log" 2>&1 &
        shop=$!
        until_so quick_curl --cacert "$root" https://shop.test/health/ready
        kill "$shop"
        wait "$shop"
    done
    kill "$authority"
    grep -q "a new certificate is in use" shop-first.log || fail "it was not said that there is a certificate" shop-first.log
    ! grep -q "asking for a certificate" shop-second.log || fail "the certificate was not kept" shop-second.log
    echo "ok    Caddy $(caddy version | cut -d' ' -f1) as authority: a certificate at the first start, kept at the second"
}

export -f fail until_so quick_curl buy litestream_has_what_was_acknowledged authority_gives_a_certificate
apart=(unshare --net --mount)
[ "$(id -u)" = 0 ] || apart+=(--map-root-user)

# try PROGRAM TEST: where the program is installed.
try() {
    if command -v "$1" >/dev/null; then
        "${apart[@]}" bash -euo pipefail -c "ip link set lo up && $2"
    else
        echo "skip  $1 is not installed"
    fi
}

try litestream litestream_has_what_was_acknowledged
try caddy authority_gives_a_certificate
