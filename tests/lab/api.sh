#!/usr/bin/env bash
# The API lab: a namespace that holds nothing but a loopback, and a Python environment with a validator of OpenAPI
# documents and a fuzzer that lives on them.
#
#   api.sh up DIR     make both, write DIR/env
#   api.sh down DIR   remove the namespace
#   api.sh tools      say what is missing on this machine
#
# Needs root. The environment is kept in the user's cache directory, by its list of versions.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=api
needed=(ip:iproute2 setsid:util-linux cksum:coreutils python3:python3 :python3-venv)
namespaces=(cl)
folders=()

# Only a whole one has the last of its programs
environment() {
    local cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netvane-lab wanted=$here/api/requirements.txt sum
    sum=$(cat "$wanted" "$(readlink -f /usr/bin/python3)" | cksum | cut -d' ' -f1)
    environment=$cache/api-$sum
    [ ! -x "$environment/bin/schemathesis" ] || return 0
    mkdir -p "$cache"
    rm -rf "$environment"
    # Debian's own, for which python3-venv is there
    /usr/bin/python3 -m venv "$environment" >"$dir/log/venv" 2>&1 || die "venv: $(tail -n 5 "$dir/log/venv")"
    if ! "$environment/bin/python" -m pip --disable-pip-version-check --quiet install --no-deps -r "$wanted" \
        >"$dir/log/pip" 2>&1; then
        rm -rf "$environment"
        die "pip: $(tail -n 5 "$dir/log/pip")"
    fi
}

build() {
    environment
    publish <<EOF
CLIENT_NS=$(ns cl)
PYTHON=$environment/bin/python
HOOKS=$here/api/hooks.py
CONFIG=$here/api/schemathesis.toml
EOF
}

lab_main "$@"
