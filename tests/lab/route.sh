#!/usr/bin/env bash
# The route lab: client - r1 - r2 - r3 - server in namespaces of their own, IPv4 and IPv6.
#
#   route.sh up DIR            builds it; DIR: new, empty, or of an earlier lab. Variables for tests: DIR/env.
#   route.sh fault DIR NAME    breaks something (below)
#   route.sh heal DIR          mends whatever was broken
#   route.sh down DIR          ends exactly what `up` made; its logs stay
#   route.sh tools             says what is missing on this machine
#
# Environment of `up`: DELAY_MS (each way, between client and r1; default 0: no wire, a veth pair),
# LOSS (percent each way on that wire; default 0), FURTHER_DELAYS_MS (three numbers: each way on the
# links behind r1), JITTER_MS (up to so much more on every wire; default 0), LIFETIME (seconds until
# its processes end by themselves; default 1800).
#
# Faults: silent (r2 sends no time exceeded), reject (r2 prohibits the server), ratelimit (Linux's
# default ICMP rate limit on every router and the server), mtu (1300 bytes between r2 and r3),
# noudp (the server drops UDP), noecho (UDP and ICMP echo), dark (the server drops everything),
# loss20 (r1 drops 20 % of what it forwards), liar (the server answers IPv4 echo and UDP with lies).
# No fault, but mended like one: datagram (on the client everybody may open ICMP datagram sockets; at
# first nobody may, as in every new namespace, which leaves raw ones to root).
#
# On the server: listeners on 22 25 80 443 and 1000, 1020 … 1980 (50 open ports among 1000-1999);
# 20000-20999 dropped; 30000-30009 rejected as administratively prohibited, 30010-30019 with port
# unreachable; everything else closed. Behind r3: no such host at GHOST. At r2: no route to
# UNREACHABLE, PROHIBITED and BLACKHOLE.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=route
needed=(
    ip:iproute2 nft:nftables ping:iputils-ping openssl:openssl python3:python3
    setsid:util-linux timeout:coreutils sysctl:procps
)
namespaces=(client r1 r2 r3 server)
folders=(tls)

# What this lab starts ends by itself, however it is left.
start_for_a_while() { start "$1" "$2" timeout "$LIFETIME" "${@:3}"; }

# link A B SUBNET4 SUBNET6 [DELAY_MS]: A gets .1 and ::1, B gets .2 and ::2; the device is named for the other end
link() {
    local a=$1 b=$2 delay=${5:-0} loss=0
    if [ "$a" = client ]; then
        delay=$DELAY_MS loss=$LOSS
    fi
    if [ "$delay$loss" != 00 ]; then
        wire "$a" "$b" "$b" "$a" "$delay" "$loss" "$LIFETIME" "$JITTER_MS"
    else
        veth "$a" "$b" "$b" "$a"
    fi
    in_ns "$a" ip addr add "$3.1/24" dev "$b"
    in_ns "$b" ip addr add "$3.2/24" dev "$a"
    in_ns "$a" ip addr add "$4::1/64" dev "$b" nodad
    in_ns "$b" ip addr add "$4::2/64" dev "$a" nodad
    in_ns "$a" ip link set "$b" up
    in_ns "$b" ip link set "$a" up
}

icmp_limit() { # MILLISECONDS
    for ns in r1 r2 r3 server; do
        in_ns $ns sysctl -qw "net.ipv4.icmp_ratelimit=$1" "net.ipv6.icmp.ratelimit=$1"
    done
}

build() {
    DELAY_MS=${DELAY_MS:-0} LOSS=${LOSS:-0} JITTER_MS=${JITTER_MS:-0} LIFETIME=${LIFETIME:-1800}
    read -r -a further <<<"${FURTHER_DELAYS_MS:-0 0 0}"
    forwards r1 r2 r3
    links
    in_ns server nft -f - <<EOF
table inet ports {
    chain input {
        type filter hook input priority 0; policy accept;
        tcp dport 20000-20999 drop
        tcp dport 30000-30009 reject with icmpx type admin-prohibited
        tcp dport 30010-30019 reject with icmpx type port-unreachable
    }
}
EOF
    authority
    certificate server DNS:lab.test
    cat "$dir/tls/server.key" "$dir/tls/server.pem" >"$dir/tls/server"
    # shellcheck disable=SC2046  # split on purpose
    start_for_a_while servers server python3 "$here/servers.py" "$LIFETIME" "$dir/tls/server" \
        22 25 80 443 $(seq 1000 20 1980)
    wait_for servers grep -q ready "$dir/log/servers"
    warm_up
    publish <<EOF
ROUTE_CLIENT=$(ns client)
ROUTE_SERVER=$(ns server)
ROUTE_DELAY_MS=$DELAY_MS
ROUTE_LOSS=$LOSS
ROUTE_LIFETIME=$LIFETIME
SERVER4=203.0.113.2
SERVER6=2001:db8:4::2
GHOST4=203.0.113.77
GHOST6=2001:db8:4::77
UNREACHABLE4=203.0.113.200
UNREACHABLE6=2001:db8:4::200
PROHIBITED4=203.0.113.201
PROHIBITED6=2001:db8:4::201
BLACKHOLE4=203.0.113.202
BLACKHOLE6=2001:db8:4::202
HOPS4="198.51.100.2 198.51.101.2 198.51.102.2 203.0.113.2"
HOPS6="2001:db8:1::2 2001:db8:2::2 2001:db8:3::2 2001:db8:4::2"
EOF
}

# The first packets wait for neighbours: let that be over.
warm_up() {
    local target
    for target in 203.0.113.2 2001:db8:4::2; do
        for _ in $(seq 50); do
            in_ns client ping -c 1 -W 1 $target >/dev/null 2>&1 && break
            sleep 0.1
        done
    done
}

links() {
    link client r1 198.51.100 2001:db8:1
    link r1 r2 198.51.101 2001:db8:2 "${further[0]}"
    link r2 r3 198.51.102 2001:db8:3 "${further[1]}"
    link r3 server 203.0.113 2001:db8:4 "${further[2]}"
    local far
    in_ns client ip route add default via 198.51.100.2
    in_ns client ip route add default via 2001:db8:1::2
    in_ns server ip route add default via 203.0.113.1
    in_ns server ip route add default via 2001:db8:4::1
    in_ns r1 ip route add default via 198.51.101.2
    in_ns r1 ip route add default via 2001:db8:2::2
    in_ns r2 ip route add default via 198.51.102.2
    in_ns r2 ip route add default via 2001:db8:3::2
    in_ns r2 ip route add 198.51.100.0/24 via 198.51.101.1
    in_ns r2 ip route add 2001:db8:1::/64 via 2001:db8:2::1
    in_ns r3 ip route add default via 198.51.102.1
    in_ns r3 ip route add default via 2001:db8:3::1
    for far in unreachable:200 prohibit:201 blackhole:202; do
        in_ns r2 ip route add "${far%:*}" "203.0.113.${far#*:}/32"
        in_ns r2 ip route add "${far%:*}" "2001:db8:4::${far#*:}/128"
    done
}

nft_fault() { # NAMESPACE HOOK RULE...
    local ns=$1 hook=$2 rule
    {
        echo "add table inet fault"
        echo "add chain inet fault $hook { type filter hook $hook priority 10; }"
        for rule in "${@:3}"; do echo "add rule inet fault $hook $rule"; done
    } | in_ns "$ns" nft -f -
}

fault() {
    case $1 in
    silent) nft_fault r2 output "icmp type time-exceeded drop" "icmpv6 type time-exceeded drop" ;;
    reject)
        nft_fault r2 forward "ip daddr $SERVER4 reject with icmpx type admin-prohibited" \
            "ip6 daddr $SERVER6 reject with icmpx type admin-prohibited"
        ;;
    ratelimit) icmp_limit 1000 ;;
    mtu) in_ns r2 ip link set r3 mtu 1300 && in_ns r3 ip link set r2 mtu 1300 ;;
    noudp) nft_fault server input "meta l4proto udp drop" ;;
    noecho)
        nft_fault server input "meta l4proto udp drop" "icmp type echo-request drop" \
            "icmpv6 type echo-request drop"
        ;;
    dark) nft_fault server input "meta l4proto { tcp, udp } drop" "icmp type echo-request drop" \
        "icmpv6 type echo-request drop" ;;
    datagram) in_ns client sysctl -qw net.ipv4.ping_group_range="0 2147483647" ;;
    loss20) nft_fault r1 forward "numgen random mod 100 < 20 drop" ;;
    liar)
        in_ns server sysctl -qw net.ipv4.icmp_echo_ignore_all=1
        LIFETIME=$ROUTE_LIFETIME
        start_for_a_while liar server python3 "$here/liar.py" "$LIFETIME"
        wait_for liar grep -q ready "$dir/log/liar"
        ;;
    *) die "no such fault: $1" ;;
    esac
}

heal() {
    if is_alive liar; then
        stop liar
        in_ns server sysctl -qw net.ipv4.icmp_echo_ignore_all=0
    fi
    for ns in r1 r2 r3 server; do in_ns $ns nft delete table inet fault 2>/dev/null || true; done
    icmp_limit 0
    in_ns client sysctl -qw net.ipv4.ping_group_range="1 0"
    in_ns r2 ip link set r3 mtu 1500
    in_ns r3 ip link set r2 mtu 1500
}

load() {
    find_lab "$1" || die "no lab is up in $1"
    # shellcheck disable=SC1091
    . "$dir/env"
}

case "${1-} $#" in
    "fault 3") load "$2" && fault "$3" ;;
    "heal 2") load "$2" && heal ;;
    *) lab_main "$@" ;;
esac
