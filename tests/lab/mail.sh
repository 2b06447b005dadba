#!/usr/bin/env bash
# The mail lab: real mail servers in network namespaces, with no way out.
#
#   mail.sh up DIR     build the lab, wait until everything answers, write DIR/env
#   mail.sh down DIR   stop what "up" started, also after a half-failed "up"
#   mail.sh tools      say what is missing on this machine
#
# Needs root. Everything it makes is under DIR, but for exim's package, which is kept in the user's cache directory.
# Environment of `up`: GREETING_DELAY (exim's, default 2s). See README.md beside this file.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/lab/mail/zones.bash
. "$here/mail/zones.bash"
# shellcheck source=tests/lab/mail/servers.bash
. "$here/mail/servers.bash"

lab=mail
needed=(
    ip:iproute2 nft:nftables unbound:unbound dig:bind9-dnsutils openssl:openssl python3:python3
    setsid:util-linux mount:mount cksum:coreutils apt-get:apt dpkg:dpkg
    postfix:postfix dovecot:dovecot-core :dovecot-imapd :dovecot-pop3d postgrey:postgrey rbldnsd:rbldnsd
    :python3-dkim :python3-authres
    # exim's libraries
    :libdb5.3 :libgnutls-dane0 :libidn12 :libnsl2
)
namespaces=(cl far sv)
folders=(zones keys tls mail postfix dovecot postgrey exim web rbldnsd)
greeting_delay=${GREETING_DELAY:-2s}

# ---- addresses ------------------------------------------------------------
client4=198.51.100.10    client6=2001:db8:1::10
far4=198.51.100.200      far6=2001:db8:3::10   # 20 ms away
resolver4=203.0.113.53   resolver6=2001:db8:2::53
clear4=203.0.113.24                            # postfix without STARTTLS
mx1_4=203.0.113.25       mx1_6=2001:db8:2::25  # postfix
mx2_4=203.0.113.26       mx2_6=2001:db8:2::26  # exim
mail4=203.0.113.27       mail6=2001:db8:2::27  # submission, IMAP, POP3
blocklist4=203.0.113.31                        # rbldnsd
forwarder4=203.0.113.28                        # nobody listens; messages came from here
web4=203.0.113.80        web6=2001:db8:2::80
closed4=203.0.113.97
silent4=203.0.113.99     silent6=2001:db8:2::99
private4=10.9.8.7        private6=fd00:9:8::7  # the client's own; only the trap listens

network() {
    local n
    veth cl eth0 sv near
    in_batch cl <<EOF
link set eth0 up
addr add $client4/25 dev eth0
addr add $client6/64 dev eth0 nodad
addr add $private4/32 dev lo
addr add $private6/128 dev lo nodad
route add default via 198.51.100.1
route add default via 2001:db8:1::1
EOF
    {
        echo "link set near up"
        for n in 24 25 26 27 28 31 41 42 43 44 45 46 53 80 97 99; do
            echo "addr add 203.0.113.$n/32 dev lo"
            echo "addr add 2001:db8:2::$n/128 dev lo nodad"
        done
        echo "addr add 198.51.100.1/25 dev near"
        echo "addr add 2001:db8:1::1/64 dev near nodad"
    } | in_batch sv
    silence sv $silent4 $silent6
    far_client
}

# A second client, 10 ms of wire away, where the kernel has TAP devices
far_client() {
    [ -c /dev/net/tun ] || return 0
    wire far eth0 sv away 10 0 14400
    in_batch far <<EOF
link set eth0 up
addr add $far4/25 dev eth0
addr add $far6/64 dev eth0 nodad
route add default via 198.51.100.129
route add default via 2001:db8:3::1
EOF
    in_batch sv <<EOF
link set away up
addr add 198.51.100.129/25 dev away
addr add 2001:db8:3::1/64 dev away nodad
EOF
}

certificates() {
    authority
    certificate mx1 DNS:mx1.lab.test DNS:mx6.lab.test
    certificate mx2 DNS:mx2.lab.test
    certificate mail DNS:mail.lab.test
    certificate web DNS:mta-sts.lab.test DNS:autoconfig.lab.test
    # exim reads it as its own user
    chmod 644 "$dir/tls/mx2.key"
}

# Signed messages, for those who read them
messages() {
    # Debian's own, which has the packages
    /usr/bin/python3 "$here/mail/sign.py" "$dir/keys/dkim.pem" "$dir/mail" $mx1_4 $forwarder4 $closed4 \
        >"$dir/log/sign" 2>&1 || die "messages: $(tail -n 5 "$dir/log/sign")"
}

write_env() {
    publish <<EOF
CLIENT_NS=$(ns cl)
FAR_NS=$([ ! -c /dev/net/tun ] || ns far)
SERVER_NS=$(ns sv)
CLIENT4=$client4
CLIENT6=$client6
CLIENT_NAME=probe.lab.test
FAR4=$far4
FAR6=$far6
FAR_NAME=far.lab.test
RESOLVER4=$resolver4
RESOLVER6=$resolver6
MX1_4=$mx1_4
MX1_6=$mx1_6
MX2_4=$mx2_4
MX2_6=$mx2_6
MAIL4=$mail4
MAIL6=$mail6
CLEAR4=$clear4
WEB4=$web4
WEB6=$web6
FORWARDER4=$forwarder4
CLOSED4=$closed4
SILENT4=$silent4
SILENT6=$silent6
PRIVATE4=$private4
PRIVATE6=$private6
MAILBOX_PASSWORD=lab
CA_FILE=$dir/tls/ca.pem
RESOLV_CONF=$dir/resolv.conf
POSTFIX_LOG=$dir/log/postfix
EXIM_LOG=$dir/exim/mainlog
TRAP_LOG=$dir/log/trap
MESSAGES=$dir/mail
EOF
}

build() {
    network
    (umask 077 && openssl genrsa -traditional -out "$dir/keys/dkim.pem" 2048 2>"$dir/log/openssl")
    zones
    rbldnsd_files
    name_server
    certificates
    postfix_files
    dovecot_files
    exim_files
    web_files
    messages
    servers
    write_env
}

before_down() { stop_postfix sv; }

lab_main "$@"
