#!/bin/bash
# TrustZone from an installed Postern alone: `postern new`, the app for both processors, the client for
# arm64, and both in the machine. Nothing of the tree is named in the environment.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
prefix=$work/prefix
pass 'make install' env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" SETUP=no PREFIX="$prefix" install
for file in libexec/postern/postern-run-arm64 share/postern/arm64/machine share/postern/arm64/linux \
    share/postern/arm64/guest.cpio share/postern/arm64/flash.bin share/postern/arm64/kernel.elf \
    lib/aarch64-linux-gnu/libpostern_teec.a lib/postern/sdk/lib/aarch64/libpostern_ta.a \
    lib/postern/sdk/musl/lib/libc.a lib/postern/sdk/musl/include/stdio.h \
    share/man/man1/postern-run-arm64.1; do
    [ -f "$prefix/$file" ]
    result $? "$file is there"
done
equal 'no file names the folder that it was built in' "$(files_that_name_the_tree "$prefix")" ''
equal 'nothing that others could write' "$(find "$prefix" ! -type l -perm /022 | wc -l)" 0
outside() {
    env -i HOME="$work/home" PATH="$prefix/bin:/usr/bin:/bin" \
        PKG_CONFIG_PATH="$prefix/lib/pkgconfig" "$@"
}
mkdir home
pass 'new --gp' outside postern new vault --gp
pass 'make for both processors' outside make -C vault ARCHES='x86_64 aarch64'
pass 'make the client for arm64' outside make -C vault client-arm64
cd vault || exit 1
app=$(echo *.ta)
outside postern run --arm64 --app "$app" -- ./client-arm64 >output 2>&1 </dev/null
equal 'in TrustZone the client gets its answer' "$? $(grep -c 'greetings from vault: 40 + 2 = 42' output)" '0 1'
outside postern run --app "$app" -- ./client >output 2>&1 </dev/null
equal 'in the hosted TEE, too, of the same package' "$? $(grep -c '40 + 2 = 42' output)" '0 1'
uuid=${app%.ta}
outside postern run --arm64 --app "$app" --gdb "$uuid" --gdb-arg -batch --gdb-arg -ex \
    --gdb-arg 'break TA_OpenSessionEntryPoint' --gdb-arg -ex --gdb-arg continue -- ./client-arm64 \
    >output 2>&1 </dev/null
grep -q 'hit Breakpoint [0-9]*, TA_OpenSessionEntryPoint' output
result $? 'gdb stops in it'
cd ..
# An example with cryptography, built with what is installed.
cp -r "$root/apps/digest" digest
cat >>digest/Makefile <<'END'
client-arm64: client.c digest.h
	$(ARM64_CC) -std=gnu17 -O2 -static -o $@ $< $(shell pkg-config --cflags postern-teec) \
	    -L$(shell pkg-config --variable=libdir postern-teec)/aarch64-linux-gnu -lpostern_teec -pthread
END
pass 'an app with cryptography builds for both processors' \
    outside make -C digest ARCHES='x86_64 aarch64' package client-arm64
printf abc >abc
outside postern run --arm64 --app digest/*.ta --file abc -- digest/client-arm64 abc \
    >output 2>&1 </dev/null
cp output .output
grep -q ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad output
result $? 'and computes what is right in TrustZone'

pass 'new --trusty' outside postern new post --trusty
pass 'builds for both processors, too' outside make -C post ARCHES='x86_64 aarch64'
equal 'with both images' "$(outside postern inspect post/*.ta | grep -c '^image: ')" 2
mv "$prefix/lib/postern/sdk/lib/aarch64" "$work/away"
fail 'an SDK without the parts says what brings them' 'make arm64 install. in its sources brings them' \
    outside make -C post ARCHES=aarch64
mv "$prefix/share/postern/arm64" "$work/away-too"
fail 'so does the command' 'make arm64. in Postern.s sources builds it' outside postern run --arm64 -- true
finish
