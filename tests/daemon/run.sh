#!/bin/bash
# Runs end-to-end tests against a daemon that was built with a sanitizer.
#   tests/daemon/run.sh KIND TEST...
# Each test's own verdict counts, and one more: that the sanitizer had nothing to say.
set -u
kind=$1
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export POSTERND=$PWD/out/tests/sanitized/posternd-$kind
export TSAN_OPTIONS="log_path=$work/report exitcode=66"
export ASAN_OPTIONS="log_path=$work/report detect_leaks=0"
export UBSAN_OPTIONS="log_path=$work/report print_stacktrace=1"
number=0
failed=0
verdict() {
    number=$((number + 1))
    echo "$1 $number - $kind: $2"
    [ "$1" = ok ] || failed=1
}
for test in "$@"; do
    if "out/tests/e2e-$test" >"$work/output" 2>&1; then
        verdict ok "$test"
    else
        sed 's/^/# /' "$work/output" | tail -n 60
        verdict "not ok" "$test"
    fi
    if compgen -G "$work/report*" >/dev/null; then
        cat "$work"/report* | sed 's/^/# /' | head -n 120
        rm -f "$work"/report*
        verdict "not ok" "$test: the sanitizer is silent"
    else
        verdict ok "$test: the sanitizer is silent"
    fi
done
echo "1..$number"
exit $failed
