# TAP for shell tests: sourced, not run. Gives a folder of its own ($work, removed at the end), a
# configuration folder of its own, and:
#   pass WHAT COMMAND...          the command succeeds
#   fail WHAT WORDS COMMAND...    it fails without crashing, and says WORDS (a grep -E pattern)
#   equal WHAT A B
#   skip WHAT WHY
# Call `finish` at the end.
# shellcheck shell=bash
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d /tmp/postern-tools-XXXXXX)
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME=$work/config
export XDG_STATE_HOME=$work/statehome
unset POSTERN_TEE POSTERN_KEY POSTERN_GDB
PATH=$root/out/bin:$PATH
number=0
failed=0

result() { # CODE WHAT
    number=$((number + 1))
    if [ "$1" = 0 ]; then
        echo "ok $number - $2"
    else
        failed=1
        echo "not ok $number - $2"
        [ -s "$work/.output" ] && sed 's/^/# /' "$work/.output"
    fi
}

pass() {
    local what=$1
    shift
    "$@" >"$work/.output" 2>&1 </dev/null
    result $? "$what"
}

fail() {
    local what=$1 words=$2 code
    shift 2
    "$@" >"$work/.output" 2>&1 </dev/null
    code=$?
    # Above 128: a signal; 99: a sanitizer (below).
    if [ $code = 0 ] || [ $code -ge 128 ] || [ $code = 99 ]; then
        echo "exit status $code" >>"$work/.output"
        result 1 "$what"
    else
        grep -qE -- "$words" "$work/.output"
        result $? "$what"
    fi
}

equal() {
    printf 'expected: %s\nis:       %s\n' "$3" "$2" >"$work/.output"
    [ "$2" = "$3" ]
    result $? "$1"
}

skip() {
    number=$((number + 1))
    echo "ok $number - $1 # SKIP $2"
}

finish() {
    echo "1..$number"
    exit $failed
}

export ASAN_OPTIONS=exitcode=99:detect_leaks=0 UBSAN_OPTIONS=exitcode=99:print_stacktrace=1

# A small app: an ELF file that would be accepted, and a manifest for it.
UUID=12345678-1234-4234-8234-123456789abc
make_elf() { # FILE
    printf '.globl _start\n_start: jmp _start\n.section .note.GNU-stack,"",@progbits\n' |
        gcc -x assembler -nostdlib -static-pie -Wl,-z,noexecstack,-z,max-page-size=4096,--build-id=none \
            -o "$1" -
}
make_manifest() { # FILE
    cat >"$1" <<END
gpd.ta.appID: $UUID
gpd.ta.version: 1.2.3
gpd.ta.singleInstance: true
gpd.ta.description: a test
postern.ports: com.example.test:ns
my.property: value
END
}

# An app and a client made by `postern new`, built against the tree: $app (UUID), $work/x/client,
# which prints "greetings from x: 40 + 2 = 42".
make_app() {
    export PKG_CONFIG_PATH=$root/out/lib/pkgconfig LD_LIBRARY_PATH=$root/out/lib
    (cd "$work" && postern new x --gp && make -s -C x CC=gcc POSTERN="$root/out/bin/postern") \
        >"$work/.made" 2>&1 || { cat "$work/.made" && exit 1; }
    # shellcheck disable=SC2034 # used by whoever sources this
    app=$(sed -n 's/gpd.ta.appID: //p' "$work/x/manifest.txt")
}

# Other users than root have to reach the programs, also when the tree lies in root's own folder.
reach_for_all() {
    chmod 711 "$work"
    [ "$(id -u)" = 0 ] || return 0
    setpriv --reuid 65534 --regid 65534 --clear-groups test -x "$root/out/bin/postern" && return 0
    mkdir -p "$work/tree/out" && cp -a "$root/out/bin" "$root/out/lib" "$work/tree/out" || exit 1
    chmod -R a+rX "$work/tree"
    root=$work/tree
    PATH=$root/out/bin:$PATH
    export LD_LIBRARY_PATH=$root/out/lib
}

# Waits until the command succeeds; what takes two minutes has failed, however slow the machine is.
wait_until() {
    local end=$((SECONDS + 120))
    while [ $SECONDS -lt $end ]; do
        "$@" >/dev/null 2>&1 && return 0
        sleep 0.05
    done
    return 1
}

# The files of a folder that name the tree's. A path of it, whole: the tree may lie in /app, and there
# are paths that have that in them.
files_that_name_the_tree() { # FOLDER
    LC_ALL=C grep -rlaP "(^|[^A-Za-z0-9_./-]|-[IL])\\Q$root\\E(?![A-Za-z0-9_.-])" "$1"
}

# Whether no process is left that has this in its command line.
none_runs() {
    ! pgrep -f -- "$1" >/dev/null
}

# For tests of `postern run`, whose XDG_RUNTIME_DIR is a folder of their own: no process and no file of
# a run is left.
clean() { # WHAT
    wait_until none_runs "$XDG_RUNTIME_DIR" && [ -z "$(ls -A "$XDG_RUNTIME_DIR")" ]
    result $? "$1"
    find "$XDG_RUNTIME_DIR" -mindepth 1 -delete
}
# The command ends with this exit status; run in $work.
status() { # WHAT STATUS COMMAND...
    local what=$1 wanted=$2 code
    shift 2
    "$@" >.output 2>&1 </dev/null
    code=$?
    echo "exit status $code, expected $wanted" >>.output
    [ $code = "$wanted" ]
    result $? "$what"
}
