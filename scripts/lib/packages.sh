# Which Debian packages are needed: sourced, not run.
# shellcheck shell=bash

wanted_packages() {
    grep -Ev '^[[:space:]]*(#|$)' "$(dirname "${BASH_SOURCE[0]}")/../packages"
}

is_installed() {
    dpkg-query --show --showformat='${db:Status-Status}\n' "$1" 2>/dev/null | grep -qx installed
}

missing_packages() {
    local package
    for package in $(wanted_packages); do
        is_installed "$package" || echo "$package"
    done
}
