#!/bin/bash
# postern run --arm64 --gdb: gdb stops in the monitor, in the kernel and in an app, whose addresses are
# random, knows the functions' names there, and the program goes on afterwards.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
hello=444fbfd3-0c95-479c-8f40-02d0946d2d8d
cp -r "$root/out/config" "$XDG_CONFIG_HOME"
debug() { # WHAT COMMANDS of gdb, one a line, on a run of the hello client
    local line arguments=(--gdb "$1" --gdb-arg -batch)
    while IFS= read -r line; do
        arguments+=(--gdb-arg -ex --gdb-arg "$line")
    done <<<"$2"
    timeout 1500 postern run --arm64 --app "$root/out/arm64/apps/$hello.ta" "${arguments[@]}" -- \
        "$root/out/arm64/bin/hello-client" 20 22 gdb
}
said() { # WHAT PATTERN
    grep -qE -- "$2" "$work/.output"
    result $? "$1"
}

pass 'gdb on the monitor' debug monitor $'break psci_call\ncontinue\nbacktrace'
said 'stops at reset' '^postern: stopped at the start of the monitor'
said 'and in the function that was named' 'Breakpoint 1, psci_call \(.*\) at monitor/psci.c:[0-9]+'
said 'and the program goes on' '^calculate: 20 \+ 22 = 42'

pass 'gdb on the kernel' debug kernel $'break verify_package\ncontinue\nbacktrace 3'
said 'stops at its start' '^#0 +boot_main \(.*\) at port/aarch64/boot.c:[0-9]+'
said 'and in the function that was named' 'hit Breakpoint [0-9]+, verify_package \(.*\) at kernel/app/verify.c:[0-9]+'
said 'and the program goes on' '^calculate: 20 \+ 22 = 42'
first=$(sed -n 's/^postern: the kernel lies at //p' .output)

pass 'gdb on an app' debug $hello $'break TA_InvokeCommandEntryPoint\ncontinue\nprint command\nbacktrace'
said 'stops at its first instruction' '^#0 +_start \(.*\) at sdk/rt/aarch64/enter.S:[0-9]+'
said 'and in the function that was named' 'hit Breakpoint [0-9]+, TA_InvokeCommandEntryPoint \(.*\) at hello.c:[0-9]+'
said 'knows its variables' '^\$1 = 1'
said 'and who called' '^#[0-9]+ .* in main \(\) at sdk/gp/main.c'
said 'and the program goes on' '^calculate: 20 \+ 22 = 42'
second=$(sed -n 's/^postern: the kernel lies at //p' .output)
[ -n "$first" ] && [ -n "$second" ] && [ "$first" != "$second" ]
result $? 'the kernel lay elsewhere'

POSTERN_GDB=false fail 'a gdb that fails at once is not waited for' 'gdb ended before the guest had booted: exit status 1' \
    debug kernel quit
POSTERN_GDB=true fail 'nor is one that starts nothing' 'did not boot within 2 seconds' \
    timeout 1500 postern run --arm64 --gdb monitor --boot-seconds 2 -- true
finish
