#!/bin/bash
# postern run --arm64: the program's status, arguments, variables, streams and files; the errors that a
# user makes; the log and the status in the guest, and who may have them; what is left behind (nothing),
# also when it was interrupted or killed.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
export XDG_RUNTIME_DIR=$work/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
hello=444fbfd3-0c95-479c-8f40-02d0946d2d8d
bad=5d1f0a52-6c1e-4a0b-9d51-0f3a7c9b21e4
apps=$root/out/arm64/apps
bin=$root/out/arm64/bin
# The tree's apps are signed with the tree's key.
cp -r "$root/out/config" "$XDG_CONFIG_HOME"
run() { postern run --arm64 "$@"; }
arm64_cc() { # FILE OPTIONS..., the source on standard input
    local file=$1
    shift
    aarch64-linux-gnu-gcc -x c -o "$file" - "$@"
}

# --- it works -------------------------------------------------------------------------------------
pass 'a client is served' run --app "$apps/$hello.ta" --log log -- "$bin/hello-client" 3 4 'b c'
grep -q '^calculate: 3 + 4 = 7' .output && grep -q 'Hello, b c!' .output
result $? 'rightly'
equal 'and told once whom the TEE trusts' "$(grep -c 'trusts the development key' .output)" 1
equal 'the log tells that the app was verified' \
    "$(grep -cE "^20[0-9-]*T[0-9:]*\.[0-9]{3}Z info    app $hello: verified" log)" 1
clean 'nothing is left'

# --- apps that come to a bad end ----------------------------------------------------------------------
make_app
cp "$root/tests/tools/crash/app.c" "$root/tests/tools/crash/client.c" x/
pass 'the app that ends in many ways is built' make -s -C x POSTERN="$root/out/bin/postern" \
    ARCHES='x86_64 aarch64' package client-arm64
pass 'its client goes on' run --app x/$app.ta --log log -- x/client-arm64 $app 1 2 3 4
grep -v 'trusts the development key' .output >ends
told() { # WHAT NUMBER PATTERN
    grep -E "^postern run: app $app #$2 x: ended: $3$|^client: $2: TEEC_ERROR_TARGET_DEAD" ends |
        cut -c 1-7 | tr '\n' '|' | grep -qxF 'postern|client:|'
    result $? "$1 is told before the client's error"
}
offset='image offset 0x[0-9a-f]+'
told 'a bad access' 1 "bad memory access, address 0x28, in bad_write[.a-z0-9]*\+0x[0-9a-f]+ \(x/app.c:33, $offset\)"
told 'a panic' 2 "panic 0xffff0007: TEE_Panic\(TEE_ERROR_BAD_STATE, 0xffff0007\), in TA_Inv.* \(x/app.c:54, $offset\)"
told 'an abort' 3 "abort\(\), in TA_Inv.* \(x/app.c:57, $offset\)"
told 'an assertion' 4 'assertion failed: command != 4 \(app.c:59, in TA_InvokeCommandEntryPoint\)'
equal 'and all are in the log, at their time' "$(grep -cE '^20[0-9-]*T[0-9:.]*Z error   app .* ended: ' log)" 4
postern keygen -o other >/dev/null
postern sign -m x/manifest.txt -i aarch64:x/obj/x/x.aarch64.elf -k other.key -o foreign.ta
pass 'an app signed with another key' run -a foreign.ta -- x/client-arm64 $app 9
grep -qE "^postern run: app $app: package refused: signed with a key that is not trusted \(E_SECURITY\); key sha256:[0-9a-f]{64}$" .output
result $? 'is refused in words'
grep -q 'client: 9: TEEC_ERROR_SECURITY' .output
result $? 'and by code'
clean 'nothing is left'

# --- status, arguments, variables, streams ---------------------------------------------------------
cat >many.sh <<'END'
#!/bin/sh
printf '%s|' "$@"
echo "$ONE,$TWO,$THREE"
cat
echo words >&2
exit 7
END
chmod +x many.sh
printf 'a\0b\r\n\377' >input
TWO="it's two" THREE=3 run -e ONE='1 "1" $x' -e TWO -- ./many.sh -a --app '' 'b c' $'d\ne' '$HOME' "'" -- \
    <input >out 2>err
equal 'the status is the program'"'"'s' $? 7
{
    printf "%s|" -a --app '' 'b c' $'d\ne' '$HOME' "'" --
    # shellcheck disable=SC2016 # not for this shell
    printf '1 "1" $x,it'"'"'s two,\n' && cat input
} >expected
cmp out expected >.output
result $? 'arguments, variables and standard input arrive as they are, and the output'
equal 'errors come on standard error' "$(grep -v '^postern run: ' err)" words
head -c 2000000 /dev/urandom >large
run -- cat <large >large.out 2>err
cmp large large.out >.output
result $? 'two million octets there and back'
# The guest is done long before a reader that takes its time.
run -f large -- cat large 2>/dev/null | (sleep 8 && cat) >large.out
cmp large large.out >.output
result $? 'nothing is cut off for a slow reader'
run -- sh -c 'cat /dev/zero' 2>/dev/null | head -c 10 >/dev/null
equal 'nobody reads the output any more: ends as by SIGPIPE' "${PIPESTATUS[0]}" 141
clean 'nothing is left'

arm64_cc crash <<<'int main(void) { *(volatile int *)8 = 1; return 0; }'
arm64_cc static -static <<<'#include <stdio.h>
int main(int count, char **words) { printf("%d %s\n", count, words[0]); return count; }'
arm64_cc dynamic -lm <<<'#include <math.h>
#include <stdio.h>
int main(int count, char **words) { printf("%.2f %s\n", cos(count), words[0]); return 2; }'
status 'a program that crashes' 139 run -- ./crash
status 'a static program' 2 run -- ./static x
grep -q '^2 ./static$' .output
result $? 'under its name'
status 'a dynamically linked one' 2 run -- "$work/dynamic"
grep -q '^0.54 ./dynamic$' .output
result $? 'with the C library'"'"'s mathematics'

# --- files --------------------------------------------------------------------------------------------
echo 'in the file' >one
arm64_cc libone.so -shared -fPIC <<<'int one(void) { return 41; }'
arm64_cc needs -L. -lone <<<'int one(void); int main(void) { return one() + 1; }'
status 'a library that is missing is named' 127 run -- ./needs
grep -q 'needs libraries that the guest does not have: libone.so; add each with --file' .output
result $? 'with what to do'
status 'and found when it is given' 42 run --file libone.so=/lib/libone.so -- ./needs
pass 'files lie where they were wished' run -f one -f one=deep/in/two -f one=/three -- \
    sh -c 'cat /root/one deep/in/two /three && test ! -x one'
equal 'as they are' "$(grep -c '^in the file$' .output)" 3

# --- the log in the guest -------------------------------------------------------------------------------
cat >look.sh <<'END'
#!/bin/sh
bad_client >/dev/null
postern log >log || echo "log: $?"
grep -c ': ended: ' log
grep -m 1 'in TA_InvokeCommandEntryPoint+0x' log
POSTERN_APPS= postern log | grep -m 1 'at image offset 0x'
postern log -n 2 | wc -l
postern log -n 2 >last
tail -n 2 log | cmp - last && echo the same
postern status | sed -n 's/^device: /status of /p'
postern status | grep -c '^app: 5d1f0a52'
postern log -f >followed &
until [ -s followed ]; do usleep 100000; done
hello-client 1 2 3 >/dev/null
until grep -q 'app 444fbfd3.*verified' followed; do usleep 100000; done
kill $!
grep -c 'app 444fbfd3.*verified' followed
sort followed | uniq -d | wc -l
chmod 666 /dev/tee0
./as-somebody postern log; echo "somebody: log $?"
./as-somebody postern status; echo "somebody: status $?"
./as-somebody /root/hello-client 1 2 3 | grep -c calculate
END
chmod +x look.sh
arm64_cc as-somebody -static <<<'#include <unistd.h>
int main(int count, char **words)
{
    if (count < 2 || setgid(1000) != 0 || setuid(1000) != 0)
        return 1;
    execvp(words[1], words + 1);
    return 127;
}'
pass 'a program looks at the log' run -a "$apps" -f "$bin/bad_client" -f "$bin/hello-client" -f as-somebody -- \
    ./look.sh
cp .output look
said() { # WHAT LINE
    grep -qxE -- "$2" look
    result $? "$1"
}
cp look .output
[ "$(sed -n 's/^\([0-9]*\)$/\1/p' look | head -n 1)" -ge 5 ]
result $? 'it tells how apps ended'
said 'and in which function' "[0-9.]+ error: app $bad .*in TA_InvokeCommandEntryPoint\+0x[0-9a-f]+ \(image offset 0x[0-9a-f]+\)"
said 'or where, without their packages' "[0-9.]+ error: app $bad .*at image offset 0x[0-9a-f]+"
said 'the last lines are the last' 'the same'
said 'status answers' 'status of /dev/tee0'
equal 'and knows the app; --follow shows new lines, none twice; -n 2 is two; a call was made' \
    "$(grep -xE '[0-9]+' look | tail -n +2 | tr '\n' ' ')" '2 1 1 0 1 '
said 'another user than root does not get the log' 'somebody: log 1'
said 'nor the status' 'somebody: status 1'
equal 'and is told why' "$(grep -c 'answers root only' look)" 2
clean 'nothing is left'

pass 'a client asks in odd ways' run -- "$bin/report_client"
while IFS= read -r line; do
    case $line in
    "ok - "*) result 0 "${line#ok - }" ;;
    "not ok - "*) result 1 "${line#not ok - }" ;;
    esac
done < <(cat .output)
equal 'and comes to its end' "$(tail -n 1 .output)" 'ok - the log is still given'

# --- mistakes ---------------------------------------------------------------------------------------------
status 'a program of this machine' 126 run -- "$root/out/bin/postern"
grep -q 'is an x86-64 program; the machine runs arm64 programs' .output
result $? 'is named as that'
status 'what is no program' 126 run -- ./input
chmod +x input
fail 'what is no program, but executable' 'neither an arm64 program nor a script' run -- ./input
status 'no such file' 127 run -- ./gone
status 'no such command' 127 run -- gone
grep -q 'the guest has no command gone (--file puts one there; ./gone is a file of this machine)' .output
result $? 'is named, with what to do'
status 'a file there that is no command' 126 run -f one -- one
status 'no program' 125 run
grep -q 'Try `postern run --arm64 --help' .output
result $? 'is answered with where to look'
status '--arm64 behind other options, of either kind' 127 postern run -f input --keep --arm64 -- ./gone
rm -rf "${XDG_RUNTIME_DIR:?}"/*
status 'and abbreviated, as others are' 127 postern run --arm -- ./gone
status 'an unknown option' 125 run --nonsense -- true
status 'a shell and a program' 125 run --shell -- true
status 'a shell without a terminal' 125 run --shell
grep -q -- '--shell wants a terminal' .output
result $? 'is refused as that'
status 'a log that cannot be written' 125 run --log /nonexistent/x -- true
grep -q 'the log /nonexistent/x cannot be opened: No such file or directory' .output
result $? 'is named'
mapfile -t many < <(seq 3000)
# shellcheck disable=SC2016 # not for this shell
equal 'no argument of many is lost' "$(run -- sh -c 'echo $#' "${many[@]}" 2>/dev/null)" 2999
fail 'an app for another processor' 'has no image for aarch64: put `ARCHES := x86_64 aarch64' \
    run -a "$root/out/apps/$hello.ta" -- true
mkdir mixed
cp "$root/out/apps/$hello.ta" mixed/
cp "$apps/$bad.ta" mixed/
pass 'in a folder it is left out' run -a mixed -- ls /apps
grep -q "mixed/$hello.ta has no image for aarch64 and is left out" .output && grep -qx "$bad.ta" .output
result $? 'and that is said'
mkdir empty
pass 'a folder without packages' run -a empty -- true
grep -q 'no packages \*.ta in empty$' .output
result $? 'is noted'
fail 'an app that is not there' 'gone.ta cannot be opened' run -a gone.ta -- true
fail 'a file that is not there' 'gone: No such file' run -f gone -- true
fail 'a variable that is none' 'not the name of a variable' run -e 1=2 -- true
fail 'gdb on nothing' 'monitor, kernel, or the UUID' run --gdb 17 -- true
fail 'gdb on an app that was not given' "no --app is the app $hello" run --gdb $hello -- true
fail 'gdb that is not there' 'gone-gdb is not installed' env POSTERN_GDB=gone-gdb \
    postern run --arm64 --gdb kernel -- true
mkdir tools && ln -s "$(command -v bash)" tools/
fail 'no qemu' 'qemu-system-aarch64 is not installed .apt-get install qemu-system-arm' \
    env PATH="$root/out/bin:$work/tools" postern run --arm64 -- true
mkdir -p lone/bin && cp "$root/out/bin/postern" "$root/out/bin/postern-run-arm64" lone/bin/
fail 'an installation without the machine' 'make arm64. in Postern.s sources builds it' \
    lone/bin/postern run --arm64 -- true
fail 'a trust file that is none' 'many.sh:2: ' run --trust many.sh -- true
# A flash that is damaged in the monitor: nothing boots.
mkdir -p broken/bin broken/share/postern
cp "$root/out/bin/postern" "$root/out/bin/postern-run-arm64" broken/bin/
cp -r "$root/out/share/postern/arm64" broken/share/postern/
printf '\0\0\0\0' | dd of=broken/share/postern/arm64/flash.bin conv=notrunc status=none
fail 'a machine that does not boot' 'did not boot within 8 seconds' \
    broken/bin/postern run --arm64 --boot-seconds 8 -- true
clean 'nothing is left of these'

# --- an app signed by somebody else ------------------------------------------------------------------------
mkdir -p else && XDG_CONFIG_HOME=$work/else postern keygen -o else/key >/dev/null
XDG_CONFIG_HOME=$work/else status 'an app signed by another key is refused' 1 \
    run -a "$apps/$hello.ta" -- "$bin/hello-client" 1 2 3
grep -q TEEC_ERROR_SECURITY .output
result $? 'as that'
XDG_CONFIG_HOME=$work/else pass 'unless that key is trusted, too' \
    run -a "$apps/$hello.ta" --trust "$root/out/config/postern/development.trust" -- \
    "$bin/hello-client" 1 2 3

# --- interrupted ----------------------------------------------------------------------------------------------
# Starts a run whose program says a word, and waits for it.
background() {
    rm -f .background
    env --default-signal=INT postern run --arm64 -- sh -c 'echo started; sleep 1000' \
        >.background 2>&1 </dev/null &
    runner=$!
    for _ in $(seq 3000); do
        grep -q started .background && break
        sleep 0.1
    done
}
for signal in TERM INT HUP; do
    background
    kill -$signal $runner
    wait $runner
    equal "SIG$signal ends it, with the status of that" $? $((128 + $(kill -l $signal)))
    clean 'and all of it'
done
background
kill -KILL "$(pgrep -f "$XDG_RUNTIME_DIR/.*initrd.cpio" | head -n 1)"
wait $runner
equal 'when the machine is killed, that is said' "$? $(grep -c 'the machine ended while sh ran: signal 9' .background)" '125 1'
clean 'and nothing is left'
background
kill -KILL $runner
wait $runner 2>/dev/null
wait_until none_runs "$XDG_RUNTIME_DIR/"
result $? 'SIGKILL ends the machine, too'
[ -n "$(ls -A "$XDG_RUNTIME_DIR")" ]
result $? 'its folder stays'
pass 'until the next run' run -- true
clean 'which removes it'
pass '--keep' run --keep -- true
equal 'keeps the folder and says where it is' \
    "$(sed -n 's/.*files are kept in //p' .output)" "$(echo "$XDG_RUNTIME_DIR"/*)"
rm -rf "${XDG_RUNTIME_DIR:?}"/*

# --- a shell, on a terminal -----------------------------------------------------------------------------------
cat >terminal.py <<'END'
import os, pty, select, sys, time

child, terminal = pty.fork()
if child == 0:
    os.execvp("postern", ["postern", "run", "--arm64", "--shell"])
said = b""

def until(words):
    global said
    end = time.monotonic() + 300
    while words not in said and time.monotonic() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                said += os.read(terminal, 4096)
            except OSError:
                break
    if words not in said:
        sys.exit("waited for %r, saw %r" % (words, said))
    said = said[said.index(words) + len(words):]

until(b"ends the machine")
os.write(terminal, b"sh -c 'echo one''two; sleep 1000'\n")
until(b"onetwo")
os.write(terminal, b"\x03")
os.write(terminal, b"ls -c1 /dev/tee*; echo uid $(id -u)\n")
until(b"/dev/teepriv0")
until(b"uid 0")
os.write(terminal, b"exit 5\n")
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status) - 5)
END
pass 'a shell: Ctrl-C ends its program, its status comes out' python3 terminal.py
clean 'nothing is left'
finish
