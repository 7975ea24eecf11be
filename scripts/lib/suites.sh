# The suites of scripts/test: sourced, after stage.sh. Each counts into $passed and $failed.
# shellcheck shell=bash disable=SC2154 # what common.sh and scripts/test set

# shellcheck disable=SC2034 # for scripts/test
all_suites=(unit fuzz model regress isolation tap steps checks)

# run SUITE: in $passed and $failed is then what it counted.
run_suite() {
    passed=0
    failed=0
    status=0
    log=$state/log/test-$1.log
    results=$state/test/$1 # what it leaves to look at
    rm -rf "$log" "$results"
    "suite_$1"
    # What went wrong without a test that failed is a failure, too, and so is a suite of nothing.
    ((passed + failed > 0)) || say "ERROR:  suite $1 ran no test"
    ((status == 0 && passed + failed > 0 || failed > 0)) || failed=1
}

suite_unit() {
    listen attend "$root/build/unit_tests" --gtest_brief=1
    passed=$(number '^\[  PASSED  \] ([0-9]+) test.*')
    failed=$(grep -Ec '^\[  FAILED  \] .* \([0-9]+ ms\)$' "$log" || true)
    failed=$((failed + $(number '^\[  SKIPPED \] ([0-9]+) test.*')))
}

# A fuzz program is a test.
suite_fuzz() {
    local program
    mkdir -p "$results"
    for program in "$root"/test/fuzz/*.cpp; do
        listen fuzz "$(basename "$program" .cpp)"
        if ((status == 0)); then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
}

# fuzz NAME: all that was recorded, then new inputs for some seconds. What is found is put into a
# copy of the corpus, since libFuzzer writes to the folder that it reads.
fuzz() {
    local name=$1 seconds=5 work=$results/$1 output=$results/$1.log recorded
    [[ -z ${SYNCKIT_TEST_LONG:-} ]] || seconds=120
    recorded=$(find "$root/test/fuzz/corpus/$name" -type f | wc -l) || return 1
    if ((recorded == 0)); then
        echo "ERROR:  $name has no recorded input"
        return 1
    fi
    cp -r "$root/test/fuzz/corpus/$name" "$work"
    if run_fuzzer "$name" -runs=0 && (($(executed "$output") >= recorded)) &&
        run_fuzzer "$name" -max_total_time="$seconds" && (($(executed "$output") > recorded)); then
        echo "$name: $recorded recorded inputs, then $(($(executed "$output") - recorded)) in $seconds s"
        rm -r "$work"
        return 0
    fi
    show_reproducers "$name"
    return 1
}

run_fuzzer() {
    attend "$root/build/fuzz/fuzz_$1" -max_len=4096 -timeout=10 -rss_limit_mb=2048 \
        -print_final_stats=1 -artifact_prefix="$results/$1-" "${@:2}" "$results/$1" \
        >"$results/$1.log" 2>&1
}

# How many inputs a fuzz program ran, by its own account.
executed() {
    local units
    units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$1")
    echo "${units:-0}"
}

show_reproducers() {
    local file
    echo "ERROR:  $1 failed. The end of $results/$1.log:"
    grep -av '^stat::' "$results/$1.log" | tail -n 40
    for file in "$results/$1"-*; do
        [[ -e $file ]] || continue
        echo "The input is kept in $file; in base64:"
        base64 "$file"
    done
}

# A search of the model, and each way to break it, is a test.
suite_model() {
    listen attend "$root/test/model/check" "$results"
    passed=$(grep -c '^ok ' "$log" || true)
    failed=$(grep -c '^not ok ' "$log" || true)
}

suite_regress() {
    installcheck "$stage"/tree/sql '*.sql' ISOLATION= .
}

suite_isolation() {
    installcheck "$stage"/tree/test/specs '*.spec' REGRESS= output_iso
}

# installcheck FOLDER TESTS WITHOUT OUTPUT: one half of make installcheck.
installcheck() {
    local tests
    tests=$({ find "$1" -name "$2" || true; } | wc -l)
    listen attend_in "$stage/tree" make --silent installcheck PG_CONFIG="$PG_CONFIG" "$3"
    passed=$(grep -Ec '\.\.\. ok( |$)' "$log" || true)
    failed=$((tests - passed)) # also those that it did not come to
    keep_results "$stage/tree/$4/results" "$stage/tree/$4"/regression.* "$stage/tree/$4/log"
    if [[ -s $results/regression.diffs ]]; then
        show_end "$results/regression.diffs"
    elif ((failed > 0)); then
        show_end "$results/log/postmaster.log"
    fi
}

suite_tap() {
    local files
    mapfile -t files < <(cd "$stage/tree" && find test/t -name '*.pl' | sort)
    run_tap "$("$PG_CONFIG" --bindir)" "${files[@]}"
}

# The publisher ended at every step of its work takes a library that is built for that, and a copy of
# Postgres to put it into: nothing of it is ever installed.
suite_steps() {
    local copy=$stage/steps files
    listen attend_in "$stage/tree" make --silent --jobs="$(nproc)" STEPS=1 PG_CONFIG="$PG_CONFIG" all
    ((status == 0)) || return 0
    listen copy_postgres "$copy"
    ((status == 0)) || return 0
    mapfile -t files < <(cd "$stage/tree" && find test/steps -name '*.pl' | sort)
    run_tap "$copy$("$PG_CONFIG" --bindir)" "${files[@]}"
}

# copy_postgres FOLDER: Postgres finds what belongs to it from where its programs are.
copy_postgres() {
    local folder library extension
    for folder in "$("$PG_CONFIG" --bindir)" "$("$PG_CONFIG" --pkglibdir)" "$("$PG_CONFIG" --sharedir)"; do
        as_server_user mkdir -p "$1$(dirname "$folder")"
        as_server_user cp -r "$folder" "$1$folder"
    done
    library=$1$("$PG_CONFIG" --pkglibdir)
    extension=$1$("$PG_CONFIG" --sharedir)/extension
    as_server_user cp "$stage/tree/synckit.so" "$library"
    as_server_user cp "$stage"/tree/extension/synckit.control "$stage"/tree/extension/synckit--*.sql "$extension"
}

# run_tap BINDIR FILE…
run_tap() {
    local pgxs file bindir=$1
    pgxs=$(realpath "$(dirname "$("$PG_CONFIG" --pgxs)")/../..")
    listen attend_in "$stage/tree" env \
        PATH="$bindir:$PATH" PERL5LIB="$pgxs/src/test/perl" \
        PG_REGRESS="$pgxs/src/test/regress/pg_regress" top_builddir="$stage/tap" \
        TESTDIR="$stage/tap" TESTDATADIR="$stage/tap/tmp_check" \
        TESTLOGDIR="$stage/tap/tmp_check/log" BUILD_DIR="$stage/tree/build" \
        scripts/lib/run-tap "${@:2}"
    passed=$(number '^TAP: ([0-9]+) passed, .*')
    failed=$(number '^TAP: .*, ([0-9]+) failed$')
    keep_results "$stage/tap/tmp_check/log"
    while read -r file; do
        show_end "$results/log/regress_log_$(basename "$file" .pl)"
    done < <(sed -n 's/^failed: //p' "$log")
}

suite_checks() {
    local check
    for check in check_format check_paths check_frozen; do
        listen "$check"
        if ((status == 0)); then
            passed=$((passed + 1))
        else
            failed=$((failed + 1))
        fi
    done
}

check_format() {
    local files
    mapfile -t files < <(cpp_files)
    echo "clang-format of ${#files[@]} files"
    (cd "$root" && clang-format-14 --dry-run -Werror -- "${files[@]}")
}

# A path that only the machine of its writer has.
check_paths() {
    local here
    here=$(sed 's/[^[:alnum:]_/-]/\\&/g' <<<"$root")
    echo "paths of one machine"
    git_here grep --untracked --line-number -IE \
        "(^|[^[:alnum:]_.-])($here|/root|/home/[a-z]+|/Users/[[:alpha:]]+)/" || return 0
    return 1
}

# What was released stays as it is: whoever has installed it would not get what is changed in it. Changes are made by a script
# synckit--OLD--NEW.sql, and by a further migration.
check_frozen() {
    echo "released scripts"
    (cd "$root" && sha256sum --check --strict test/frozen.sha256)
}

# listen COMMAND…: runs it, shows what it says and appends that to $log; its result is in $status.
listen() {
    local tee left
    status=0
    exec 5> >(exec tee --append "$log" >&3 9>&-)
    tee=$!
    "$@" >&5 2>&1 5>&- || status=$?
    left=$(leftovers)
    if [[ -n $left ]]; then
        echo "ERROR:  still running at the end, and stopped now: $left" >&5
        status=1
        end_leftovers
    fi
    exec 5>&-
    wait "$tee"
}

# number PATTERN: the group of its last match in what was said; 0 without one.
number() {
    local found
    found=$(sed -En "s/$1/\1/p" "$log" | tail -n 1)
    echo "${found:-0}"
}

keep_results() {
    local path
    mkdir -p "$results"
    for path in "$@"; do
        [[ ! -e $path ]] || cp -r "$path" "$results"
    done
    say "  results and logs: $results"
}

show_end() {
    [[ -e $1 ]] || return 0
    say "  --- the end of ${1##*/}:"
    tail -n 80 "$1" >&3
}
