# What the scripts share: sourced, not run.
# shellcheck shell=bash disable=SC2034 # the others use them

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
state=$root/.synckit # git-ignored: locks, logs, and what scripts/start keeps

# Debian's own Postgres; another one by PG_CONFIG.
PG_CONFIG=${PG_CONFIG:-/usr/lib/postgresql/15/bin/pg_config}

export LC_ALL=C.UTF-8 LANG=C.UTF-8 # the latter for tests that drop the first
export PATH="$PATH:/usr/sbin:/sbin" # su leaves them out; dpkg needs them
umask 022

# Nothing of the caller's own servers may slip in.
unset DATABASE_URL REDIS_URL MAKEFLAGS MAKELEVEL
for variable in "${!PG@}"; do
    [[ $variable == PG_CONFIG ]] || unset "$variable"
done
unset variable

# The user that servers run as: Postgres refuses root.
if ((EUID == 0)); then
    server_user=postgres
    server_identity=(--reuid=postgres --regid=postgres --init-groups)
else
    server_user=$(id -un)
    server_identity=(--keep-groups)
fi

exec 3>&1 # where people read: also while a step's output goes to its log

say() {
    printf '%s\n' "$*" >&3
}

fail() {
    printf 'ERROR:  %s\n' "$@" >&2
    exit 1
}

# Root's home is closed to the server user.
as_server_user() {
    if ((EUID == 0)); then
        HOME=/ setpriv "${server_identity[@]}" -- "$@"
    else
        "$@"
    fi
}

# Of the server user, and closed to all others (but root).
is_private() {
    [[ -d $1 && ! -L $1 && $(stat --format='%U %a' "$1") == "$server_user 700" ]]
}

as_root() {
    if ((EUID == 0)); then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo -- "$@"
    else
        fail "this needs root: run it as root, or install sudo: $*"
    fi
}

make_state_folder() {
    mkdir -p "$state"
    [[ -O $state ]] ||
        fail "$state belongs to $(stat -c %U "$state"): run this as that user, or remove the folder"
    mkdir -p "$state/log"
}

# lock NAME: until this script ends; its children do not inherit it.
lock() {
    exec 9>"$state/$1.lock"
    flock --nonblock 9 || fail "another scripts/$1 of this tree is running"
}

# attend COMMAND…: runs a program so that a signal to this script is served at once, and not when
# the program has ended. The program gets its own process group, to be ended with all its children
# by end_child, and ends with this script even if that is killed. Not for what asks at a terminal.
child=
attend() {
    local status=0
    begin "$@"
    wait "$child" || status=$?
    child=
    return "$status"
}

# The same without waiting: its id is in $child.
begin() {
    setsid -- setpriv --pdeathsig=TERM -- "$@" 3>&- 9>&- &
    child=$!
}

end_child() {
    [[ -n $child ]] || return 0
    kill -TERM -- "-$child" 2>/dev/null || true
    wait "$child" 2>/dev/null || true
    child=
}

seconds_since() {
    local now=${EPOCHREALTIME/./}
    local tenths=$(((now - $1) / 100000))
    printf '%d.%d s' $((tenths / 10)) $((tenths % 10))
}

# step TITLE LOG COMMAND…: a quiet step. If it fails, set -e ends the script, and show_failed_step
# (for the EXIT trap, with the exit status) shows the end of its log.
step_log=
step() {
    local title=$1 began=${EPOCHREALTIME/./}
    step_log=$state/log/$2.log
    printf '%s ... ' "$title" >&3
    "${@:3}" >"$step_log" 2>&1 </dev/null 9>&- # the lock is not for children
    step_log=
    say "$(seconds_since "$began")"
}

show_failed_step() {
    [[ -n $step_log ]] || return 0
    if (($1 > 128)); then
        say 'interrupted'
        return
    fi
    say "failed. The end of $step_log:"
    tail -n 40 "$step_log" >&3
    step_log=
}

# processes_in FOLDER [NAME]: ids of the processes (of that name) whose current folder is FOLDER or
# below it. A server's is its data folder, so this finds ours and no other, whatever pid files say.
processes_in() {
    local folder process name
    # find complains of those that end meanwhile, or are not ours to see.
    { find /proc -mindepth 2 -maxdepth 2 -path '/proc/[0-9]*/cwd' -printf '%l\t%h\n' 2>/dev/null || true; } |
        while IFS=$'\t' read -r folder process; do
            [[ $folder == "$1" || $folder == "$1"/* ]] || continue
            name=$(cat "$process/comm" 2>/dev/null) || continue
            if (($# == 1)) || [[ $name == "$2" ]]; then
                echo "${process##*/}"
            fi
        done
}

# All C++ of the tree, a line a file.
cpp_files() {
    git_here ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp' '*.h' |
        while read -r file; do
            [[ ! -e $root/$file ]] || printf '%s\n' "$file"
        done
}

# The tree may belong to someone else than root.
git_here() {
    git -C "$root" -c safe.directory="$root" "$@"
}
