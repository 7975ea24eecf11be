# A Postgres and a Redis of the script's own: sourced, after common.sh.
# shellcheck shell=bash disable=SC2154 # what common.sh sets

postgres_process=
redis_process=

# private_folder NAME ELSEWHERE CHECK: the folder .synckit/NAME, for the server user alone; if CHECK
# refuses it, one of a random name in ELSEWHERE, which a link in its place finds again. Sets $folder.
private_folder() {
    local place=$state/$1
    folder=$place
    if [[ ! -L $place ]]; then
        [[ -e $place ]] || install --directory --mode=700 --owner="$server_user" "$place"
        is_private "$place" ||
            fail "$place does not belong to $server_user alone: remove it, or run this as its owner"
        ! "$3" "$place" || return 0
        rmdir "$place" || fail "$place cannot be used from here any more: remove it"
    fi
    folder=$(readlink "$place" || true)
    if ! is_private "$folder"; then
        folder=$(as_server_user mktemp --directory "$(realpath "$2")/synckit.XXXXXX")
        ln --symbolic --force --no-dereference "$folder" "$place"
    fi
}

# A tree below /root is closed to the server user.
is_reachable() {
    as_server_user test -w "$1"
}

# The path of a socket holds at most 107 bytes; and what needs no quoting in URLs and settings keeps
# them simple.
fits_sockets() {
    local LC_ALL=C
    is_reachable "$1" && ((${#1} <= 85)) && [[ $1 =~ ^[A-Za-z0-9/._-]+$ ]]
}

# find_folders PREFIX: servers of another prefix are others, with folders and logs of their own.
find_folders() {
    private_folder "$1servers" /var/tmp is_reachable
    data=$folder/data
    redis_folder=$folder/redis
    private_folder "$1sockets" /tmp fits_sockets
    sockets=$folder
    server_logs=$state/log/$1
    bindir=$("$PG_CONFIG" --bindir)
    export PGHOST=$sockets PGUSER=postgres PGDATABASE=synckit
    export REDIS_URL=unix://$sockets/redis.sock
}

make_cluster() {
    as_server_user mkdir -p "$redis_folder"
    as_server_user test ! -e "$data/PG_VERSION" || return 0
    # Under another name first: what was interrupted is not taken for a cluster.
    as_server_user rm -rf "$data.new"
    (cd / && as_server_user "$bindir/initdb" --pgdata="$data.new" --username=postgres --auth=trust \
        --encoding=UTF8 --locale=C.UTF-8 --no-instructions)
    as_server_user mv "$data.new" "$data"
}

# configure_cluster SETTING…: written at every start, since the tree may have moved. What ALTER
# SYSTEM sets is kept.
configure_cluster() {
    as_server_user tee "$data/postgresql.conf" <<CONF
# Written by scripts/${0##*/} at every start; use ALTER SYSTEM for settings of your own.
listen_addresses = ''
unix_socket_directories = '$sockets'
unix_socket_permissions = 0700
$(printf '%s\n' "$@")
CONF
}

# spawn FOLDER LOG COMMAND…: a server in the background, in its own session, so that Ctrl-C is first
# for this script; it ends with this script even if that is killed. Its id is then in $!.
spawn() {
    (
        cd "$1" || exit
        exec env HOME=/ setsid -- setpriv --pdeathsig=INT "${server_identity[@]}" -- "${@:3}"
    ) >>"$2" 2>&1 </dev/null 3>&- 9>&- &
}

start_servers() {
    clear_servers
    start_redis
    start_postgres
    await_redis
    await_postgres
}

# What an earlier run left that was killed.
clear_servers() {
    stop_servers
    # It could name processes that are others by now.
    as_server_user rm -f "$data/postmaster.pid"
    as_server_user find "$sockets" -mindepth 1 -delete
}

start_redis() {
    spawn "$redis_folder" "${server_logs}redis-server.log" redis-server --port 0 --save '' \
        --unixsocket "$sockets/redis.sock" --unixsocketperm 700 --dir "$redis_folder"
    redis_process=$!
}

await_redis() {
    await Redis "$redis_process" "${server_logs}redis-server.log" \
        redis-cli -s "$sockets/redis.sock" ping
}

start_postgres() {
    spawn "$data" "${server_logs}postgres.log" "$bindir/postgres" -D "$data"
    postgres_process=$!
}

await_postgres() {
    await Postgres "$postgres_process" "${server_logs}postgres.log" \
        "$bindir/pg_isready" --dbname=postgres
}

# await NAME PROCESS LOG QUESTION…: until the server says yes; recovery after a crash takes a while.
await() {
    local deadline=$((SECONDS + 120))
    until "${@:4}" >/dev/null 2>&1; do
        if ! kill -0 "$2" 2>/dev/null || ((SECONDS > deadline)); then
            tail -n 20 "$3"
            fail "$1 does not come up"
        fi
        sleep 0.05
    done
}

stop_servers() {
    [[ -n ${data-} ]] || return 0
    stop_server postgres "$data"
    stop_server redis-server "$redis_folder"
}

# stop_server NAME FOLDER: it is up to a postmaster to end its children; should it have been killed,
# they are what is left.
stop_server() {
    local signal processes process tries
    for signal in INT QUIT; do
        mapfile -t processes < <(processes_in "$2" "$1")
        for process in "${processes[@]}"; do
            ! has_no_parent_in "$process" "${processes[*]}" || kill "-$signal" "$process" || true
        done
        for ((tries = 0; tries < 300; tries++)); do
            [[ -n $(processes_in "$2" "$1") ]] || return 0
            sleep 0.1
        done
    done
    fail "$1 does not stop: ${processes[*]}"
}

has_no_parent_in() {
    local parent
    parent=$(awk '$1 == "PPid:" { print $2 }' "/proc/$1/status" 2>/dev/null) || return 1
    [[ " $2 " != *" $parent "* ]]
}
