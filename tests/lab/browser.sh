#!/usr/bin/env bash
# The browser lab: Chromium behind WebDriver, in a network namespace that has nothing but its own loopback.
#
#   browser.sh up DIR     build the lab, wait until the driver answers, write DIR/env
#   browser.sh down DIR   stop what "up" started, also after a half-failed "up"
#   browser.sh tools      say what is missing on this machine
#
# Needs root. Everything it makes is under DIR, but for axe's package, which is kept in the user's cache directory.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=browser
needed=(
    ip:iproute2 setsid:util-linux cksum:coreutils sha256sum:coreutils tar:tar
    chromium:chromium chromedriver:chromium-driver
)
namespaces=(cl)
folders=(axe home)

axe_version=4.14.1
axe_sum=e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745
axe_file=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/netvane-lab/axe-core-$axe_version.tgz
[ -s "$axe_file" ] || needed+=(npm:npm)
port=9515

# The accessibility checks: fetched once, and the same bytes ever after
fetch_axe() {
    if [ ! -s "$axe_file" ]; then
        mkdir -p "$(dirname "$axe_file")"
        (cd "$dir/axe" && npm pack --silent "axe-core@$axe_version" >/dev/null 2>"$dir/log/npm") ||
            die "axe-core: $(tail -n 5 "$dir/log/npm")"
        mv "$dir/axe/axe-core-$axe_version.tgz" "$axe_file"
    fi
    echo "$axe_sum  $axe_file" | sha256sum --check --quiet || die "$axe_file is not what it was"
    tar -xzf "$axe_file" -C "$dir/axe" package/axe.min.js
}

build() {
    fetch_axe
    # Chromium writes where its user is at home.
    HOME=$dir/home start driver cl chromedriver --port=$port
    wait_for driver listens cl 127.0.0.1 $port
    publish <<END
CLIENT_NS=$(ns cl)
DRIVER=127.0.0.1:$port
CHROMIUM=$(command -v chromium)
AXE=$dir/axe/package/axe.min.js
END
}

lab_main "$@"
