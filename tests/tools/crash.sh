#!/bin/bash
# What `postern run` says on the terminal when an app comes to a bad end or is refused, before its client
# has the error: who, why, where. With sanitizers, too.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
make_app
cp "$root/tests/tools/crash/app.c" "$root/tests/tools/crash/client.c" x/
build() { make -s -C x CC=gcc POSTERN="$root/out/bin/postern" "$@"; }
pass 'the app is built' build

# The line about the app's end, and the client's line after it; nothing else but whom the TEE trusts.
told() { # WHAT COMMAND PATTERN
    postern run "${options[@]}" -a x/$app.ta -- x/client $app "$2" >.output 2>&1 </dev/null
    [ "$(wc -l <.output)" = 3 ] && sed -n 2p .output | grep -qE "^postern run: app $app $3" &&
        sed -n 3p .output | grep -q "^client: $2: TEEC_ERROR_TARGET_DEAD"
    result $? "$1"
}
options=()
offset='image offset 0x[0-9a-f]+'
told 'a bad access' 1 "#1 x: ended: bad memory access, address 0x28, in bad_write[.a-z0-9]*\+0x[0-9a-f]+ \(x/app.c:33, $offset\)$"
told 'a panic' 2 "#1 x: ended: panic 0xffff0007: TEE_Panic\(TEE_ERROR_BAD_STATE, 0xffff0007\), in TA_Inv.* \(x/app.c:54, $offset\)$"
told 'an abort' 3 "#1 x: ended: abort\(\), in TA_Inv.* \(x/app.c:57, $offset\)$"
told 'an assertion' 4 '#1 x: ended: assertion failed: command != 4 \(app.c:59, in TA_InvokeCommandEntryPoint\)$'
told 'an exit' 5 '#1 x: ended: exit\(3\) in the middle of a call$'
PATH=$work/no-addr2line:$PATH
mkdir no-addr2line && printf '#!/bin/sh\nexit 1\n' >no-addr2line/addr2line && chmod +x no-addr2line/addr2line
told 'without addr2line the function is told' 1 "#1 x: ended: .*, in bad_write[.a-z0-9]*\+0x[0-9a-f]+ \($offset\)$"
PATH=${PATH#*:}
options=(--log log)
told 'with --log, too' 3 '#1 x: ended: abort'
grep -qE '^[0-9T:.-]+Z error   app .* #1 x: ended: abort\(\), in TA_' log
result $? 'and the log has it'
options=()
pass 'a client that goes on' postern run -a x/$app.ta -- x/client $app 1 2 3 4 5
equal 'is told of each end in its place' "$(grep -oE '^(postern run: app|client)' .output | uniq -c | tr -s ' \n' ' ')" \
    "$(for _ in 1 2 3 4 5; do printf ' 1 postern run: app 1 client'; done) "

# --- hostile words: what an app prints, or calls its functions, steers no terminal -------------------------
unsteered() { ! LC_ALL=C grep -q $'\033\\|\302\233\\|\342\200\256' .output; }
# shellcheck disable=SC2016
pass 'an app that prints control characters' postern run -a x/$app.ta -- bash -c \
    'x/client "$1" 7; for _ in {1..600}; do postern log | grep 2J && break; sleep 0.1; done' client $app
grep -qF '\xc2\x9b2J\xe2\x80\xaecafé' .output && unsteered
result $? 'they are shown as escapes by postern log'
function=$(nm x/obj/x/x.elf | sed -n 's/.* \(bad_write[^ ]*\)$/\1/p')
objcopy --redefine-sym "$function=$(printf 'bad\033[2J')" x/obj/x/x.elf x/hostile.elf
postern sign -m x/manifest.txt -i x86_64:x/hostile.elf -o hostile.ta
postern run -a hostile.ta -- x/client $app 1 >.output 2>&1 </dev/null
grep -qE 'ended: bad memory access, .*, in bad[?\]' .output && unsteered
result $? 'and so is the name of a function'

# --- refused --------------------------------------------------------------------------------------------
refused() { # WHAT PATTERN CODE OPTIONS...
    local what=$1 words=$2 code=$3
    shift 3
    postern run "$@" -- x/client $app 9 >.output 2>&1 </dev/null
    [ "$(wc -l <.output)" = 3 ] && sed -n 2p .output | grep -qE "^postern run: app $app: $words$" &&
        sed -n 3p .output | grep -q "^client: 9: $code"
    result $? "$what"
}
postern keygen -o other >/dev/null
postern sign -m x/manifest.txt -i x86_64:x/obj/x/x.elf -k other.key -o foreign.ta
signer=$(postern inspect foreign.ta | sed -n 's/^signer:* *//p')
refused 'a key that is not trusted is named' \
    "package refused: signed with a key that is not trusted \(E_SECURITY\); key sha256:$signer" \
    TEEC_ERROR_SECURITY -a foreign.ta
(cat x/manifest.txt && echo 'postern.development: true') >development.txt
postern sign -m development.txt -i x86_64:x/obj/x/x.elf -o development.ta
refused 'a development form' \
    'package refused: a development form, and this TEE was not started for development \(E_SECURITY\)' \
    TEEC_ERROR_SECURITY -a development.ta
refused 'an app that is not there' 'session refused: E_NOT_FOUND \(no --app has this UUID\)' \
    TEEC_ERROR_SERVICE_NOT_EXIST

# --- in the development form ----------------------------------------------------------------------------------------------
pass 'a build for AddressSanitizer' build DEVELOPMENT=asan package
options=(--development --log asan.log)
told 'a heap overflow' 6 '#1 x: ended: AddressSanitizer: heap-buffer-overflow .*x/app.c:39 in overflow$'
told 'a signed overflow' 8 \
    '#1 x: ended: UndefinedBehaviorSanitizer: signed-integer-overflow (.*/)?app.c:72:[0-9]+( in TA_InvokeCommandEntryPoint)?$'
grep -q 'located 0 bytes .*40-byte region' asan.log
result $? 'the log has the whole report'
pass 'a build for a debugger' build DEVELOPMENT=debug package
options=(--development)
told 'its ends are told, too' 1 '#1 x: ended: bad memory access.* \(x/app.c:33, '
finish
