#!/usr/bin/env bash
# The DNS lab: real name servers in network namespaces, with no way out.
#
#   dns.sh up DIR     build the lab, wait until everything answers, write DIR/env
#   dns.sh down DIR   stop what "up" started, also after a half-failed "up"
#   dns.sh tools      say what is missing on this machine
#
# Needs root. Everything it makes is under DIR. See README.md beside this file.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=dns
needed=(
    ip:iproute2 nft:nftables nsd:nsd knotd:knot keymgr:knot unbound:unbound
    ldns-keygen:ldnsutils ldns-signzone:ldnsutils ldns-key2ds:ldnsutils
    dig:bind9-dnsutils openssl:openssl python3:python3 setsid:util-linux
    mount:mount cksum:coreutils
)
namespaces=(cl rs rt sv)
folders=(run zones keys tls)

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

# ---- network --------------------------------------------------------------
network() {
    forwards rt
    veth cl eth0 rt cl0
    veth rs eth0 rt rs0
    veth sv eth0 rt sv0
    in_batch rt <<EOF
link add br0 type bridge
link set cl0 master br0 up
link set rs0 master br0 up
link set br0 up
link set sv0 up
addr add 198.51.100.1/24 dev br0
addr add 2001:db8:1::1/64 dev br0 nodad
addr add 203.0.113.254/24 dev sv0
addr add 2001:db8:2::fe/64 dev sv0 nodad
EOF
    in_batch cl <<EOF
link set eth0 up
addr add $client4/24 dev eth0
addr add $client6/64 dev eth0 nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
EOF
    in_batch rs <<EOF
link set eth0 up
addr add $resolver4/24 dev eth0
addr add $resolver6/64 dev eth0 nodad
addr add $open4/24 dev eth0
addr add $open6/64 dev eth0 nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
EOF
    {
        echo "link set eth0 up"
        local n
        for n in 1 2 10 11 20 30 66 80 81 82 83 86 97 99; do
            echo "addr add 203.0.113.$n/24 dev eth0"
            echo "addr add 2001:db8:2::$n/64 dev eth0 nodad"
        done
        echo "route add default via 203.0.113.254"
        echo "route add default via 2001:db8:2::fe"
    } | in_batch sv
    silence sv $silent4 $silent6
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

certificates() {
    authority
    certificate dns DNS:dns.lab.test "IP:$resolver4" "IP:$resolver6"
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

# ---- servers --------------------------------------------------------------
servers() {
    local name
    for name in root tld leaf refused; do
        start "nsd-$name" sv nsd -d -c "$dir/nsd-$name.conf"
    done
    start knot sv knotd -c "$dir/knot.conf"
    start hostile sv python3 "$here/hostile_dns.py" --seconds 14400 \
        --ready "$dir/run/hostile.ready" "$hostile4" "$hostile6"
    wait_for nsd-root answers cl $root4 "flags: qr aa" . SOA
    wait_for nsd-tld answers cl $tld4 "flags: qr aa" test. SOA
    wait_for nsd-leaf answers cl $leaf4 "flags: qr aa" plain.test. SOA
    wait_for nsd-refused answers cl $refused4 "status: REFUSED" refused.test. SOA
    wait_for knot answers cl $example4 RRSIG +dnssec example.test. SOA
    wait_for hostile test -s "$dir/run/hostile.ready"

    # only now, or the resolvers would remember servers that did not answer
    start unbound-validating rs unbound -d -c "$dir/unbound-validating.conf"
    start unbound-open rs unbound -d -c "$dir/unbound-open.conf"
    wait_for unbound-validating answers cl $resolver4 " ad;" www.example.test. A
    wait_for unbound-open answers cl $open4 "status: NOERROR" www.example.test. A
}

write_env() {
    publish <<EOF
CLIENT_NS=$(ns cl)
RESOLVER_NS=$(ns rs)
ROUTER_NS=$(ns rt)
SERVER_NS=$(ns sv)
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
}

build() {
    network
    configurations
    certificates &
    zones
    wait $! || die "certificates: $(cat "$dir/log/openssl")"
    servers
    write_env
}

lab_main "$@"
