# shellcheck shell=bash
# Real servers that start TLS in another protocol: Postfix, Dovecot, PostgreSQL, slapd and Prosody. Sourced by tls.sh,
# which knows the addresses. They see DIR as /srv (see start_in_srv).

# Mail servers, one address each: what is at mx1 … mx6.lab.test
mx1=203.0.113.25 # a valid certificate and TLSA records of it
mx2=203.0.113.26 # self-signed, and TLSA records of it
mx3=203.0.113.27 # a valid certificate and TLSA records of another one
mx4=203.0.113.28 # no TLS, but TLSA records
mx5=203.0.113.29 # expired, no TLSA records
mx6=203.0.113.30 # TLS 1.0 only

# ---- Postfix --------------------------------------------------------------
# smtpd ADDRESS NAME OPTION...: a line of master.cf
smtpd() {
    printf '%s:25 inet n - n - - smtpd -o myhostname=%s.lab.test' "$1" "$2"
    printf ' -o %s' "${@:3}"
    echo
}

# pair KEY CERTIFICATES: the option for a certificate
pair() { echo "smtpd_tls_chain_files=/srv/tls/$1.key,/srv/tls/$2"; }

postfix_files() {
    mkdir -p "$dir"/postfix/{etc,spool,data}
    chown postfix "$dir/postfix/data"
    cat >"$dir/postfix/etc/main.cf" <<END
compatibility_level = 3.6
queue_directory = /srv/postfix/spool
data_directory = /srv/postfix/data
maillog_file = /dev/stdout
mydestination = lab.test
alias_maps =
alias_database =
inet_interfaces = $mx1, $mx2, $mx3, $mx4, $mx5, $mx6
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
smtpd_tls_security_level = may
smtpd_tls_session_cache_database =
smtpd_client_connection_rate_limit = 0
smtpd_relay_restrictions = reject_unauth_destination
END
    {
        smtpd $mx1 mx1 "$(pair mx mx.chain)"
        smtpd $mx2 mx2 "$(pair mxself mxself.pem)"
        smtpd $mx3 mx3 "$(pair mx mx.chain)"
        smtpd $mx4 mx4 smtpd_tls_security_level=none
        smtpd $mx5 mx5 "$(pair mxold mxold.chain)"
        smtpd $mx6 mx6 "$(pair mxrsa mxrsa.chain)" smtpd_tls_protocols=TLSv1 tls_medium_cipherlist=ALL:@SECLEVEL=0
        cat <<END
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
anvil     unix  -  -  n  -  1  anvil
proxymap  unix  -  -  n  -  -  proxymap
cleanup   unix  n  -  n  -  0  cleanup
postlog   unix-dgram n - n  -  1  postlogd
END
    } >"$dir/postfix/etc/master.cf"
}

# The domains of the mail servers, for the root zone
mail_names() {
    local server address
    for server in 1 2 3 4 5 6; do
        address=mx$server
        echo "mx$server.lab.test. A ${!address}"
    done
    cat <<END
dane.lab.test. MX 10 mx1.lab.test.
selfsigned.lab.test. MX 10 mx2.lab.test.
mismatch.lab.test. MX 10 mx3.lab.test.
clear.lab.test. MX 10 mx4.lab.test.
expired.lab.test. MX 10 mx5.lab.test.
old.lab.test. MX 10 mx6.lab.test.
mixed.lab.test. MX 10 mx1.lab.test.
mixed.lab.test. MX 20 mx5.lab.test.
_25._tcp.mx1.lab.test. TLSA 3 1 1 $(key_hash "$dir/tls/mx.pem")
_25._tcp.mx2.lab.test. TLSA 3 1 1 $(key_hash "$dir/tls/mxself.pem")
_25._tcp.mx3.lab.test. TLSA 3 1 1 $(key_hash "$dir/tls/good.pem")
_25._tcp.mx4.lab.test. TLSA 3 1 1 $(key_hash "$dir/tls/mx.pem")
END
}

# ---- Dovecot --------------------------------------------------------------
dovecot_files() {
    mkdir -p "$dir/dovecot/run"
    : >"$dir/dovecot/users"
    cat >"$dir/dovecot/dovecot.conf" <<END
base_dir = /srv/dovecot/run
state_dir = /srv/dovecot/run
log_path = /dev/stderr
protocols = imap pop3
listen = $mx1
ssl = required
ssl_cert = </srv/tls/mx.chain
ssl_key = </srv/tls/mx.key
mail_location = maildir:~/Maildir
passdb {
    driver = passwd-file
    args = /srv/dovecot/users
}
userdb {
    driver = passwd-file
    args = /srv/dovecot/users
}
END
}

# ---- PostgreSQL -----------------------------------------------------------
postgres_files() {
    mkdir -p "$dir/postgres"
    cp "$dir/tls/mx.chain" "$dir/postgres/server.pem"
    cp "$dir/tls/mx.key" "$dir/postgres/server.key"
    chmod 600 "$dir/postgres/server.key"
    chown -R postgres "$dir/postgres"
}

start_postgres() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    start_in_srv postgres tl setpriv --reuid=postgres --clear-groups bash -c '
        programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
        "$programs/initdb" --no-sync --no-instructions --auth=trust -D /srv/postgres/data >/dev/null
        exec "$programs/postgres" -D /srv/postgres/data -h "$1" -k /srv/postgres -c ssl=on -c fsync=off \
            -c ssl_cert_file=/srv/postgres/server.pem -c ssl_key_file=/srv/postgres/server.key' _ $mx1
}

# ---- slapd and Prosody ----------------------------------------------------
slapd_files() {
    mkdir -p "$dir/slapd/data"
    cat >"$dir/slapd/slapd.conf" <<END
include /etc/ldap/schema/core.schema
pidfile /srv/slapd/pid
argsfile /srv/slapd/args
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCertificateFile /srv/tls/mx.chain
TLSCertificateKeyFile /srv/tls/mx.key
database mdb
maxsize 1048576
suffix "dc=lab,dc=test"
directory /srv/slapd/data
END
}

prosody_files() {
    mkdir -p "$dir/prosody/data"
    chown prosody "$dir/prosody/data"
    cp "$dir/tls/mx.key" "$dir/prosody/key.pem"
    chown prosody "$dir/prosody/key.pem"
    cat >"$dir/prosody/prosody.cfg.lua" <<END
pidfile = "/srv/prosody/data/pid"
data_path = "/srv/prosody/data"
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "$mx1" }
modules_enabled = { "tls", "saslauth", "dialback", "disco" }
c2s_require_encryption = true
ssl = { certificate = "/srv/tls/mx.chain", key = "/srv/prosody/key.pem" }
VirtualHost "mx1.lab.test"
END
}

# ---- all of them ----------------------------------------------------------
real_server_files() {
    postfix_files
    dovecot_files
    postgres_files
    slapd_files
    prosody_files
}

real_servers() {
    local port
    start_in_srv postfix tl postfix -c /srv/postfix/etc start-fg
    start_in_srv dovecot tl dovecot -F -c /srv/dovecot/dovecot.conf
    start_postgres
    start_in_srv slapd tl slapd -d 0 -h "ldap://$mx1" -f /srv/slapd/slapd.conf
    start_in_srv prosody tl setpriv --reuid=prosody --clear-groups prosody --config /srv/prosody/prosody.cfg.lua -F
    wait_for postfix listens tl $mx6 25
    for port in 143 110; do wait_for dovecot listens tl $mx1 $port; done
    wait_for postgres listens tl $mx1 5432
    wait_for slapd listens tl $mx1 389
    for port in 5222 5269; do wait_for prosody listens tl $mx1 $port; done
}
