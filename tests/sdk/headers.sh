#!/bin/sh
# The app headers compile without a warning in the languages and manners that sources use, alone and
# twice; what they declare is in the library, and what is in the library and has a public name is
# declared.
#
#   tests/sdk/headers.sh arm64    the same, against the C library of the SDK for TrustZone
#                                 (tests/arm64/sdk-headers-test)
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
warnings="-Wall -Wextra -Wundef -Wshadow -Werror"

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
cxx_compilers='g++ clang++'
target=
archive=out/sdk/lib/x86_64/libpostern_ta.a
if [ "${1:-}" = arm64 ]; then
    cc=${ARM64_CC:-aarch64-linux-gnu-gcc}
    compilers=$cc
    cxx_compilers=
    target="-nostdinc -isystem out/sdk/musl/include -isystem $($cc -print-file-name=include)"
    archive=out/sdk/lib/aarch64/libpostern_ta.a
fi

# compile COMPILER FLAGS LANGUAGE SOURCE
compile() {
    # shellcheck disable=SC2086 # flags are words
    "$1" $2 $warnings -Iout/sdk/include $target -x "$3" -c -o "$work/object.o" "$4"
}

for compiler in $compilers; do
    for standard in gnu99 c11 c17 gnu17; do
        for source in globalplatform_1_3 globalplatform_1_1 optee; do
            check "$source.c with $compiler -std=$standard" \
                compile $compiler -std=$standard c tests/sdk/headers/$source.c
        done
    done
    check "globalplatform_1_3.c with $compiler, pedantic" \
        compile $compiler "-std=c11 -Wpedantic" c tests/sdk/headers/globalplatform_1_3.c
done
for compiler in $cxx_compilers; do
    for standard in c++11 c++17 gnu++20; do
        check "globalplatform_1_3.c with $compiler -std=$standard" \
            compile $compiler -std=$standard c++ tests/sdk/headers/globalplatform_1_3.c
    done
done
for header in tee_api.h tee_api_defines.h tee_api_types.h tee_internal_api.h tee_ta_api.h \
    tee_internal_api_extensions.h postern_ta.h trace.h; do
    printf '#include <%s>\n#include <%s>\nint x;\n' "$header" "$header" >"$work/alone.c"
    check "$header alone, in C" compile "$cc" -std=c11 c "$work/alone.c"
    [ -z "$cxx_compilers" ] ||
        check "$header alone, in C++" compile g++ -std=c++11 c++ "$work/alone.c"
done

# Declared and defined are the same.
grep -ho '\b\(TEE\|TA\|postern\)_[A-Za-z0-9_]*(' api/ta/tee_api.h api/ta/tee_ta_api.h api/ta/postern_ta.h |
    tr -d '(' | grep -v '^TEE_PARAM_\|^postern_trusty' | sort -u >"$work/declared"
nm -g --defined-only $archive 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep '^\(TEE\|TA\|postern\)_' | grep -v '^postern_trusty' | sort -u >"$work/defined"
check "what the headers declare is defined, and the other way round" \
    diff "$work/declared" "$work/defined"
check "there are some" test "$(wc -l <"$work/declared")" -gt 60
# Of names that an app might have itself, the archive defines none but the APIs'.
nm -g --defined-only $archive 2>/dev/null | awk 'NF == 3 { print $3 }' |
    grep '^\(rt\|gp\|call\|handle\|request\|property\|object\|operation\|digest\|hmac\|hash\|uuid\|manifest\|turn\|fault\|probe\|serve\|memory\)_' |
    grep -v '^rt_start$\|^rt_sanitizer$\|^handle_set_\|^uuid_to_str$\|^str_to_uuid$' >"$work/inner"
check "no inner name is visible to apps" test ! -s "$work/inner"

# An app with functions of the runtime's inner names, and without crypto, links without libcrypto.
cat >"$work/app.c" <<'END'
#include <tee_internal_api.h>
int sys_call(void);
int sys_call(void) { return 1; }
int request_decode(void);
int request_decode(void) { return 2; }
TEE_Result TA_InvokeCommandEntryPoint(void *c, uint32_t i, uint32_t t, TEE_Param p[4])
{
    (void)c; (void)t; (void)p;
    return TEE_Malloc(i, 0) != NULL ? (TEE_Result)(sys_call() + request_decode()) : 0;
}
END
link() {
    if [ "$cc" = gcc ]; then
        gcc -static-pie -fPIE -Wl,--undefined=rt_start -Iout/sdk/include -o "$work/app" "$work/app.c" \
            $archive
    else
        # shellcheck disable=SC2086 # flags are words
        "$cc" -nostdlib -static-pie -fPIE -Wl,--wrap=vfprintf,--wrap=fwrite -mno-outline-atomics \
            -Iout/sdk/include $target -o "$work/app" "$work/app.c" \
            -Wl,--start-group $archive out/sdk/musl/lib/libc.a -lgcc -Wl,--end-group
    fi
}
check "an app with clashing names links" link
if [ "$cc" = gcc ]; then
    "$work/app" >"$work/run" 2>&1
    check "started by hand it says what it is" grep -q "this is a trusted app" "$work/run"
fi
echo "1..$number"
