# shellcheck shell=bash
# The mail lab's names. Sourced by mail.sh, which knows the addresses.

# zone NAME RECORD...: relative names are the zone's
zone() {
    local name=$1
    shift
    {
        echo "\$ORIGIN $name."
        echo "\$TTL 300"
        echo "@ SOA ns.lab.test. hostmaster.lab.test. 1 3600 600 86400 60"
        echo "@ NS ns.lab.test."
        printf '%s\n' "$@"
    } >"$dir/zones/${name:+$name.}zone"
}

# reverse4 ADDRESS NAME and reverse6: the PTR record, relative to its network's zone
reverse4() { echo "${1##*.} PTR $2."; }
reverse6() {
    local digits network
    digits=$(printf '%016x' "0x${1##*:}" | rev | sed 's/./&./g')
    network=$(printf '%08x' "0x$(cut -d : -f 3 <<<"$1")0000" | rev | sed 's/./&./g')
    network=${network%.}
    echo "$digits$network PTR $2."
}

# dkim_record SELECTOR: the key that signs, in strings that a TXT record can hold
dkim_record() {
    local key
    key=$(openssl rsa -in "$dir/keys/dkim.pem" -pubout -outform DER 2>/dev/null | base64 -w 0)
    echo "$1._domainkey TXT \"v=DKIM1; k=rsa; p=${key:0:200}\" \"${key:200}\""
}

zones() {
    # everything else does not exist
    zone ""
    lab_zone
    zone catchall.test "@ MX 10 mx1.lab.test."
    zone grey.test "@ MX 10 mx1.lab.test."
    zone told.test "@ MX 10 mx1.lab.test."
    zone second.test "@ MX 10 closed.lab.test." "@ MX 20 mx2.lab.test." \
        '@ TXT "v=spf1 mx ~all"' '_dmarc TXT "v=DMARC1; p=none"' \
        "_imaps._tcp SRV 0 1 993 mail.lab.test." "_submission._tcp SRV 0 1 587 mail.lab.test." \
        "_imap._tcp SRV 0 0 0 ." "_pop3._tcp SRV 0 0 0 ." "_pop3s._tcp SRV 0 0 0 ."
    zone slow.test "@ MX 10 mx2.lab.test."
    zone dead.test "@ MX 10 silent.lab.test." "@ MX 20 mx1.lab.test."
    zone clear.test "@ MX 10 clear.lab.test."
    zone v6.test "@ MX 10 mx6.lab.test."
    zone implicit.test "@ A $mx1_4"
    # these take no mail, each in its own way
    zone null.test "@ MX 0 ." "@ A $mx1_4"
    zone refused.test "@ MX 10 closed.lab.test."
    zone silent.test "@ MX 10 silent.lab.test."
    zone localhost.test "@ MX 10 localhost."
    zone loopback.test "@ MX 10 mx" "mx A 127.0.0.1" "mx AAAA ::1"
    zone mapped.test "@ MX 10 mx" "mx AAAA ::ffff:127.0.0.1"
    zone private.test "@ MX 10 mx" "mx A $private4" "mx AAAA $private6"
    zone mixed.test "@ MX 10 mx" "@ MX 20 mx1.lab.test." "mx A $private4"
    zone nomail.test '@ TXT "neither exchange nor address"'
    zone noaddress.test "@ MX 10 mx" 'mx TXT "no address"'
    zone nohost.test "@ MX 10 nothere"
    forwarder_zone
    policy_zones
    nested_zones
    blocklist_zones
    zone 100.51.198.in-addr.arpa "$(reverse4 "$client4" probe.lab.test)" "$(reverse4 "$far4" far.lab.test)"
    zone 113.0.203.in-addr.arpa "$(reverse4 "$mx1_4" mx1.lab.test)" "$(reverse4 "$mx2_4" mx2.lab.test)" \
        "$(reverse4 "$mail4" mail.lab.test)" "$(reverse4 "$forwarder4" list.forward.test)"
    zone 8.b.d.0.1.0.0.2.ip6.arpa "$(reverse6 "$client6" probe.lab.test)" "$(reverse6 "$far6" far.lab.test)" \
        "$(reverse6 "$mx1_6" mx1.lab.test)" "$(reverse6 "$mx2_6" mx2.lab.test)" "$(reverse6 "$mail6" mail.lab.test)"
}

# The domain that has everything
lab_zone() {
    local service services=()
    # RFC 6186, RFC 8314
    for service in submissions:465 submission:587 imaps:993 imap:143 pop3s:995 pop3:110; do
        services+=("_${service%:*}._tcp SRV 0 1 ${service#*:} mail")
    done
    zone lab.test "@ MX 10 mx1" "@ MX 20 mx2" "ns A $resolver4" "ns AAAA $resolver6" \
        "mx1 A $mx1_4" "mx1 AAAA $mx1_6" "mx2 A $mx2_4" "mx2 AAAA $mx2_6" "mx6 AAAA $mx1_6" \
        "mail A $mail4" "mail AAAA $mail6" "clear A $clear4" \
        "closed A $closed4" "silent A $silent4" "silent AAAA $silent6" \
        "probe A $client4" "probe AAAA $client6" "far A $far4" "far AAAA $far6" \
        "autoconfig A $web4" "autoconfig AAAA $web6" "mta-sts A $web4" "mta-sts AAAA $web6" \
        "${services[@]}" "_autodiscover._tcp SRV 0 1 443 autoconfig" \
        '@ TXT "v=spf1 mx -all"' "$(dkim_record s1)" \
        '_dmarc TXT "v=DMARC1; p=reject; rua=mailto:postmaster@lab.test"' \
        '_mta-sts TXT "v=STSv1; id=20260101T000000"' \
        '_smtp._tls TXT "v=TLSRPTv1; rua=mailto:postmaster@lab.test"'
}

# A mailing list that hands messages on
forwarder_zone() {
    zone forward.test "list A $forwarder4" "@ MX 10 list" '@ TXT "v=spf1 a:list.forward.test -all"' \
        "$(dkim_record arc)" '_dmarc TXT "v=DMARC1; p=none"'
}

# Policies with faults, and hostile ones
policy_zones() {
    local terms
    # 10,000 terms, in strings of 250 bytes
    terms=$(printf ' a%.0s' {1..10000} | fold -w 250 | sed 's/.*/"&"/' | tr '\n' ' ')
    zone policies.test "loop TXT \"v=spf1 include:back.policies.test -all\"" \
        "back TXT \"v=spf1 redirect=loop.policies.test\"" "terms TXT \"v=spf1\" $terms" \
        "nested TXT \"v=spf1 include:one.policies.test mx:lab.test -all\"" \
        "one TXT \"v=spf1 include:two.policies.test a:none.policies.test ~all\"" \
        "two TXT \"v=spf1 a:mx1.lab.test ip4:$mx2_4 -all\"" \
        "_dmarc TXT \"v=DMARC1; p=quarantine; rua=mailto:a@lab.test,mailto:b@second.test\"" \
        "short._domainkey TXT \"v=DKIM1; p=$(short_key)\""
}

# Records that include each other, for the benchmark: depth0.test needs no other record, depth4.test four in turn
nested_zones() {
    local depth
    zone depth0.test "@ TXT \"v=spf1 ip4:$mx1_4 -all\""
    for depth in 1 2 3 4; do
        zone "depth$depth.test" "@ TXT \"v=spf1 include:depth$((depth - 1)).test -all\""
    done
}

# A key of 1024 bits, as a DKIM record has it
short_key() {
    openssl genrsa 1024 2>/dev/null | openssl rsa -pubout -outform DER 2>/dev/null | base64 -w 0
}

# Blocklists: one that works and lists the first mail server, one that lists nothing, one that was closed, one that answers
# every name, one that refuses this resolver, and one of domains
blocklist_zones() {
    local test="2.0.0.127 A 127.0.0.2" first number
    first=$(echo "$mx1_4" | awk -F . '{ print $4 "." $3 "." $2 "." $1 }')
    zone listed.bl.test "$test" "$first A 127.0.0.2" "$first TXT \"spam from $mx1_4\""
    zone clean.bl.test "$test"
    zone closed.bl.test
    zone wild.bl.test "* A 127.0.0.2"
    zone refused.bl.test "* A 127.255.255.254"
    for number in {1..20}; do zone "n$number.bl.test" "$test"; done
    zone domains.bl.test "test A 127.0.1.2" "second.test A 127.0.1.2"
}

# The same on rbldnsd, the server that most lists use: one that works, for IPv4, IPv6 and names, one that was closed, one
# that lists everything, and one that refuses this resolver
rbldnsd_files() {
    local folder=$dir/rbldnsd
    printf '%s\n' ":127.0.0.3:open relay \$" 127.0.0.2 "$mx1_4" >"$folder/ip4"
    printf '%s\n' ":127.0.0.4:botnet \$" ::ffff:7f00:2/128 "$mx1_6/128" >"$folder/ip6"
    printf '%s\n' ":127.0.1.2:phishing \$" test second.test .wide.test >"$folder/names"
    printf '%s\n' 198.51.100.1 >"$folder/closed"
    printf '%s\n' ":127.0.0.2:all" 0.0.0.0/0 >"$folder/all"
    printf '%s\n' ":127.255.255.254:public resolver" 0.0.0.0/0 >"$folder/refused"
    chmod 755 "$folder"
}

start_rbldnsd() {
    start_server rbldnsd rbldnsd -n -u rbldns -r /srv/rbldnsd -b "$blocklist4/53" listed.rbl.test:ip4set:ip4 \
        listed.rbl.test:ip6trie:ip6 names.rbl.test:dnset:names closed.rbl.test:ip4set:closed \
        wild.rbl.test:ip4trie:all refused.rbl.test:ip4trie:refused
    wait_for rbldnsd answers sv "$blocklist4" 127.0.0.3 2.0.0.127.listed.rbl.test A
}

# One name server: authority for these zones, recursive for its clients
name_server() {
    local file name
    {
        cat <<EOF
server:
    username: ""
    chroot: ""
    directory: "$dir"
    pidfile: ""
    use-syslog: no
    logfile: ""
    num-threads: 1
    module-config: "iterator"
    interface: $resolver4@53
    interface: $resolver6@53
$(printf '    interface: 203.0.113.%s@53\n' 41 42 43 44 45 46)
    access-control: 0.0.0.0/0 allow
    access-control: ::/0 allow
    rrset-roundrobin: no
    qname-minimisation: no
    local-zone: "test." nodefault
    local-zone: "100.51.198.in-addr.arpa." nodefault
    local-zone: "113.0.203.in-addr.arpa." nodefault
    local-zone: "8.b.d.0.1.0.0.2.ip6.arpa." nodefault
EOF
        for file in "$dir"/zones/*; do
            name=$(basename "$file" | sed 's/zone$//')
            printf 'auth-zone:\n    name: "%s"\n    zonefile: "%s"\n' "${name:-.}" "$file"
            printf '    for-downstream: no\n    for-upstream: yes\n    fallback-enabled: no\n'
        done
        printf 'stub-zone:\n    name: "rbl.test"\n    stub-addr: %s\n    stub-prime: no\n' "$blocklist4"
        printf 'remote-control:\n    control-enable: no\n'
    } >"$dir/unbound.conf"
    printf 'nameserver %s\nnameserver %s\noptions timeout:3 attempts:2\n' $resolver4 $resolver6 >"$dir/resolv.conf"
}
