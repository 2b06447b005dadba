#!/usr/bin/env bash
# The lab of faults: what tests need that break the machine under the service.
#
#   faults.sh up DIR     make a namespace, write DIR/env
#   faults.sh down DIR   remove the namespace
#   faults.sh tools      say what is missing on this machine
#
# Needs root.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# shellcheck source=tests/lab/lib.bash
. "$here/lib.bash"

lab=faults
needed=(ip:iproute2 faketime:faketime)
namespaces=(cl)
folders=()

build() {
    local library
    library=$(dpkg -L libfaketime | grep '/libfaketime\.so\.1$')
    publish <<EOT
FAKETIME=$library
CLIENT_NS=$(ns cl)
EOT
}

lab_main "$@"
