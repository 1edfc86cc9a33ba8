#!/usr/bin/env bash
# Installs a Debian package in a system of its own, looks at what came of it, upgrades it onto itself and purges it. With
# systemd-nspawn that system is started, too, so that the service runs as it would, hardening and all.
# Usage, as root: packaging/deb-check.sh PACKAGE.deb [FOLDER]
# FOLDER keeps the bare system for the next run; without it, it is made anew and thrown away.
set -euo pipefail
package=$(realpath "$1")
# What is mounted below goes with the script.
if [ -z "${DEB_CHECK_INSIDE:-}" ]; then
    DEB_CHECK_INSIDE=1 exec unshare --mount "$0" "$@"
fi
work=$(mktemp -d)
bare=${2:-$work/bare}
root=$work/system
trap 'umount -q "$root/proc" "$root/run" || true; rm -rf "$work"' EXIT

# Any release of Debian or a relative that has a C library as new as the package asks for.
release=${RELEASE:-bookworm}
if [ ! -x "$bare/bin/sh" ]; then
    debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus "$release" "$bare" >"$work/debootstrap.log"
fi
cp -a "$bare" "$root"
cp "$package" "$root/nexus.deb"
mount_system() { mount -t proc proc "$root/proc" && mount -t tmpfs run "$root/run"; }
mount_system

inside() { chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
as_nexus() { inside setpriv --reuid nexus --regid nexus --clear-groups "$@"; }
say() { echo "ok    $1"; }

inside apt-get install --yes --no-install-recommends /nexus.deb >"$work/install.log" 2>&1 || { cat "$work/install.log"; exit 1; }
say "installed with what it depends on"
inside nexus --version
[ "$(inside stat -c '%U:%G %a' /var/lib/nexus)" = "nexus:nexus 700" ]
[ "$(inside stat -c '%U:%G %a' /etc/nexus/nexus.toml)" = "root:nexus 640" ]
say "user, data folder and settings are there, and nobody else's"
inside systemd-analyze verify --man=no nexus.service nexus.socket
inside systemctl is-enabled --quiet nexus.service
if inside systemctl is-enabled --quiet nexus.socket; then exit 1; fi
say "units are right; the service is enabled, the socket is not"
for file in man/man1/nexus.1.gz man/man1/nexus-serve.1.gz bash-completion/completions/nexus \
    zsh/vendor-completions/_nexus fish/vendor_completions.d/nexus.fish doc/nexus/copyright; do
    # Minimal systems leave out documentation by a rule of dpkg; then the package at least has it.
    [ -e "$root/usr/share/$file" ] || dpkg-deb --contents "$package" | grep -q "/usr/share/$file$"
done
inside bash -n /usr/share/bash-completion/completions/nexus
say "manual pages, completions and licence are there"
echo "a long walk by the canal" | as_nexus nexus --config /etc/nexus/nexus.toml user create --role admin \
    --email owner@example.com --password-stdin >/dev/null
as_nexus nexus --config /etc/nexus/nexus.toml check >/dev/null
say "the command line works as the user of the shop"

# The system is started; what it shall do waits in a service that switches it off again.
if command -v systemd-nspawn >/dev/null && [ -z "${NO_BOOT:-}" ]; then
    cat >"$root/try.sh" <<'TRY'
set -eux
systemctl is-active nexus.service
until nexus health; do sleep 0.2; done
main() { systemctl show --property MainPID --value nexus.service; }
[ "$(stat -c %U /proc/$(main))" = nexus ]
grep -E '^(NoNewPrivs|Seccomp|CapEff):' /proc/$(main)/status
systemctl restart nexus.service
until nexus health; do sleep 0.2; done
systemctl stop nexus.service
[ "$(systemctl show --property Result --value nexus.service)" = success ]
before=$(systemctl show --property NRestarts --value nexus.service)
systemctl start nexus.service
kill -KILL $(main)
until nexus health; do sleep 0.2; done
apt-get install --yes --reinstall /nexus.deb
until nexus health; do sleep 0.2; done
systemctl --no-pager status nexus.service
# With the socket in the hands of the service manager nobody is refused, not even in an upgrade.
systemctl stop nexus.service
systemctl enable --now nexus.socket
nexus health --timeout 30
while [ ! -e /stop ]; do nexus health --timeout 30 >>/asked 2>>/refused || echo refused >>/refused; done &
systemctl restart nexus.service
systemctl restart nexus.service
apt-get install --yes --reinstall /nexus.deb
nexus health --timeout 30
touch /stop
wait $!
wc -l /asked /refused
[ ! -s /refused ]
systemctl disable --now nexus.socket
systemctl stop nexus.service
if journalctl -u nexus | grep -E 'limit of open files|Operation not permitted'; then exit 1; fi
TRY
    cat >"$root/etc/systemd/system/try.service" <<'TRY'
[Unit]
After=nexus.service multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'timeout 120 sh /try.sh >/try.log 2>&1; echo $? >/try.code; systemctl poweroff'
[Install]
WantedBy=default.target
TRY
    inside systemctl enable --quiet try.service
    umount "$root/proc" "$root/run"
    # systemd-nspawn wants what every system that was started by systemd has.
    [ "$(stat -f -c %T /run)" = tmpfs ] || mount -t tmpfs run /run
    if timeout 180 systemd-nspawn --quiet --directory "$root" --private-network --register=no --keep-unit --boot \
        >"$work/boot.log" 2>&1 && [ "$(cat "$root/try.code" 2>/dev/null)" = 0 ]; then
        grep -E '^(NoNewPrivs|Seccomp|CapEff):' "$root/try.log"
        grep -E ' /(asked|refused)$' "$root/try.log"
        say "the service runs, restarts, comes back when it is killed, and is upgraded without refusing anybody"
    elif [ -e "$root/try.code" ]; then
        tail -30 "$root/try.log"
        echo "FAIL  the service, see above" >&2
        exit 1
    else
        echo "skip  the system cannot be started here: $(tail -1 "$work/boot.log")"
    fi
    mount_system
    rm -f "$root/etc/systemd/system/try.service" "$root/etc/systemd/system/default.target.wants/try.service"
else
    echo "skip  the service is not started: systemd-nspawn is not installed"
fi

inside apt-get install --yes --reinstall /nexus.deb >"$work/again.log" 2>&1 || { cat "$work/again.log"; exit 1; }
inside apt-get purge --yes nexus >"$work/purge.log" 2>&1 || { cat "$work/purge.log"; exit 1; }
[ -e "$root/var/lib/nexus/nexus.db" ]
left=$(find "$root/etc" "$root/usr" -path '*nexus*' -not -path '*/var/lib/nexus*' || true)
[ -z "$left" ] || { echo "left behind: $left"; exit 1; }
grep -q "The shop in /var/lib/nexus stays" "$work/purge.log"
say "purged; the shop's data stay, and nothing else does"
