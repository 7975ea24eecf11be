# From a bare Debian to an installed extension: sourced, after common.sh.
# shellcheck shell=bash disable=SC2154 # root and state are of common.sh

# shellcheck source=scripts/lib/packages.sh
. "$root/scripts/lib/packages.sh"

install_packages() {
    command -v dpkg-query >/dev/null || fail "no dpkg: the packages are those of Debian 12"
    [[ -n $(missing_packages) ]] || return 0
    say ''
    say "  missing: $(missing_packages | paste -sd ' ')"
    # sudo asks at the terminal itself, whatever its output goes to.
    as_root "$root/scripts/lib/install-packages"
    [[ -z $(missing_packages) ]] || fail "still missing: $(missing_packages | paste -sd ' ')"
}

build_all() {
    [[ -x $PG_CONFIG ]] || fail "no pg_config at $PG_CONFIG: set PG_CONFIG"
    attend "$root/scripts/lib/build" "$@"
}

# Only what has changed, so that sudo is asked for nothing in vain.
install_extension() {
    local library extension file changed=
    library=$("$PG_CONFIG" --pkglibdir)
    extension=$("$PG_CONFIG" --sharedir)/extension
    cmp -s "$root/synckit.so" "$library/synckit.so" || changed=1
    for file in "$root"/extension/synckit.control "$root"/extension/synckit--*.sql; do
        cmp -s "$file" "$extension/${file##*/}" || changed=1
    done
    if [[ -z $changed ]]; then
        echo "nothing has changed"
    elif [[ -w $library && -w $extension ]]; then
        make -C "$root" install PG_CONFIG="$PG_CONFIG"
    else
        as_root make -C "$root" install PG_CONFIG="$PG_CONFIG"
    fi
}

# prepare TARGET…: what every script begins with; TARGETs are those of CMake.
prepare() {
    exec 8>"$state/build.lock"
    flock --nonblock 8 || {
        say 'Waiting for another build of this tree'
        flock 8 9>&-
    }
    step 'Packages' packages install_packages
    step 'Build' build build_all "$@"
    step 'Extension' install install_extension
    exec 8>&-
}
