#!/usr/bin/env bash
# The DNS lab: real name servers in network namespaces, with no way out.
#
#   dns.sh up DIR     build the lab, wait until everything answers, write DIR/env
#   dns.sh down DIR   stop what "up" started, also after a half-failed "up"
#   dns.sh tools      say what is missing on this machine
#
# Needs root. Everything it makes is under DIR. See README.md beside this file.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# NAME:DEBIAN-PACKAGE
needed=(
    ip:iproute2 nft:nftables nsd:nsd knotd:knot keymgr:knot unbound:unbound
    ldns-keygen:ldnsutils ldns-signzone:ldnsutils ldns-key2ds:ldnsutils
    dig:bind9-dnsutils openssl:openssl python3:python3 setsid:util-linux
    mount:mount cksum:coreutils
)

die() {
    echo "dns.sh: $*" >&2
    exit 1
}

tools() {
    local entry missing=()
    for entry in "${needed[@]}"; do
        command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}")
    done
    if ((${#missing[@]})); then
        echo "missing Debian packages: $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')" >&2
        return 1
    fi
}

# ---- addresses ------------------------------------------------------------
# .1 router; the client's side is 198.51.100.0/24, the servers' 203.0.113.0/24
client4=198.51.100.10   client6=2001:db8:1::10
resolver4=198.51.100.53 resolver6=2001:db8:1::53 # validating
open4=198.51.100.54     open6=2001:db8:1::54     # not validating
root4=203.0.113.1       root6=2001:db8:2::1
tld4=203.0.113.2        tld6=2001:db8:2::2
example4=203.0.113.10   example6=2001:db8:2::10 # ns1.example.test
example4b=203.0.113.11  example6b=2001:db8:2::11
leaf4=203.0.113.20      leaf6=2001:db8:2::20
refused4=203.0.113.30   refused6=2001:db8:2::30
hostile4=203.0.113.66   hostile6=2001:db8:2::66
closed4=203.0.113.97    closed6=2001:db8:2::97
silent4=203.0.113.99    silent6=2001:db8:2::99
nobody4=203.0.113.200   nobody6=2001:db8:2::200 # no such host

# ---- namespaces -----------------------------------------------------------
in_ns() { ip netns exec "nv$suffix$1" "${@:2}"; }

# link NS1 DEV1 NS2 DEV2: a veth pair that never touches the root namespace
link() { ip -n "nv$suffix$1" link add "$2" type veth peer name "$4" netns "nv$suffix$3"; }

network() {
    local ns script
    for ns in cl rs rt sv; do
        ip netns add "nv$suffix$ns"
    done
    # shellcheck disable=SC2016  # expanded by the inner shell
    script='
        cd /proc/sys/net
        for d in all default; do
            echo 0 >ipv6/conf/$d/accept_dad
            echo 0 >ipv6/conf/$d/accept_ra
            echo 0 >ipv6/conf/$d/disable_ipv6
        done
        echo 0 >ipv4/icmp_ratelimit
        echo 0 >ipv6/icmp/ratelimit
        if [ "$1" = rt ]; then
            echo 1 >ipv4/ip_forward
            echo 1 >ipv6/conf/all/forwarding
        fi'
    for ns in cl rs rt sv; do
        in_ns $ns sh -c "$script" _ $ns
    done
    link cl eth0 rt cl0
    link rs eth0 rt rs0
    link sv eth0 rt sv0
    ip -n "nv${suffix}rt" -batch - <<EOF
link add br0 type bridge
link set cl0 master br0 up
link set rs0 master br0 up
link set br0 up
link set sv0 up
link set lo up
addr add 198.51.100.1/24 dev br0
addr add 2001:db8:1::1/64 dev br0 nodad
addr add 203.0.113.254/24 dev sv0
addr add 2001:db8:2::fe/64 dev sv0 nodad
EOF
    ip -n "nv${suffix}cl" -batch - <<EOF
link set lo up
link set eth0 up
addr add $client4/24 dev eth0
addr add $client6/64 dev eth0 nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
EOF
    ip -n "nv${suffix}rs" -batch - <<EOF
link set lo up
link set eth0 up
addr add $resolver4/24 dev eth0
addr add $resolver6/64 dev eth0 nodad
addr add $open4/24 dev eth0
addr add $open6/64 dev eth0 nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
EOF
    {
        echo "link set lo up"
        echo "link set eth0 up"
        local n
        for n in 1 2 10 11 20 30 66 80 81 82 83 86 97 99; do
            echo "addr add 203.0.113.$n/24 dev eth0"
            echo "addr add 2001:db8:2::$n/64 dev eth0 nodad"
        done
        echo "route add default via 203.0.113.254"
        echo "route add default via 2001:db8:2::fe"
    } | ip -n "nv${suffix}sv" -batch -
    in_ns sv nft -f - <<EOF
table inet lab {
    chain quiet {
        type filter hook input priority 0; policy accept;
        ip daddr $silent4 meta l4proto { tcp, udp } drop
        ip6 daddr $silent6 meta l4proto { tcp, udp } drop
    }
}
EOF
}

# ---- zones and keys -------------------------------------------------------
# new_key ZONE: print the path of a new key pair, without its suffix
new_key() {
    local key
    key=$(cd "$dir/keys" && ldns-keygen -k -a ECDSAP256SHA256 "$1") || return 1
    echo "$dir/keys/$key"
}

# ds KEY: its DS record, on one line
ds() { ldns-key2ds -n -f -2 "$1.key"; }

# sign ZONE FILE KEY [OPTION...]: FILE becomes FILE.signed
sign() { ldns-signzone "${@:4}" -o "$1" -f "$2.signed" "$2" "$3"; }

zones() {
    local z=$dir/zones name key signed
    cp "$here"/zones/*.zone "$z/"

    # the small leaves
    for name in plain nsec3 bogus badsig expired future nosig refused half; do
        { echo "\$ORIGIN $name.test."; cat "$here/zones/leaf.zone"; } >"$z/$name"
    done
    cat "$here/zones/plain-extra.zone" >>"$z/plain"
    for name in nsec3 bogus badsig expired future; do
        key=$(new_key "$name.test.")
        signed=()
        case $name in
            nsec3) signed=(-n -t 0 -s 5ab1e0) ;;
            expired) signed=(-i 20200101000000 -e 20200201000000) ;;
            future) signed=(-i 20600101000000 -e 20600201000000) ;;
        esac
        sign "$name.test." "$z/$name" "$key" ${signed[@]+"${signed[@]}"}
        # the parent vouches for a key that bogus.test does not have
        [ $name != bogus ] || key=$(new_key "$name.test.")
        ds "$key" >>"$z/test.zone"
    done
    # one record set changed after it was signed
    sed -i 's/^\(www\.badsig\.test\..*[[:space:]]\)203\.0\.113\.80$/\1203.0.113.81/' "$z/badsig.signed"
    grep -q '^www\.badsig\.test\..*203\.0\.113\.81$' "$z/badsig.signed"
    # signed, says the parent; it is not
    ds "$(new_key nosig.test.)" >>"$z/test.zone"

    key=$(new_key lab.test.)
    sign lab.test. "$z/lab.zone" "$key"
    ds "$key" >>"$z/test.zone"

    # the reverse tree: the client's v4 network and the v6 one are signed
    key=$(new_key 100.51.198.in-addr.arpa.)
    sign 100.51.198.in-addr.arpa. "$z/rev4-client.zone" "$key"
    ds "$key" >>"$z/arpa.zone"
    key=$(new_key 8.b.d.0.1.0.0.2.ip6.arpa.)
    sign 8.b.d.0.1.0.0.2.ip6.arpa. "$z/rev6.zone" "$key"
    ds "$key" >>"$z/arpa.zone"

    # Knot signs example.test by itself; its key is made first for the DS
    keymgr -c "$dir/knot.conf" example.test. generate \
        algorithm=ecdsap256sha256 ksk=yes zsk=yes >"$dir/log/keymgr" 2>&1
    keymgr -c "$dir/knot.conf" example.test. ds 2>>"$dir/log/keymgr" |
        awk '$4 == 2 || $5 == 2' >>"$z/test.zone"

    key=$(new_key test.)
    sign test. "$z/test.zone" "$key"
    ds "$key" >>"$z/root.zone"
    key=$(new_key arpa.)
    sign arpa. "$z/arpa.zone" "$key"
    ds "$key" >>"$z/root.zone"
    key=$(new_key .)
    sign . "$z/root.zone" "$key"

    # the trust anchor in three spellings
    grep -v '^;' "$key.key" | sed 's/[[:space:]]*;.*//; s/IN/3600 IN/' >"$dir/root.key"
    ds "$key" >"$dir/root.ds"
    awk '{ k = $0; sub(/.*DNSKEY[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+[0-9]+[ \t]+/, "", k); gsub(/[ \t]/, "", k)
           printf "trust-anchors {\n    . static-key 257 3 13 \"%s\";\n};\n", k }' \
        "$dir/root.key" >"$dir/root.anchor"
    cat >"$dir/root.hints" <<EOF
.         3600000 NS   ns.root.
ns.root.  3600000 A    $root4
ns.root.  3600000 AAAA $root6
EOF
}

# A certificate authority and a certificate for dns.lab.test and its addresses
certificates() {
    local t=$dir/tls
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -keyout "$t/ca.key" -out "$t/ca.pem" -subj "/CN=lab CA" \
        -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2>"$dir/log/openssl"
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$t/dns.key" -out "$t/dns.csr" -subj "/CN=dns.lab.test" 2>>"$dir/log/openssl"
    cat >"$t/dns.ext" <<EOF
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:dns.lab.test,IP:$resolver4,IP:$resolver6
EOF
    openssl x509 -req -in "$t/dns.csr" -CA "$t/ca.pem" -CAkey "$t/ca.key" -days 30 \
        -extfile "$t/dns.ext" -out "$t/dns.pem" 2>>"$dir/log/openssl"
}

# ---- configuration of the servers -----------------------------------------
# nsd_conf NAME ADDRESS4 ADDRESS6, then zones as NAME=FILE
nsd_conf() {
    local name=$1 zone
    mkdir -p "$dir/run/nsd-$name"
    {
        cat <<EOF
server:
    ip-address: $2
    ip-address: $3
    server-count: 1
    username: ""
    chroot: ""
    database: ""
    hide-version: yes
    rrl-ratelimit: 0
    zonesdir: "$dir/zones"
    pidfile: "$dir/run/nsd-$name/pid"
    xfrdfile: "$dir/run/nsd-$name/xfrd"
    xfrdir: "$dir/run/nsd-$name"
    zonelistfile: "$dir/run/nsd-$name/list"
remote-control:
    control-enable: no
EOF
        for zone in "${@:4}"; do
            printf 'zone:\n    name: "%s"\n    zonefile: "%s"\n' "${zone%%=*}" "${zone#*=}"
            [ "${zone%%=*}" != refused.test. ] || echo '    allow-query: 192.0.2.255 NOKEY'
        done
    } >"$dir/nsd-$name.conf"
}

# unbound_conf NAME MODULES ADDRESS...
unbound_conf() {
    local name=$1 modules=$2 address zone
    {
        cat <<EOF
server:
    username: ""
    chroot: ""
    directory: "$dir"
    pidfile: ""
    use-syslog: no
    logfile: ""
    verbosity: 1
    val-log-level: 2
    num-threads: 1
    module-config: "$modules"
    root-hints: "$dir/root.hints"
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    ede: yes
    msg-cache-size: 4m
    rrset-cache-size: 8m
    edns-buffer-size: 1232
    max-udp-size: 1232
    rrset-roundrobin: no
    aggressive-nsec: no
    serve-expired: no
    prefetch: no
    # else the second answer says only "bogus", whatever the first one said
    val-bogus-ttl: 0
    # else a CNAME question becomes an A question first, and the answer depends on the cache
    qname-minimisation: no
    # give up on a silent server after a few seconds, and say so however late it is
    discard-timeout: 30000
    unknown-server-time-limit: 300
    infra-cache-max-rtt: 1000
    infra-host-ttl: 5
    infra-keep-probing: yes
    outbound-msg-retry: 2
    outgoing-interface: ${3%%@*}
EOF
        for zone in test. 100.51.198.in-addr.arpa. 113.0.203.in-addr.arpa. 8.b.d.0.1.0.0.2.ip6.arpa.; do
            echo "    local-zone: \"$zone\" nodefault"
        done
        for address in "${@:3}"; do
            echo "    interface: $address"
        done
        if [ "$name" = validating ]; then
            cat <<EOF
    outgoing-interface: $resolver6
    trust-anchor-file: "$dir/root.key"
    tls-port: 853
    https-port: 443
    tls-service-key: "$dir/tls/dns.key"
    tls-service-pem: "$dir/tls/dns.pem"
EOF
        else
            echo "    outgoing-interface: $open6"
        fi
        printf 'remote-control:\n    control-enable: no\n'
    } >"$dir/unbound-$name.conf"
}

configurations() {
    nsd_conf root $root4 $root6 .=root.zone.signed
    nsd_conf tld $tld4 $tld6 test.=test.zone.signed arpa.=arpa.zone.signed
    nsd_conf leaf $leaf4 $leaf6 plain.test.=plain nsec3.test.=nsec3.signed \
        lab.test.=lab.zone.signed bogus.test.=bogus.signed badsig.test.=badsig.signed \
        expired.test.=expired.signed future.test.=future.signed nosig.test.=nosig \
        half.test.=half \
        100.51.198.in-addr.arpa.=rev4-client.zone.signed \
        113.0.203.in-addr.arpa.=rev4-server.zone \
        8.b.d.0.1.0.0.2.ip6.arpa.=rev6.zone.signed
    nsd_conf refused $refused4 $refused6 refused.test.=refused

    mkdir -p "$dir/run/knot"
    cat >"$dir/knot.conf" <<EOF
server:
    listen: [ $example4@53, $example6@53, $example4b@53, $example6b@53 ]
    rundir: "$dir/run/knot"
    pidfile: "$dir/run/knot/pid"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "$dir/run/knot"
    journal-db-max-size: 8M
    kasp-db-max-size: 8M
    timer-db-max-size: 1M
log:
  - target: stderr
    any: info
policy:
  - id: lab
    manual: on
    nsec3: off
zone:
  - domain: example.test.
    storage: "$dir/zones"
    file: example.zone
    zonefile-sync: -1
    zonefile-load: whole
    journal-content: none
    dnssec-signing: on
    dnssec-policy: lab
EOF
    unbound_conf validating "validator iterator" $resolver4@53 $resolver6@53 \
        $resolver4@853 $resolver6@853 $resolver4@443 $resolver6@443
    unbound_conf open iterator $open4@53 $open6@53
    printf 'nameserver %s\nnameserver %s\noptions timeout:3 attempts:2\n' \
        $resolver4 $resolver6 >"$dir/resolv.conf"
}

# ---- processes ------------------------------------------------------------
# The time a process was born: with the number it names one process for ever.
born() {
    local stat
    read -r stat 2>/dev/null <"/proc/$1/stat" || return 1
    stat=${stat##*) }
    # shellcheck disable=SC2086  # split on purpose
    set -- $stat
    [ "$1" != Z ] || return 1
    echo "${20}"
}

# start NAME NS COMMAND...: its own session, its output in DIR/log/NAME. It writes down
# its own number before anything else, so that none is lost when this script is killed.
start() {
    local name=$1 ns=$2 end=$((SECONDS + 10))
    shift 2
    # shellcheck disable=SC2016  # expanded by the inner shell
    setsid bash -c '
        file=$1
        shift
        read -r stat <"/proc/$$/stat"
        stat=(${stat##*) })
        echo "$$ ${stat[19]}" >"$file"
        exec "$@"' _ "$dir/pids/$name" ip netns exec "nv$suffix$ns" "$@" \
        >"$dir/log/$name" 2>&1 </dev/null &
    until [ -s "$dir/pids/$name" ]; do
        ((SECONDS < end)) || die "$name did not start"
        sleep 0.01
    done
}

alive() {
    local pid was
    read -r pid was <"$1" || return 1
    [ "$(born "$pid" || true)" = "$was" ]
}

# wait_for NAME COMMAND...: until it succeeds, or NAME dies, or 10 s pass
wait_for() {
    local name=$1 end=$((SECONDS + 10))
    shift
    until "$@"; do
        alive "$dir/pids/$name" || die "$name stopped: $(tail -n 5 "$dir/log/$name")"
        ((SECONDS < end)) || die "$name does not answer: $(tail -n 5 "$dir/log/$name")"
        sleep 0.05
    done
}

# answers ADDRESS TEXT DIG-ARGUMENTS...: does the answer hold TEXT?
answers() {
    local out
    out=$(in_ns cl dig +time=1 +tries=1 "@$1" "${@:3}" 2>/dev/null) || return 1
    [[ $out == *"$2"* ]]
}

servers() {
    local name
    for name in root tld leaf refused; do
        start "nsd-$name" sv nsd -d -c "$dir/nsd-$name.conf"
    done
    start knot sv knotd -c "$dir/knot.conf"
    start hostile sv python3 "$here/hostile_dns.py" --seconds 14400 \
        --ready "$dir/run/hostile.ready" "$hostile4" "$hostile6"
    wait_for nsd-root answers $root4 "flags: qr aa" . SOA
    wait_for nsd-tld answers $tld4 "flags: qr aa" test. SOA
    wait_for nsd-leaf answers $leaf4 "flags: qr aa" plain.test. SOA
    wait_for nsd-refused answers $refused4 "status: REFUSED" refused.test. SOA
    wait_for knot answers $example4 RRSIG +dnssec example.test. SOA
    wait_for hostile test -s "$dir/run/hostile.ready"

    # only now, or the resolvers would remember servers that did not answer
    start unbound-validating rs unbound -d -c "$dir/unbound-validating.conf"
    start unbound-open rs unbound -d -c "$dir/unbound-open.conf"
    wait_for unbound-validating answers $resolver4 " ad;" www.example.test. A
    wait_for unbound-open answers $open4 "status: NOERROR" www.example.test. A
}

write_env() {
    cat >"$dir/env.new" <<EOF
CLIENT_NS=nv${suffix}cl
RESOLVER_NS=nv${suffix}rs
ROUTER_NS=nv${suffix}rt
SERVER_NS=nv${suffix}sv
CLIENT4=$client4
CLIENT6=$client6
RESOLVER4=$resolver4
RESOLVER6=$resolver6
RESOLVER_NAME=dns.lab.test
RESOLVER_WRONG_NAME=wrongname.lab.test
RESOLVER_DOT_PORT=853
RESOLVER_DOH_URL=https://dns.lab.test/dns-query
OPEN4=$open4
OPEN6=$open6
ROOT4=$root4
ROOT6=$root6
TLD4=$tld4
TLD6=$tld6
EXAMPLE4=$example4
EXAMPLE6=$example6
AUTH4=$leaf4
AUTH6=$leaf6
REFUSED4=$refused4
REFUSED6=$refused6
SILENT4=$silent4
SILENT6=$silent6
CLOSED4=$closed4
CLOSED6=$closed6
NOBODY4=$nobody4
NOBODY6=$nobody6
HOSTILE4=$hostile4
HOSTILE6=$hostile6
CA_FILE=$dir/tls/ca.pem
TRUST_ANCHOR=$dir/root.key
TRUST_ANCHOR_DS=$dir/root.ds
TRUST_ANCHOR_BIND=$dir/root.anchor
ROOT_HINTS=$dir/root.hints
RESOLV_CONF=$dir/resolv.conf
EOF
    mv "$dir/env.new" "$dir/env"
}

# ---- up and down ----------------------------------------------------------
up() {
    [ "$(id -u)" = 0 ] || die "needs root (network namespaces)"
    tools
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    case $dir in *[\"\\$'\n']*) die "quotes, backslashes and newlines are not allowed in DIR" ;; esac
    # never clear a folder that is not a lab's
    [ -e "$dir/.dns-lab" ] || [ -z "$(ls -A "$dir")" ] || die "$dir is not empty"
    suffix=
    until [ -n "$suffix" ] && [ ! -e "/run/netns/nv${suffix}cl" ]; do
        suffix=$(printf '%s %s %s' "$dir" $$ "$suffix" | cksum | awk '{ printf "%08x", $1 }')
    done
    # the claim on DIR: fails when it is there, and is what "down" needs
    (set -o noclobber && echo "$suffix" >"$dir/lab") 2>/dev/null ||
        die "$dir holds a lab already: dns.sh down $dir"
    trap 'echo "dns.sh: up failed; logs are in $dir/log" >&2; down "$dir"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    touch "$dir/.dns-lab"
    rm -rf "$dir"/{env,env.new,run,log,zones,keys,tls,pids}
    mkdir "$dir"/{run,log,zones,keys,tls,pids}
    network
    configurations
    certificates &
    zones
    wait $! || die "certificates: $(cat "$dir/log/openssl")"
    servers
    write_env
    trap - EXIT
}

down() {
    local file pid was name end left
    [ -d "$1" ] || return 0
    dir=$(cd "$1" && pwd)
    [ -s "$dir/lab" ] || return 0
    suffix=$(cat "$dir/lab")
    [[ $suffix =~ ^[0-9a-f]{8}$ ]] || die "$dir/lab does not name a lab"
    rm -f "$dir/env"
    # each server is the leader of its own session and process group
    for file in "$dir"/pids/*; do
        if [ -e "$file" ] && alive "$file"; then
            read -r pid was <"$file"
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    end=$((SECONDS + 3))
    for file in "$dir"/pids/*; do
        [ -e "$file" ] || continue
        while alive "$file" && ((SECONDS < end)); do
            sleep 0.02
        done
        if alive "$file"; then
            read -r pid was <"$file"
            kill -KILL -- "-$pid" 2>/dev/null || true
        fi
        rm -f "$file"
    done
    for name in cl rs rt sv; do
        [ -e "/run/netns/nv$suffix$name" ] || continue
        left=$(ip netns pids "nv$suffix$name" 2>/dev/null | tr '\n' ' ')
        [ -z "$left" ] || echo "dns.sh: not ours, still in nv$suffix$name: $left" >&2
        ip netns delete "nv$suffix$name" || true
    done
    rm -f "$dir/lab"
}

case "${1-} $#" in
    "up 2") up "$2" ;;
    "down 2") down "$2" ;;
    "tools 1") tools ;;
    *) die "usage: dns.sh up DIR | down DIR | tools" ;;
esac
