# A copy of the tree for tests, which the server user can work in: sourced, after common.sh.
# shellcheck shell=bash disable=SC2154 # what common.sh sets

stage=

# What git knows or would know, and the programs. For an ordinary user, too: no test leaves anything
# in the tree.
make_stage() {
    local file
    remove_stage_of_a_killed_run
    stage=$(as_server_user mktemp --directory "$(realpath /var/tmp)/synckit-test.XXXXXX")
    ln --symbolic --force --no-dereference "$stage" "$state/stage"
    as_server_user mkdir -p "$stage/tree/build" "$stage/tap" "$stage/tmp"
    git_here ls-files -z --cached --others --exclude-standard |
        while IFS= read -r -d '' file; do
            [[ ! -e $root/$file ]] || printf '%s\0' "$file"
        done |
        tar --directory="$root" --create --null --files-from=- |
        as_server_user tar --directory="$stage/tree" --extract
    for file in synckit synckit-replay; do
        as_server_user tee "$stage/tree/build/$file" <"$root/build/$file" >/dev/null
        as_server_user chmod +x "$stage/tree/build/$file"
    done
}

remove_stage_of_a_killed_run() {
    stage=$(readlink "$state/stage" || true)
    if is_private "$stage"; then
        remove_stage
    fi
    stage=
}

remove_stage() {
    [[ -n $stage ]] || return 0
    end_leftovers
    as_server_user rm -rf "$stage"
    rm -f "$state/stage"
    stage=
}

# What lives in the stage.
leftovers() {
    [[ -z $stage ]] || processes_in "$stage" | paste -sd ' '
}

# Postgres takes SIGQUIT for a stop that leaves nothing behind.
end_leftovers() {
    local signal processes tries
    for signal in QUIT KILL; do
        for ((tries = 0; tries < 50; tries++)); do
            read -ra processes < <(leftovers) || true
            ((${#processes[@]} > 0)) || return 0
            ((tries > 0)) || kill "-$signal" "${processes[@]}" 2>/dev/null || true
            sleep 0.1
        done
    done
}

# attend_in FOLDER COMMAND…: as the server user, in a folder of the stage.
attend_in() {
    attend env --chdir="$1" HOME="$stage" TMPDIR="$stage/tmp" \
        setpriv --pdeathsig=TERM "${server_identity[@]}" -- "${@:2}"
}
