# shellcheck shell=bash
# What the labs share: their commands, namespaces, processes and certificates. Sourced by NAME.sh, which sets
#
#   lab          its name
#   needed       what it needs: COMMAND:PACKAGE, or :PACKAGE where no command tells that a package is there
#   namespaces   its network namespaces, by their short names
#   folders      what "up" makes anew in DIR, beside log and pids
#
# and defines `build`, which brings everything up, and where it must `before_down`. `lab_main "$@"` does the rest.
# The suffix of this file keeps it out of tests/run, to which every tests/lab/*.sh is a lab.

PATH=$PATH:/usr/sbin:/sbin

die() {
    echo "$lab.sh: $*" >&2
    exit 1
}

is_installed() { [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) = installed ]]; }

tools() {
    local entry missing=()
    for entry in "${needed[@]}"; do
        case $entry in
            :*) is_installed "${entry#:}" || missing+=("${entry#:}") ;;
            *) command -v "${entry%%:*}" >/dev/null || missing+=("${entry#*:}") ;;
        esac
    done
    if ((${#missing[@]})); then
        echo "missing Debian packages: $(printf '%s\n' "${missing[@]}" | sort -u | tr '\n' ' ')" >&2
        return 1
    fi
}

# ---- namespaces -----------------------------------------------------------
# ns NAME: as the system knows it
ns() { echo "nv$suffix$1"; }

in_ns() { ip netns exec "nv$suffix$1" "${@:2}"; }

# in_batch NAME: "ip" commands from standard input, in that namespace
in_batch() { ip -n "nv$suffix$1" -batch -; }

make_namespaces() {
    local name script
    # without ICMP's rate limit, or answers that tests wait for are left out
    # shellcheck disable=SC2016  # expanded by the inner shell
    script='
        cd /proc/sys/net
        for d in all default; do
            echo 0 >ipv6/conf/$d/accept_dad
            echo 0 >ipv6/conf/$d/accept_ra
            echo 0 >ipv6/conf/$d/disable_ipv6
        done
        echo 0 >ipv4/icmp_ratelimit
        echo 0 >ipv6/icmp/ratelimit'
    for name in "${namespaces[@]}"; do
        ip netns add "$(ns "$name")"
        in_ns "$name" sh -c "$script"
        in_ns "$name" ip link set lo up
    done
}

# forwards NAME...: these are routers
forwards() {
    local name
    for name; do
        in_ns "$name" sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
    done
}

# veth NS1 DEV1 NS2 DEV2: a pair that never touches the root namespace
veth() { ip -n "$(ns "$1")" link add "$2" type veth peer name "$4" netns "$(ns "$3")"; }

# wire NS1 DEV1 NS2 DEV2 DELAY_MS LOSS LIFETIME [JITTER_MS]: the same with delay and loss each way
wire() {
    # both devices are born in the first namespace, so they need two names there
    start "wire-$1" "$1" python3 "$here/wire.py" "$2" wire-end "$5" "$6" "$7" "${8:-0}"
    wait_for "wire-$1" grep -q ready "$dir/log/wire-$1"
    ip -n "$(ns "$1")" link set wire-end netns "$(ns "$3")"
    ip -n "$(ns "$3")" link set wire-end name "$4"
    ip -n "$(ns "$1")" link set "$2" txqueuelen 20000
    ip -n "$(ns "$3")" link set "$4" txqueuelen 20000
}

# silence NAME ADDRESS4 ADDRESS6: neither TCP nor UDP is answered there
silence() {
    in_ns "$1" nft -f - <<END
table inet lab {
    chain quiet {
        type filter hook input priority 0; policy accept;
        ip daddr $2 meta l4proto { tcp, udp } drop
        ip6 daddr $3 meta l4proto { tcp, udp } drop
    }
}
END
}

# ---- certificates ---------------------------------------------------------
# A certificate authority of this lab alone
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
        -keyout "$dir/tls/ca.key" -out "$dir/tls/ca.pem" -subj "/CN=lab CA" \
        -addext "basicConstraints=critical,CA:TRUE" \
        -addext "keyUsage=critical,keyCertSign,cRLSign" 2>"$dir/log/openssl"
}

# certificate NAME SUBJECT...: DIR/tls/NAME.key and NAME.pem, for DNS:NAME and IP:ADDRESS
certificate() {
    local file=$dir/tls/$1 names
    names=$(IFS=,; echo "${*:2}")
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes \
        -keyout "$file.key" -out "$file.csr" -subj "/CN=${2#DNS:}" 2>>"$dir/log/openssl"
    cat >"$file.ext" <<END
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=$names
END
    openssl x509 -req -in "$file.csr" -CA "$dir/tls/ca.pem" -CAkey "$dir/tls/ca.key" -days 30 \
        -extfile "$file.ext" -out "$file.pem" 2>>"$dir/log/openssl"
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
    local name=$1 ns=$2 end=$((SECONDS + 60))
    shift 2
    rm -f "$dir/pids/$name"
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

# start_in_srv NAME NS COMMAND...: with the lab's resolver and with DIR at /srv, so that users other than root need not
# pass through DIR's parents, which may be closed to them, and paths of Unix sockets are short
start_in_srv() {
    # "ip netns exec" gives a mount namespace of its own, so the binds stay in there
    # shellcheck disable=SC2016  # expanded by the inner shell
    start "$1" "$2" bash -c '
        mount --bind "$1" /srv
        mount --bind /srv/resolv.conf /etc/resolv.conf
        shift
        exec "$@"' _ "$dir" "${@:3}"
}

# stop_postfix NS: its master makes a session of its own, apart from the command that started it
stop_postfix() {
    [ -e "/run/netns/$(ns "$1")" ] && [ -s "$dir/postfix/spool/pid/master.pid" ] || return 0
    # shellcheck disable=SC2016  # expanded by the inner shell
    in_ns "$1" bash -c 'mount --bind "$1" /srv && exec postfix -c /srv/postfix/etc stop' _ "$dir" \
        >>"$dir/log/postfix" 2>&1 || true
}

# is_alive NAME
is_alive() {
    local pid was
    read -r pid was 2>/dev/null <"$dir/pids/$1" || return 1
    [ "$(born "$pid" || true)" = "$was" ]
}

# wait_for NAME COMMAND...: until it succeeds, or NAME dies, or a minute passes
wait_for() {
    local name=$1 end=$((SECONDS + 60))
    shift
    until "$@"; do
        is_alive "$name" || die "$name stopped: $(tail -n 5 "$dir/log/$name")"
        ((SECONDS < end)) || die "$name does not answer: $(tail -n 5 "$dir/log/$name")"
        sleep 0.05
    done
}

# answers NS ADDRESS TEXT DIG-ARGUMENTS...: does the answer hold TEXT?
answers() {
    local out
    out=$(in_ns "$1" dig +time=1 +tries=1 "@$2" "${@:4}" 2>/dev/null) || return 1
    [[ $out == *"$3"* ]]
}

# listens NS ADDRESS PORT: does something accept connections there?
listens() {
    # shellcheck disable=SC2016  # expanded by the inner shell
    in_ns "$1" timeout 2 bash -c 'exec 3<>"/dev/tcp/$1/$2"' _ "$2" "$3" 2>/dev/null
}

# stop NAME...: politely, and after twenty seconds not; each is the leader of its own session and process group
stop() {
    local name pid was end=$((SECONDS + 20))
    for name; do
        if is_alive "$name"; then
            read -r pid was <"$dir/pids/$name"
            kill -TERM "$pid" 2>/dev/null || true
        fi
    done
    for name; do
        while is_alive "$name" && ((SECONDS < end)); do
            sleep 0.02
        done
        if is_alive "$name"; then
            read -r pid was <"$dir/pids/$name"
            kill -KILL -- "-$pid" 2>/dev/null || true
        fi
        rm -f "$dir/pids/$name"
    done
}

# ---- up and down ----------------------------------------------------------
# publish: DIR/env from standard input, all at once
publish() {
    cat >"$dir/env.new"
    mv "$dir/env.new" "$dir/env"
}

# find_lab DIR: the lab that is up there, if any
find_lab() {
    [ -d "$1" ] || return 1
    dir=$(cd "$1" && pwd)
    [ -s "$dir/lab" ] || return 1
    suffix=$(cat "$dir/lab")
    [[ $suffix =~ ^[0-9a-f]{8}$ ]] || die "$dir/lab does not name a lab"
}

lab_up() {
    local folder
    [ "$(id -u)" = 0 ] || die "needs root (network namespaces)"
    tools
    mkdir -p "$1"
    dir=$(cd "$1" && pwd)
    case $dir in *[\"\\$' \n']*) die "quotes, backslashes and white space are not allowed in DIR" ;; esac
    # never clear a folder that is not a lab's
    [ -e "$dir/.$lab-lab" ] || [ -z "$(ls -A "$dir")" ] || die "$dir is not empty"
    suffix=
    until [ -n "$suffix" ] && [ ! -e "/run/netns/$(ns "${namespaces[0]}")" ]; do
        suffix=$(printf '%s %s %s' "$dir" $$ "$suffix" | cksum | awk '{ printf "%08x", $1 }')
    done
    # the claim on DIR: fails when it is there, and is what "down" needs
    (set -o noclobber && echo "$suffix" >"$dir/lab") 2>/dev/null ||
        die "$dir holds a lab already: $lab.sh down $dir"
    trap 'echo "$lab.sh: up failed; logs are in $dir/log" >&2; lab_down "$dir"' EXIT
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    touch "$dir/.$lab-lab"
    rm -f "$dir/env" "$dir/env.new"
    for folder in log pids ${folders[@]+"${folders[@]}"}; do
        rm -rf "${dir:?}/$folder"
        mkdir "$dir/$folder"
    done
    make_namespaces
    build
    trap - EXIT HUP INT TERM
}

lab_down() {
    local name file names=() left end
    find_lab "$1" || return 0
    rm -f "$dir/env"
    if declare -F before_down >/dev/null; then before_down; fi
    for file in "$dir"/pids/*; do
        [ ! -e "$file" ] || names+=("${file##*/}")
    done
    stop ${names[@]+"${names[@]}"}
    for name in "${namespaces[@]}"; do
        [ -e "/run/netns/$(ns "$name")" ] || continue
        # helpers of servers leave a moment after their master
        end=$((SECONDS + 20))
        while left=$(ip netns pids "$(ns "$name")" 2>/dev/null | tr '\n' ' ') && [ -n "$left" ] && ((SECONDS < end)); do
            sleep 0.05
        done
        [ -z "$left" ] || echo "$lab.sh: not ours, still in $(ns "$name"): $left" >&2
        ip netns delete "$(ns "$name")" || true
    done
    rm -f "$dir/lab"
}

# lab_main up DIR | down DIR | tools
lab_main() {
    case "${1-} $#" in
        "up 2") lab_up "$2" ;;
        "down 2") lab_down "$2" ;;
        "tools 1") tools ;;
        *) die "usage: $lab.sh up DIR | down DIR | tools" ;;
    esac
}
