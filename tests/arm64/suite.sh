# shellcheck shell=bash
# What the scripts that run many tests in one boot of the guest have in common; sourced. The guest's
# part (guest/suite-run) prints "guest: test NAME" before and "guest: status N" after each test; the tests
# print TAP.
set -u -o pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/../../out/arm64
suite_number=0
suite_failed=0

report() { # 0 or not, what
    suite_number=$((suite_number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $suite_number - $2"
    else
        echo "not ok $suite_number - $2"
        suite_failed=1
    fi
}

# suite_pack CPIO NAME=PATH...: the file system to add; standard input is the list of commands, each of
# them a test, which is called by its last word.
suite_pack() {
    local cpio=$1
    shift
    cat >"$cpio.list"
    "$here/initrd" add "$cpio" "test/run=$here/guest/suite-run" "test/list=$cpio.list" \
        "out/bin/postern-supplicant=$out/bin/postern-supplicant" \
        "out/bin/postern=$out/bin/postern" "$@"
}

# suite_run NAME RELEASE CPIO OPTIONS...: one boot. Its lines are passed on with its name and the test's.
suite_run() {
    local name=$1 release=$2 cpio=$3 line test='' plan='' count=0 ended=0 log=$3.log
    shift 3
    while IFS= read -r line; do
        line=${line%$'\r'}
        case $line in
        "guest: test "*)
            test=${line#guest: test }
            plan='' count=0
            ;;
        "guest: status "*)
            [ "${line#guest: status }" = 0 ] && [ "$plan" = "$count" ]
            report $? "$name: $test came to its end"
            ended=$((ended + 1))
            ;;
        "ok "*)
            count=$((count + 1))
            report 0 "$name: $test: ${line#ok * - }"
            ;;
        "not ok "*)
            count=$((count + 1))
            report 1 "$name: $test: ${line#not ok * - }"
            ;;
        "1.."*) plan=${line#1..} ;;
        *) echo "# $line" ;;
        esac
    done < <("$here/machine" --debian "$release" --flash "$out/flash-test.bin" \
        --initrd "$out/base-$release.cpio" --initrd "$cpio" --timeout 1500 --secure-log "$log" \
        "$@" </dev/null 2>&1)
    [ "$ended" = "$(wc -l <"$cpio.list")" ]
    report $? "$name: every test was run"
    ! grep -q -E 'PANIC|exception' "$log"
    report $? "$name: the kernel did not complain"
}

suite_end() {
    echo "1..$suite_number"
    exit $suite_failed
}
