#!/bin/sh
# Compiles sources of both Trusty generations, and the document's own, unmodified and without a
# warning, with both compilers; checks that the names that the C library has, too, mean Trusty's
# functions in every order of the includes, and the C library's where Trusty's are not included.
#
#   tests/trusty/trusty-headers.sh arm64    the same with the installed headers, against the C
#                                           library of the SDK for TrustZone (tests/arm64/trusty-headers-test)
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0

# check WHAT COMMAND...
check() {
    what=$1
    shift
    number=$((number + 1))
    if "$@" >"$work/log" 2>&1; then
        echo "ok $number - $what"
    else
        sed 's/^/# /' "$work/log"
        echo "not ok $number - $what"
    fi
}

cc=gcc
compilers='gcc clang'
target=-Iapi/ta
if [ "${1:-}" = arm64 ]; then
    cc=${ARM64_CC:-aarch64-linux-gnu-gcc}
    compilers=$cc
    target="-Iout/sdk/include -nostdinc -isystem out/sdk/musl/include
        -isystem $($cc -print-file-name=include)"
fi

# compile COMPILER FLAGS SOURCE
compile() {
    # shellcheck disable=SC2086 # flags are words
    "$1" $2 -Wall -Wextra -Werror $target -c -o "$work/object.o" "$3"
}

# The undefined names of the object, one a line; a checked form (_FORTIFY_SOURCE) by its plain name.
undefined() {
    nm -u "$work/object.o" | sed -e 's/.* U //' -e 's/^__\(.*\)_chk$/\1/'
}

expect_names() {
    compile "$1" "$2" "$3" || return 1
    shift 3
    undefined >"$work/names"
    for name; do
        grep -qx "$name" "$work/names" || { echo "no $name in:" && cat "$work/names" && return 1; }
    done
}

refuse_names() {
    compile "$1" "$2" "$3" || return 1
    shift 3
    undefined >"$work/names"
    for name; do
        ! grep -qx "$name" "$work/names" || { echo "$name is there"; return 1; }
    done
}

trusty='postern_trusty_close postern_trusty_read postern_trusty_write postern_trusty_accept
    postern_trusty_connect postern_trusty_wait postern_trusty_ioctl postern_trusty_readv
    postern_trusty_writev postern_trusty_nanosleep'
libc='close read write accept connect wait ioctl readv writev nanosleep'

{
    echo '@INCLUDES@'
    cat <<'SOURCE'
struct file { long (*close)(void); int wait, read; };
long all(struct file *file, void *p, uevent_t *event, uuid_t *uuid, const iovec_t *iov);
long all(struct file *file, void *p, uevent_t *event, uuid_t *uuid, const iovec_t *iov)
{
    file->wait = file->read;
    return close(1) + read(0, p, 1) + write(1, p, 1) + accept(1, uuid) + connect("a", 0) +
           wait(1, event, -1) + ioctl(1, 2, p) + readv(0, iov, 1) + writev(1, iov, 1) +
           nanosleep(0, 0, 1) + (iov->base == iov->iov_base) + file->close();
}
SOURCE
} >"$work/template"
headers='unistd.h sys/socket.h sys/wait.h sys/ioctl.h sys/uio.h time.h stdio.h'
before=$(for h in $headers; do echo "#include <$h>"; done)
own='#include <trusty_ipc.h>'

order() { # NAME TEXT
    awk -v text="$2" '/@INCLUDES@/ { print text; next } { print }' "$work/template" >"$work/$1.c"
}
order after "$before
$own"
order first "$own
$before"
order alone "$own"
for h in $headers; do
    order "before-$(echo "$h" | tr / -)" "#include <$h>
$own"
    order "after-$(echo "$h" | tr / -)" "$own
#include <$h>"
done

for compiler in $compilers; do
    if ! command -v $compiler >/dev/null; then
        number=$((number + 1))
        echo "ok $number - $compiler # SKIP not installed"
        continue
    fi
    for flags in '-std=c99 -D_DEFAULT_SOURCE' -std=c17 '-std=gnu17 -O2 -D_FORTIFY_SOURCE=2' \
        '-std=gnu11 -O2 -D_GNU_SOURCE'; do
        check "the document's server ($compiler $flags)" \
            compile $compiler "$flags" apps/echo/server.c
        check "an older source ($compiler $flags)" \
            compile $compiler "$flags" tests/trusty/headers/older.c
    done
    for flags in -std=gnu11 '-std=gnu17 -O2 -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE'; do
        check "the document's client ($compiler $flags)" \
            compile $compiler "$flags" apps/echo-client/client.c
        check "a newer source ($compiler $flags)" \
            compile $compiler "$flags" tests/trusty/headers/newer.c
        # shellcheck disable=SC2086 # names are words
        check "other sources keep the C library's ($compiler $flags)" \
            expect_names $compiler "$flags" tests/trusty/headers/plain.c $libc
        for source in "$work"/*.c; do
            name=$(basename "$source" .c)
            # shellcheck disable=SC2086 # names are words
            check "names are Trusty's: $name ($compiler $flags)" \
                expect_names $compiler "$flags" "$source" $trusty
            # shellcheck disable=SC2086 # names are words
            check "and only Trusty's: $name ($compiler $flags)" \
                refuse_names $compiler "$flags" "$source" $libc
        done
    done
done
for header in api/ta/trusty_*.h api/ta/uapi/*.h api/ta/trusty/*.h api/ta/lib/tipc/*.h \
    api/ta/lk/*.h api/ta/err.h; do
    echo "#define TLOG_TAG \"x\"
#include <${header#api/ta/}>
int nothing;" >"$work/one.c"
    check "${header#api/ta/} stands alone" compile "$cc" -std=c17 "$work/one.c"
done
echo "1..$number"
