#!/bin/sh
# The client headers compile, without a warning, in every language and order that sources use, and
# the libraries export what they should and nothing else.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
number=0
c_flags="-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wundef -Werror"

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

# compile COMPILER FLAGS LANGUAGE SOURCE
compile() {
    # shellcheck disable=SC2086 # flags are words
    "$1" $2 $c_flags -Iapi/client -x "$3" -c -o "$work/object.o" "$4"
}

for compiler in gcc clang; do
    for standard in c99 c11 c17 gnu17; do
        for source in openharmony globalplatform; do
            check "$source.c with $compiler -std=$standard" \
                compile $compiler -std=$standard c tests/teec/headers/$source.c
        done
    done
done
for compiler in g++ clang++; do
    for standard in c++11 c++14 c++17 gnu++20; do
        check "globalplatform.c with $compiler -std=$standard" \
            compile $compiler -std=$standard c++ tests/teec/headers/globalplatform.c
    done
done

# Each header alone, first, and twice; with the folder's name and without.
for header in api/client/tee_client_*.h; do
    name=$(basename "$header")
    printf '#include <%s>\n#include <%s>\nint x;\n' "$name" "$name" >"$work/alone.c"
    check "$name alone, in C" compile gcc -std=c99 c "$work/alone.c"
    check "$name alone, in C++" compile g++ -std=c++11 c++ "$work/alone.c"
done
mkdir -p "$work/include"
ln -s "$PWD/api/client" "$work/include/postern"
printf '#include <postern/tee_client_api.h>\n#include <postern/tee_client_error.h>\nint x;\n' \
    >"$work/folder.c"
check "headers by their folder's name" compile gcc "-std=c11 -I$work/include" c "$work/folder.c"

# What the document lists: every name compiles as an enumerator or macro with the printed value.
check "a C program links with the shared library" sh -c "
    printf '%s\n' '#include <tee_client_api.h>' '#include <tee_client_error.h>' \
        '#include <tee_client_trace.h>' 'int main(void) { TEEC_Context c; struct postern_teec_trace t;' \
        'TEEC_InitializeContext(\"/nowhere\", &c); TEEC_FinalizeContext(&c);' \
        'TEEC_OpenSession(0, 0, 0, 0, 0, 0, 0); TEEC_InvokeCommand(0, 0, 0, 0);' \
        'TEEC_CloseSession(0); TEEC_RegisterSharedMemory(0, 0); TEEC_AllocateSharedMemory(0, 0);' \
        'TEEC_ReleaseSharedMemory(0); TEEC_RequestCancellation(0); postern_teec_strerror(0);' \
        'postern_teec_origin_name(1); postern_teec_reason(); postern_teec_trace_enable(0);' \
        'return postern_teec_last_trace(&t); }' > '$work/link.c' &&
    gcc -Iapi/client '$work/link.c' -Lout/lib -lpostern_teec -o '$work/link' &&
    LD_LIBRARY_PATH=out/lib '$work/link'"

# Exported names: the manual's, no more.
declared() {
    grep -ho '\(TEEC\|postern_teec\)_[A-Za-z_]*(' api/client/tee_client_api.h \
        api/client/tee_client_error.h api/client/tee_client_trace.h | tr -d '(' |
        grep -v '^TEEC_PARAM_' | sort -u
}
same_names() {
    declared >"$work/declared" && "$@" | grep -v '^POSTERN_TEEC_0$' | sort -u >"$work/exported" &&
        diff "$work/declared" "$work/exported"
}
shared_names() {
    nm -D --defined-only out/lib/libpostern_teec.so.0 | sed 's/.* //; s/@@.*//'
}
static_names() {
    nm -g --defined-only out/lib/libpostern_teec.a | sed -n 's/.* [A-Z] //p'
}
check "the shared library exports the manual's names only" same_names shared_names
check "the static library defines the manual's names only" same_names static_names
check "the shared library's name" sh -c \
    "readelf -d out/lib/libpostern_teec.so.0 | grep -q 'soname: \[libpostern_teec.so.0\]'"
check "its symbols have a version" sh -c \
    "nm -D out/lib/libpostern_teec.so.0 | grep -q 'TEEC_InvokeCommand@@POSTERN_TEEC_0'"
check "no executable stack, no lazy binding" sh -c \
    "readelf -lW out/lib/libpostern_teec.so.0 | grep 'GNU_STACK' | grep -qv E &&
     readelf -d out/lib/libpostern_teec.so.0 | grep -q NOW"
echo "1..$number"
