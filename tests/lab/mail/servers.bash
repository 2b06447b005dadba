# shellcheck shell=bash
# The mail lab's servers. Sourced by mail.sh, which knows the addresses.

# start_server NAME COMMAND...: see start_in_srv
start_server() { start_in_srv "$1" sv "${@:2}"; }

# ---- postfix --------------------------------------------------------------
# smtpd OPTIONS ADDRESS PORT: a line of master.cf
smtpd() { printf '%-26s inet n - n - - smtpd%s\n' "$2:$3" "${1:+ $1}"; }

postfix_files() {
    local address submission
    mkdir -p "$dir"/postfix/{etc,spool,data}
    chown postfix "$dir/postfix/data"
    cat >"$dir/postfix/etc/main.cf" <<EOF
compatibility_level = 3.6
queue_directory = /srv/postfix/spool
data_directory = /srv/postfix/data
maillog_file = /dev/stdout
myhostname = mx1.lab.test
mydestination =
alias_maps =
alias_database =
inet_interfaces = $mx1_4, $mx1_6, $mail4, $mail6, $clear4
inet_protocols = all
mynetworks = 127.0.0.0/8
smtputf8_enable = yes
smtpd_tls_security_level = may
smtpd_tls_cert_file = /srv/tls/mx1.pem
smtpd_tls_key_file = /srv/tls/mx1.key
smtpd_tls_session_cache_database =
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:127.0.0.1:12345
# so that a benchmark does not meet the limits for strangers
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_error_sleep_time = 0
virtual_transport = discard:
# known+anything is known, but another recipient to the greylists
recipient_delimiter = +
virtual_mailbox_domains = lab.test, catchall.test, grey.test, told.test, implicit.test, dead.test, clear.test,
    v6.test, mixed.test
virtual_mailbox_maps = inline:{ known@lab.test=x, full@lab.test=x, overfull@lab.test=x, disabled@lab.test=x,
    postmaster@lab.test=x, @catchall.test=x, known@grey.test=x, known@told.test=x, known@implicit.test=x,
    known@dead.test=x, known@clear.test=x, known@v6.test=x, known@mixed.test=x }
smtpd_restriction_classes = grey, told
grey = check_policy_service inet:127.0.0.1:10023
told = check_policy_service inet:127.0.0.1:10024
smtpd_recipient_restrictions = reject_unauth_destination,
    check_recipient_access inline:{ {disabled@lab.test = 550 5.2.1 This mailbox is disabled},
        {overfull@lab.test = 552 5.2.2 This mailbox is over its quota}, {grey.test = grey}, {told.test = told} },
    reject_unlisted_recipient, check_policy_service inet:127.0.0.1:12340
EOF
    submission="-o myhostname=mail.lab.test -o smtpd_tls_cert_file=/srv/tls/mail.pem"
    submission+=" -o smtpd_tls_key_file=/srv/tls/mail.key -o smtpd_sasl_auth_enable=yes"
    submission+=" -o smtpd_recipient_restrictions=permit_sasl_authenticated,reject"
    {
        for address in "$mx1_4" "[$mx1_6]"; do
            smtpd "" "$address" 25
        done
        smtpd "-o myhostname=clear.lab.test -o smtpd_tls_security_level=none" "$clear4" 25
        for address in "$mail4" "[$mail6]"; do
            smtpd "-o smtpd_tls_security_level=encrypt $submission" "$address" 587
            smtpd "-o smtpd_tls_wrappermode=yes $submission" "$address" 465
        done
        cat <<EOF
pickup    unix  n  -  n  60 1  pickup
cleanup   unix  n  -  n  -  0  cleanup
qmgr      unix  n  -  n  300 1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -  -  trivial-rewrite
bounce    unix  -  -  n  -  0  bounce
defer     unix  -  -  n  -  0  bounce
trace     unix  -  -  n  -  0  bounce
discard   unix  -  -  n  -  -  discard
error     unix  -  -  n  -  -  error
anvil     unix  -  -  n  -  1  anvil
proxymap  unix  -  -  n  -  -  proxymap
postlog   unix-dgram n - n  -  1  postlogd
EOF
    } >"$dir/postfix/etc/master.cf"
}

# ---- dovecot --------------------------------------------------------------
dovecot_files() {
    local user
    mkdir -p "$dir/dovecot/run"
    for user in known full; do
        mkdir -p "$dir/dovecot/home/$user/Maildir/"{cur,new,tmp}
    done
    # full@ has more mail than it may have
    head -c 20000 /dev/zero | tr '\0' x >"$dir/dovecot/home/full/Maildir/cur/1.M1P1.mx1,S=20000,W=20000:2,S"
    chown -R nobody "$dir/dovecot/home"
    for user in known full; do
        echo "$user@lab.test:{PLAIN}lab:65534:65534::/srv/dovecot/home/$user::userdb_quota_rule=*:bytes=10000"
    done >"$dir/dovecot/users"
    cat >"$dir/dovecot/dovecot.conf" <<EOF
base_dir = /srv/dovecot/run
state_dir = /srv/dovecot/run
log_path = /dev/stderr
protocols = imap pop3
listen = $mail4, $mail6
ssl = required
ssl_cert = </srv/tls/mail.pem
ssl_key = </srv/tls/mail.key
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_plugins = quota
passdb {
    driver = passwd-file
    args = /srv/dovecot/users
}
userdb {
    driver = passwd-file
    args = /srv/dovecot/users
}
plugin {
    quota = dirsize:User quota
    quota_rule = *:bytes=10000
    quota_grace = 0
    quota_status_success = DUNNO
    quota_status_nouser = DUNNO
    quota_status_overquota = "452 4.2.2 Mailbox is full"
}
service quota-status {
    executable = quota-status -p postfix
    inet_listener {
        address = 127.0.0.1
        port = 12340
    }
    client_limit = 1
}
service auth {
    inet_listener {
        address = 127.0.0.1
        port = 12345
    }
}
EOF
}

# ---- exim -----------------------------------------------------------------
# exim cannot be installed beside postfix, so its package is only unpacked. It is fetched once for each user.
unpack_exim() {
    local cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netvane-lab file
    file=$(compgen -G "$cache/exim4-daemon-light_*.deb" | tail -n 1) || true
    if [ -z "$file" ]; then
        mkdir -p "$cache" "$dir/exim/download"
        (cd "$dir/exim/download" && {
            apt-get -q download exim4-daemon-light || { apt-get -q update && apt-get -q download exim4-daemon-light; }
        }) >"$dir/log/apt" 2>&1 || die "exim's package cannot be had: $(tail -n 3 "$dir/log/apt")"
        mv "$dir"/exim/download/*.deb "$cache/"
        file=$(compgen -G "$cache/exim4-daemon-light_*.deb" | tail -n 1)
    fi
    dpkg -x "$file" "$dir/exim/root"
}

exim_files() {
    mkdir -p "$dir/exim/spool"
    unpack_exim
    # the name of its user is compiled in; a private passwd file has it
    cp /etc/passwd "$dir/exim/passwd"
    cp /etc/group "$dir/exim/group"
    grep -q '^Debian-exim:' /etc/passwd || {
        echo "Debian-exim:x:64999:64999::/nonexistent:/usr/sbin/nologin" >>"$dir/exim/passwd"
        echo "Debian-exim:x:64999:" >>"$dir/exim/group"
    }
    chown "$(sed -n 's/^Debian-exim:x:\([0-9]*\):.*/\1/p' "$dir/exim/passwd")" "$dir/exim" "$dir/exim/spool"
    cat >"$dir/exim/exim.conf" <<EOF
primary_hostname = mx2.lab.test
spool_directory = /srv/exim/spool
log_file_path = /srv/exim/%slog
log_selector = +smtp_connection +smtp_incomplete_transaction
keep_environment =
local_interfaces = <; $mx2_4 ; $mx2_6
daemon_smtp_ports = 25
tls_advertise_hosts = *
tls_certificate = /srv/tls/mx2.pem
tls_privatekey = /srv/tls/mx2.key
host_lookup =
rfc1413_hosts =
smtp_accept_max = 200
acl_smtp_connect = slowly
acl_smtp_rcpt = rcpt
begin acl
slowly:
    accept delay = $greeting_delay
rcpt:
    accept domains = lab.test : second.test : slow.test
           local_parts = known
    deny   domains = lab.test : second.test : slow.test
           message = Unrouteable address
    deny   message = relay not permitted
begin routers
begin transports
begin retry
EOF
}

# ---- the web --------------------------------------------------------------
# What autoconfig.lab.test and mta-sts.lab.test have to offer
web_files() {
    mkdir -p "$dir/web/.well-known" "$dir/web/mail"
    printf '%s\r\n' "version: STSv1" "mode: enforce" "mx: mx1.lab.test" "mx: mx2.lab.test" "max_age: 86400" \
        >"$dir/web/.well-known/mta-sts.txt"
    cat >"$dir/web/mail/config-v1.1.xml" <<'EOF'
<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="lab.test">
    <domain>lab.test</domain>
    <incomingServer type="imap">
      <hostname>mail.lab.test</hostname>
      <port>993</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </incomingServer>
    <outgoingServer type="smtp">
      <hostname>mail.lab.test</hostname>
      <port>465</port>
      <socketType>SSL</socketType>
      <authentication>password-cleartext</authentication>
      <username>%EMAILADDRESS%</username>
    </outgoingServer>
  </emailProvider>
</clientConfig>
EOF
}

# ---- all of them ----------------------------------------------------------
# postgrey_at PORT TEXT...: greylisting; of postfix' two, one says how long
postgrey_at() {
    mkdir "$dir/postgrey/$1"
    chown postgrey "$dir/postgrey/$1"
    start_server "postgrey-$1" postgrey --inet="127.0.0.1:$1" --delay=5 --dbdir="/srv/postgrey/$1" \
        --auto-whitelist-clients=0 --whitelist-clients=/dev/null --whitelist-recipients=/dev/null "${@:2}"
}

servers() {
    local port
    # where addresses of the inside lead to: nobody may ever come
    start trap cl python3 "$here/mail/trap.py" 25
    start unbound sv unbound -d -c "$dir/unbound.conf"
    start_server web python3 "$here/mail/web.py" /srv/web /srv/tls/web.pem /srv/tls/web.key "$web4" "$web6"
    start_server dovecot dovecot -F -c /srv/dovecot/dovecot.conf
    postgrey_at 10023
    postgrey_at 10024 --greylist-text="Greylisted, please try again in %s seconds"
    start_server postfix postfix -c /srv/postfix/etc start-fg
    # shellcheck disable=SC2016  # expanded by the inner shell
    start_server exim bash -c '
        mount --bind /srv/exim/passwd /etc/passwd
        mount --bind /srv/exim/group /etc/group
        exec /srv/exim/root/usr/sbin/exim4 -bdf -C /srv/exim/exim.conf'
    start_rbldnsd
    wait_for unbound answers cl "$resolver4" mx1.lab.test. lab.test MX
    wait_for trap grep -q ready "$dir/log/trap"
    wait_for web grep -q ready "$dir/log/web"
    for port in 12340 12345; do wait_for dovecot listens sv 127.0.0.1 $port; done
    for port in 993 995 143 110; do wait_for dovecot listens sv "$mail6" $port; done
    for port in 10023 10024; do wait_for postgrey-$port listens sv 127.0.0.1 $port; done
    wait_for postfix listens sv "$mx1_6" 25
    for port in 465 587; do wait_for postfix listens sv "$mail6" $port; done
    wait_for exim listens sv "$mx2_6" 25
}
