# shellcheck shell=bash
# What the examples' tests have in common; sourced by apps/*/test.sh, which are run from the root of
# the tree. `run` runs a program in a private TEE with the example apps; `ok` prints a TAP line.
#
# In the TrustZone machine's guest (TAP_TEE=guest) there is one TEE for all, which runs already.
set -u

: "${TAP_TEE:=own}"
tap_count=0
tap_failed=0
export XDG_CONFIG_HOME="$PWD/out/config"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# ok WHAT COMMAND...: good when the command succeeds.
ok() {
    local what=$1
    shift
    tap_count=$((tap_count + 1))
    if "$@"; then
        echo "ok $tap_count - $what"
    else
        tap_failed=1
        echo "not ok $tap_count - $what"
    fi
}

# is WHAT FOUND EXPECTED
is() {
    if [ "$2" != "$3" ]; then
        printf '# found:    %s\n# expected: %s\n' "$2" "$3"
    fi
    ok "$1" [ "$2" = "$3" ]
}

# run UUID... -- PROGRAM ARGUMENTS...
run() {
    local apps=()
    while [ "$1" != -- ]; do
        apps+=(--app "out/apps/$1.ta")
        shift
    done
    shift
    if [ "$TAP_TEE" = guest ]; then
        "$@"
    else
        out/bin/postern run "${apps[@]}" -- "$@"
    fi
}

# skip WHAT REASON: the line that says why something is not tested here.
skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

# only_own WHAT: whether each run has a TEE of its own; otherwise the case is skipped.
only_own() {
    [ "$TAP_TEE" = own ] && return
    skip "$1" "the secure kernel starts and ends with the machine"
    return 1
}

finish() {
    echo "1..$tap_count"
    exit $tap_failed
}
