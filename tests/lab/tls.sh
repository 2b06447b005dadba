#!/usr/bin/env bash
# The TLS lab: web, mail and other servers with good and bad certificates, in a namespace with nothing but loopback.
#
#   tls.sh up DIR     build the lab, wait until everything listens, write DIR/env
#   tls.sh down DIR   stop what "up" started, also after a half-failed "up"
#   tls.sh tools      say what is missing on this machine
#
# Needs root. All servers are at 203.0.113.10, each at a port of its own; the name server at 203.0.113.53 serves a
# signed root zone with their names.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"
# shellcheck source=tests/lab/tls/servers.bash
. "$here/tls/servers.bash"

lab=tls
needed=(
    ip:iproute2 openssl:openssl setsid:util-linux cksum:coreutils nginx:nginx-light python3:python3
    knotd:knot keymgr:knot dig:bind9-dnsutils nft:nftables mount:mount setpriv:util-linux
    postfix:postfix dovecot:dovecot-core :dovecot-imapd :dovecot-pop3d :postgresql slapd:slapd prosody:prosody
)
namespaces=(tl)
folders=(tls nginx knot postfix dovecot postgres slapd prosody)

server=203.0.113.10
resolver=203.0.113.53
silent=203.0.113.99

# Dates of certificates, days from now.
day() { date -u -d "$1 days" +%y%m%d%H%M%SZ; }

# key NAME ALGORITHM: rsa:BITS, ec:CURVE or ed25519
key() {
    local options
    case $2 in
        rsa:*) options=(-algorithm RSA -pkeyopt "rsa_keygen_bits:${2#rsa:}") ;;
        ec:*) options=(-algorithm EC -pkeyopt "ec_paramgen_curve:${2#ec:}") ;;
        *) options=(-algorithm "$2") ;;
    esac
    openssl genpkey "${options[@]}" -out "$dir/tls/$1.key" 2>>"$dir/log/openssl"
}

# issue NAME ISSUER KEY FROM TO DIGEST EXTENSION...: a certificate, self-signed if the issuer is "self"
issue() {
    local name=$1 issuer=$2 options file=$dir/tls/$1
    key "$name" "$3"
    openssl req -new -key "$file.key" -subj "/O=Lab/CN=$name" -out "$file.csr" 2>>"$dir/log/openssl"
    {
        printf '[ca]\ndefault_ca=lab\n[lab]\nnew_certs_dir=%s\ndatabase=%s.db\nserial=%s.serial\n' \
            "$dir/tls" "$file" "$file"
        printf 'policy=any\n[any]\norganizationName=optional\ncommonName=optional\n'
        printf '[extensions]\nsubjectKeyIdentifier=hash\n'
        printf '%s\n' "${@:7}"
    } >"$file.conf"
    : >"$file.db"
    openssl rand -hex 8 >"$file.serial"
    case $issuer in
        self) options=(-selfsign -keyfile "$file.key") ;;
        *) options=(-cert "$dir/tls/$issuer.pem" -keyfile "$dir/tls/$issuer.key") ;;
    esac
    openssl ca -batch -notext -config "$file.conf" -extensions extensions "${options[@]}" -md "$6" \
        -startdate "$(day "$4")" -enddate "$(day "$5")" -in "$file.csr" -out "$file.pem" 2>>"$dir/log/openssl"
}

# NAME ISSUER KEY: an authority
authority_of() {
    issue "$1" "$2" "$3" -10 3650 sha256 "basicConstraints=critical,CA:TRUE" "keyUsage=critical,keyCertSign,cRLSign"
}

# leaf NAME NAMES ISSUER [KEY] [FROM] [TO] [DIGEST]: a server's certificate, and with its issuer as NAME.chain
leaf() {
    issue "$1" "$3" "${4-ec:P-256}" "${5--1}" "${6-89}" "${7-sha256}" "basicConstraints=critical,CA:FALSE" \
        "extendedKeyUsage=serverAuth" "subjectAltName=$2" "authorityInfoAccess=caIssuers;URI:http://ca.lab.test/sub.der"
    chain "$1" "$3"
}

chain() { cat "$dir/tls/$1.pem" "$dir/tls/$2.pem" >"$dir/tls/$1.chain"; }

certificates() {
    local names=DNS:good.lab.test,DNS:*.wild.lab.test,IP:$server
    authority_of root self rsa:2048
    authority_of sub root ec:P-256
    authority_of private self ec:P-256
    authority_of old root rsa:2048
    leaf good "$names" sub
    leaf expired "$names" sub ec:P-256 -100 -10
    leaf future "$names" sub ec:P-256 10 100
    leaf soon "$names" sub ec:P-256 -85 5
    leaf renew "$names" sub ec:P-256 -75 15
    leaf rsa1024 "$names" sub rsa:1024
    leaf sha1 "$names" old rsa:2048 -1 89 sha1
    leaf p521 "$names" sub ec:P-521
    leaf ed25519 "$names" sub ed25519
    leaf other DNS:other.lab.test sub
    leaf unknown "$names" private
    leaf rsa "$names" old rsa:2048
    issue selfsigned self ec:P-256 -1 89 sha256 "subjectAltName=$names"
    issue nonames sub ec:P-256 -1 89 sha256 "extendedKeyUsage=serverAuth"
    mail_certificates
    issue embedded sub ec:P-256 -1 89 sha256 "subjectAltName=$names" \
        "1.3.6.1.4.1.11129.2.4.2=DER:0434$(timestamps 01)"
    chain embedded sub
    issue client sub ec:P-256 -1 89 sha256 "extendedKeyUsage=clientAuth" "subjectAltName=$names"
    chain nonames sub
    chain client sub
    cat "$dir/tls/good.pem" >"$dir/tls/long.chain"
    for _ in $(seq 99); do cat "$dir/tls/root.pem"; done >>"$dir/tls/long.chain"
    staples
}

# timestamps OCTET: a list of one timestamp of a transparency log, 2026-01-01, in hexadecimal digits
timestamps() {
    local log
    log=$(printf "$1%.0s" {1..32})
    echo "0032003000${log}0000019b76daa8000000040300017f"
}

# extension OCTET: the same as a TLS extension that openssl's server sends in ServerHello or beside its certificate
extension() {
    echo "-----BEGIN SERVERINFOV2 FOR CT-----"
    # context, type 18, length, list
    printf '%s' "000011800012" "0034" "$(timestamps "$1")" | python3 -c '
import base64, sys
print(base64.b64encode(bytes.fromhex(sys.stdin.read())).decode())'
    echo "-----END SERVERINFOV2 FOR CT-----"
}

mail_certificates() {
    leaf mx DNS:mx1.lab.test,DNS:mx3.lab.test sub
    leaf mxold DNS:mx5.lab.test sub ec:P-256 -100 -10
    leaf mxrsa DNS:mx6.lab.test old rsa:2048
    issue mxself self ec:P-256 -1 89 sha256 "subjectAltName=DNS:mx2.lab.test"
    # read by servers that are not root
    chmod 644 "$dir"/tls/mx.*
}

# OCSP responses of the issuer itself: good and revoked
staples() {
    local file=$dir/tls status serial
    serial=$(openssl x509 -in "$file/good.pem" -noout -serial | cut -d= -f2)
    for status in V R; do
        printf '%s\t%s\t%s\t%s\tunknown\t/CN=good\n' $status "$(day 89)" \
            "$([ $status = V ] || day -1)" "$serial" >"$file/index.$status"
        openssl ocsp -index "$file/index.$status" -rsigner "$file/sub.pem" -rkey "$file/sub.key" -CA "$file/sub.pem" \
            -issuer "$file/sub.pem" -cert "$file/good.pem" -ndays 7 -respout "$file/ocsp.$status" \
            >/dev/null 2>>"$dir/log/openssl"
    done
}

# site PORT CERTIFICATES KEY [DIRECTIVE]: one server of nginx
site() {
    cat <<END
    server {
        listen $server:$1 ssl http2;
        ssl_certificate $dir/tls/$2;
        ssl_certificate_key $dir/tls/$3.key;
        ${4-}
        add_header Strict-Transport-Security "max-age=31536000; includeSubDomains" always;
        location / { default_type text/html; return 200 "<html><title>Lab &amp; more</title>welcome</html>"; }
        location /old { return 301 /new; }
        location /new { return 302 https://good.lab.test/; }
        location /missing { return 404; }
        location /broken { return 503; }
        location /loop { return 302 /loop2; }
        location /loop2 { return 302 /loop; }
        location /private { return 302 http://private.lab.test/; }
        location /ftp { return 302 ftp://good.lab.test/; }
        location /user { return 302 https://joe:hunter2@good.lab.test/; }
    }
END
}

nginx_files() {
    cat <<END
daemon off;
worker_processes 1;
user root;
pid $dir/nginx/pid;
error_log stderr warn;
events { worker_connections 256; }
http {
    access_log off;
    client_body_temp_path $dir/nginx/body;
    proxy_temp_path $dir/nginx/proxy;
    fastcgi_temp_path $dir/nginx/fastcgi;
    uwsgi_temp_path $dir/nginx/uwsgi;
    scgi_temp_path $dir/nginx/scgi;
    ssl_ciphers DEFAULT@SECLEVEL=0;
    ssl_protocols TLSv1.2 TLSv1.3;
    server {
        listen $server:80;
        location / { default_type text/html; return 200 "<title>Plain</title>"; }
        location /up { return 301 https://good.lab.test/; }
    }
END
    site 443 good.chain good
    site 1001 expired.chain expired
    site 1002 selfsigned.pem selfsigned
    site 1003 good.pem good
    site 1004 other.chain other
    site 1005 rsa1024.chain rsa1024
    site 1006 future.chain future
    site 1007 sha1.chain sha1
    site 1008 soon.chain soon
    site 1009 renew.chain renew
    site 1010 good.chain good "ssl_stapling on; ssl_stapling_file $dir/tls/ocsp.V;"
    site 1011 good.chain good "ssl_stapling on; ssl_stapling_file $dir/tls/ocsp.R;"
    site 1012 good.chain good "ssl_verify_client on; ssl_client_certificate $dir/tls/root.pem;"
    site 1013 p521.chain p521
    site 1014 ed25519.chain ed25519
    site 1015 unknown.chain unknown
    site 1016 nonames.chain nonames
    site 1017 client.chain client
    site 1018 long.chain good
    site 1019 good.chain good "ssl_protocols TLSv1.2;"
    site 1025 embedded.chain embedded
    echo "}"
}

# hash FILE: SHA-256 of a certificate's key
key_hash() {
    openssl x509 -in "$1" -pubkey -noout | openssl pkey -pubin -outform DER | sha256sum | cut -d' ' -f1
}

name_server() {
    local good
    good=$(key_hash "$dir/tls/good.pem")
    cat >"$dir/knot/root.zone" <<END
\$TTL 60
. SOA ns.lab.test. hostmaster.lab.test. 1 3600 600 86400 60
. NS ns.lab.test.
ns.lab.test. A $resolver
good.lab.test. A $server
a.wild.lab.test. A $server
other.lab.test. A $server
private.lab.test. A 192.168.7.7
silent.lab.test. A $silent
empty.lab.test. TXT "no address"
$(mail_names)
_443._tcp.good.lab.test. TLSA 3 1 1 $good
_1002._tcp.good.lab.test. TLSA 3 1 1 $good
_1019._tcp.good.lab.test. TLSA 2 0 1 $(openssl x509 -in "$dir/tls/sub.pem" -outform DER | sha256sum | cut -d' ' -f1)
END
    cat >"$dir/knot.conf" <<END
server:
    listen: [ $resolver@53 ]
    rundir: "$dir/knot"
    pidfile: "$dir/knot/pid"
    udp-workers: 1
    tcp-workers: 1
    background-workers: 1
database:
    storage: "$dir/knot"
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
  - domain: .
    storage: "$dir/knot"
    file: root.zone
    dnssec-signing: on
    dnssec-policy: lab
    zonefile-sync: -1
    zonefile-load: difference
END
    keymgr -c "$dir/knot.conf" . generate algorithm=ecdsap256sha256 ksk=yes zsk=yes >"$dir/log/keymgr" 2>&1
    start knot tl knotd -c "$dir/knot.conf"
    wait_for knot answers tl $resolver RRSIG . SOA +dnssec
    in_ns tl dig @$resolver . DNSKEY +noall +answer | grep DNSKEY >"$dir/root.key"
}

# old NAME PORT OPTION...: openssl's own server
old() {
    start "$1" tl openssl s_server -accept "$server:$2" -cert "$dir/tls/rsa.pem" -key "$dir/tls/rsa.key" \
        -cert_chain "$dir/tls/old.pem" -quiet "${@:3}"
    wait_for "$1" listens tl $server "$2"
}

build() {
    in_batch tl <<END
addr add $server/32 dev lo
addr add $resolver/32 dev lo
addr add $silent/32 dev lo
$(for address in $mx1 $mx2 $mx3 $mx4 $mx5 $mx6; do echo "addr add $address/32 dev lo"; done)
END
    echo "nameserver $resolver" >"$dir/resolv.conf"
    silence tl $silent 2001:db8::99
    certificates
    real_server_files
    nginx_files >"$dir/nginx/nginx.conf"
    start nginx tl nginx -c "$dir/nginx/nginx.conf" -e stderr
    name_server
    old tls10 1020 -tls1 -cipher ALL@SECLEVEL=0
    old tls11 1021 -tls1_1 -cipher ALL@SECLEVEL=0
    extension 02 >"$dir/tls/serverinfo"
    old sct13 1023 -tls1_3 -serverinfo "$dir/tls/serverinfo"
    old sct12 1024 -tls1_2 -serverinfo "$dir/tls/serverinfo"
    old rsa_kx 1022 -tls1_2 -cipher AES128-SHA@SECLEVEL=0
    start hostile tl python3 "$here/hostile_web.py" "$server" "$dir/tls/good.chain" "$dir/tls/good.key" 3600
    real_servers
    wait_for nginx listens tl $server 443
    wait_for hostile grep -q ready "$dir/log/hostile"
    publish <<END
CLIENT_NS=$(ns tl)
SERVER=$server
MX1=$mx1
RESOLVER=$resolver
RESOLV_CONF=$dir/resolv.conf
TRUST_ANCHOR=$dir/root.key
CA_FILE=$dir/tls/root.pem
END
}

before_down() { stop_postfix tl; }

lab_main "$@"
