#!/usr/bin/env bash
# Checks the files of this folder, and what the packages hold, by whatever is installed that can; says what was not.
# Usage: packaging/check.sh [BINARY]. With the program, the root of the container image is laid out, started and asked.
set -uo pipefail
cd "$(dirname "$0")/.." || exit
binary=${1:-}
failed=0
skipped=0

has() {
    command -v "$1" >/dev/null && return 0
    echo "skip  $2: $1 is not installed"
    skipped=$((skipped + 1))
    return 1
}

check() {
    local what=$1 out
    shift
    if out=$("$@" 2>&1); then
        echo "ok    $what"
    else
        echo "FAIL  $what"
        printf '%s\n' "$out" | sed 's/^/      /'
        failed=$((failed + 1))
    fi
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The units name a program that need not be installed here, and its manual pages.
units() {
    mkdir -p "$work/units/nexus.service.d"
    sed -e 's|/usr/bin/nexus|/bin/true|' -e '/^Documentation=/d' packaging/nexus.service >"$work/units/nexus.service"
    sed -e '/^Documentation=/d' packaging/nexus.socket >"$work/units/nexus.socket"
    "$@"
}
verify() { systemd-analyze verify --man=no "$work/units/nexus.service" "$work/units/nexus.socket"; }
exposure() { systemd-analyze security --offline=true --threshold=15 "$work/units/nexus.service"; }
exposure_of_low_ports() {
    cp packaging/low-ports.conf "$work/units/nexus.service.d/"
    systemd-analyze verify --man=no "$work/units/nexus.service"
}
if has systemd-analyze "units"; then
    check "units are right" units verify
    check "the service is exposed by 1.5 of 10 at most" units exposure
    check "the unit that opens low ports is right" units exposure_of_low_ports
fi
if has systemd-sysusers "user"; then
    check "the user can be made" systemd-sysusers --dry-run "$PWD/packaging/nexus.sysusers"
fi
if has shellcheck "scripts"; then
    check "scripts are sound" shellcheck .ci/* packaging/*.sh packaging/debian/* tests/*.sh
fi
if has hadolint "Dockerfile"; then
    check "Dockerfile is sound" hadolint Dockerfile
fi
if has check-jsonschema "compose.yaml and workflows"; then
    check "compose.yaml is as Compose specifies" check-jsonschema --builtin-schema vendor.compose-spec compose.yaml
    check "workflows are as GitHub specifies" check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
fi
compose() { SHOP_HOST=shop.example METRICS_TOKEN=0123456789abcdef docker compose config --quiet; }
if has docker "compose.yaml" && docker compose version >/dev/null 2>&1; then
    check "compose.yaml is understood" compose
fi
if has zizmor "workflows"; then
    check "workflows give nothing away" zizmor --offline --quiet .github/workflows
fi
caddy_file() { SHOP_HOST=shop.example caddy validate --config packaging/Caddyfile --adapter caddyfile; }
if has caddy "Caddyfile"; then
    check "Caddyfile is right" caddy_file
fi
if has promtool "prometheus.yml"; then
    check "prometheus.yml is right" promtool check config --syntax-only packaging/prometheus.yml
fi

# The image without Docker: its root, its user, nothing writable but the data folder.
image() {
    local root=$work/rootfs
    packaging/rootfs.sh "$binary" "$root" || return
    # shellcheck disable=SC2016 # The inner shell puts in its own.
    # In a process space of its own, so that nothing of it outlives the check.
    timeout 60 unshare --net --mount --pid --fork --kill-child sh -eu -c '
        ip link set lo up
        mount --bind "$1" "$1" && mount -o remount,ro,bind "$1"
        mount -t tmpfs -o mode=0700,uid=65532,gid=65532 data "$1/data"
        export ROCKET_ADDRESS=0.0.0.0 NEXUS_DATA_DIR=/data
        run="chroot --userspec=65532:65532 $1 /usr/bin/nexus"
        $run --version
        ! $run health || exit 1
        $run serve &
        tries=0
        until $run health; do
            tries=$((tries + 1))
            [ "$tries" -lt 50 ]
            sleep 0.2
        done
        kill -TERM $!
        wait $!
    ' image "$root"
}
if [ -z "$binary" ]; then
    echo "skip  image: no program was given"
    skipped=$((skipped + 1))
elif [ "$(id -u)" != 0 ]; then
    echo "skip  image: needs root"
    skipped=$((skipped + 1))
elif has unshare "image"; then
    check "the image starts read-only, without rights, and is healthy" image
fi

echo "$failed failed, $skipped skipped"
[ "$failed" = 0 ]
