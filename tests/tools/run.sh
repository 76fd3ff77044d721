#!/bin/bash
# postern run: the program's status, signals and environment; what is left behind (nothing), also
# after any of its processes was killed; --gdb.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
make_app
# Everything of this test's runs is in a folder of its own, so that what is left can be seen.
export XDG_RUNTIME_DIR=$work/runtime
mkdir -m 700 "$XDG_RUNTIME_DIR"
run() { postern run "$@"; }

pass 'a client is served' run --app x/$app.ta -- x/client
grep -q '^greetings from x: 40 + 2 = 42$' .output
result $? 'rightly'
equal 'and told once whom the TEE trusts' "$(grep -c 'trusts the development key' .output)" 1
clean 'nothing is left'
pass 'a folder of apps' run --app x -- x/client
mkdir empty
pass 'several of both' run -a empty -a x/$app.ta -- x/client
[ "$(grep 'no packages' .output)" = 'postern run: no packages UUID.ta in empty' ]
result $? 'a folder without packages is noted, and no other'
clean 'nothing is left'

# --- status, arguments, input and output ---------------------------------------------------------
status 'status 0' 0 run -- true
status 'status 7' 7 run -- sh -c 'exit 7'
status 'status 255' 255 run -- sh -c 'exit 255'
status 'killed by signal 15' 143 run -- sh -c 'kill -TERM $$'
status 'killed by signal 9' 137 run -- sh -c 'kill -KILL $$'
status 'no such program' 127 run -- ./no-such-program
status 'not a program' 126 run -- ./x/manifest.txt
# An ELF header is enough to be an arm64 program, and one that no machine runs.
elf() { # MACHINE, as two octets in octal
    printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0'"$1"'\1\0\0\0'
    head -c 40 /dev/zero
}
elf '\267\0' >arm64-program
elf '\363\0' >riscv-program
elf '\76\0' >short
chmod +x arm64-program riscv-program short
for program in ./arm64-program "$work/arm64-program"; do
    status 'an arm64 program' 126 run -- $program
    grep -q "$program is an arm64 program; this machine runs x86-64 programs (.postern run --arm64' runs it)" .output
    result $? 'is named as that'
done
status 'a RISC-V program' 126 run -- ./riscv-program
grep -q 'is a RISC-V program; this machine runs x86-64 programs$' .output
result $? 'is named as that'
echo 'exit 4' >lines && chmod +x lines
status 'lines without #! are a shell'"'"'s' 4 run -- ./lines
status 'no program given' 125 run
status 'an unknown option' 125 run --nonsense -- true
equal 'arguments arrive as they are' "$(run -- printf '%s|' -a --app '' 'b c' -- 2>/dev/null)" \
    '-a|--app||b c|--|'
equal 'options end at the program, without --, too' "$(run printf '%s|' --gdb 2>/dev/null)" '--gdb|'
equal 'and are not ours then' "$(run printf '%s|' --arm64 2>/dev/null)" '--arm64|'
equal 'standard input is the program'"'"'s' "$(echo hello | run -- cat 2>/dev/null)" hello
clean 'nothing is left'

# --- what the program sees -------------------------------------------------------------------------
cat >look.sh <<'END'
echo "mode $(stat -c %a "$POSTERN_TEE")"
echo "open $(find "$POSTERN_TEE" -perm /077 | wc -l)"
echo "private keys $(find "$POSTERN_TEE" -name '*.key' | xargs -r grep -l PRIVATE | wc -l)"
postern status | grep '^development'
postern log | grep -c 'serves in'
ls /proc/self/fd | wc -w
END
run -- sh look.sh >look 2>/dev/null
equal 'its folder is private' "$(grep ^mode look)" 'mode 700'
equal 'so is all in it' "$(grep ^open look)" 'open 0'
equal 'no signing key is in it' "$(grep '^private keys' look)" 'private keys 0'
equal 'status answers there' "$(grep ^development look)" 'development: no'
equal 'so does log' "$(sed -n 5p look)" 1
equal 'no descriptors of ours are inherited' "$(sed -n 6p look)" "$(sh -c 'ls /proc/self/fd | wc -w')"
run --development -- sh look.sh >look 2>/dev/null
equal 'a TEE for development says so' "$(grep ^development look)" 'development: yes'

# --- mistakes -------------------------------------------------------------------------------------
fail 'an app that is not there' 'the app gone.ta: No such file' run -a gone.ta -- true
fail 'an app that is none' 'manifest.txt: ' run -a x/manifest.txt -- true
mkdir foreign
cp x/obj/x/x.elf foreign.elf
printf '\267\0' | dd of=foreign.elf bs=1 seek=18 conv=notrunc status=none # its machine, of the ELF header
postern sign -m x/manifest.txt -i aarch64:foreign.elf -o foreign/$app.ta
fail 'an app for another processor' "foreign/$app.ta has no image for x86_64: put .ARCHES := x86_64 aarch64'" \
    run -a foreign/$app.ta -- true
status 'is refused' 125 run -a foreign/$app.ta -- true
pass 'in a folder it may lie' run -a x -a foreign -- x/client
grep -q "foreign/$app.ta has no image for x86_64 and cannot run here" .output
result $? 'and that is said'
fail 'an app twice' 'another --app has the same UUID' run -a x/$app.ta -a x/$app.ta -- true
fail 'a trust file that is not there' 'gone.trust cannot be opened' run --trust gone.trust -- true
fail 'a trust file that is none' 'x/manifest.txt:2: .* is not known in a trust file' run --trust x/manifest.txt -- true
fail 'a log that cannot be written' 'the log /nonexistent/x cannot be opened: No such file or directory' \
    run --log /nonexistent/x -- true
status 'is refused' 125 run --log /nonexistent/x -- touch ran
[ ! -e ran ]
result $? 'before the program runs'
fail 'gdb on what is no UUID' 'not a UUID' run --gdb 17 -- true
fail 'gdb on an app that was not given' "no --app is the app $app" run --gdb $app -- true
fail 'no configuration folder' 'neither XDG_CONFIG_HOME nor HOME' \
    env -u XDG_CONFIG_HOME -u HOME postern run -- true
clean 'nothing is left of these'

# --- trust ----------------------------------------------------------------------------------------
postern keygen -o other >/dev/null
postern sign -m x/manifest.txt -i x86_64:x/obj/x/x.elf -k other.key -o foreign.ta
fail 'an app signed by another key is refused' 'TEEC_ERROR_SECURITY \(0xffff000f\), origin TEE' run -a foreign.ta -- x/client
grep -q "^postern run: app $app: package refused: signed with a key that is not trusted" .output
result $? 'and the user is told why'
run -a foreign.ta --log refused.log -- x/client >.output 2>&1
equal 'also where a log is kept' "$(cat .output refused.log | grep -c 'package refused')" 2
pass 'unless that key is trusted, too' run -a foreign.ta --trust other.trust -- x/client
(cat x/manifest.txt && echo 'postern.development: true') >development.txt
postern sign -m development.txt -i x86_64:x/obj/x/x.elf -o development.ta
fail 'a development form is refused' 'TEEC_OpenSession failed' run -a development.ta -- x/client
pass 'unless the TEE is for development' run --development -a development.ta -- x/client

# --- several at once ------------------------------------------------------------------------------
for i in 1 2 3 4 5; do run -a x/$app.ta -- x/client >many$i 2>&1 & done
wait
equal 'five at once do not see each other' "$(cat many? | grep -c '40 + 2 = 42')" 5
clean 'nothing is left'

# --- signals --------------------------------------------------------------------------------------
# Starts a run in the background and waits until its program has made the file `started`.
background() {
    rm -f started
    # A shell's background processes ignore SIGINT.
    env --default-signal=INT postern run "$@" >.background 2>&1 </dev/null &
    runner=$!
    wait_until test -e started
}
finished() { # WHAT STATUS
    wait $runner
    equal "$1" $? "$2"
}
background -- sh -c 'touch started; exec sleep 600'
kill -TERM $runner
finished 'SIGTERM reaches the program' 143
clean 'nothing is left'
background -- sh -c 'trap "exit 3" INT; touch started; while :; do sleep 0.05; done'
kill -INT $runner
finished 'SIGINT, too, and it may end as it likes' 3
background -- sh -c 'trap "echo one >>ones; exit 0" USR1; touch started; while :; do sleep 0.05; done'
kill -USR1 $runner
finished 'SIGUSR1, too' 0
equal 'once' "$(cat ones)" one
background -- sh -c 'trap "echo told >>told" TERM; touch started; while :; do sleep 0.05; done'
for times in 1 2; do
    kill -TERM $runner
    wait_until sh -c "[ \$(wc -l <told) = $times ]"
done
kill -0 $runner
result $? 'a program may ignore SIGTERM'
kill -TERM $runner
finished 'but not for ever' 137
clean 'nothing is left'
cat >terminal.py <<'END'
import os, pty, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp("postern", ["postern", "run", "--", "sh", "-c",
              'trap "echo got >>got; postern status >after && exit 5" INT; touch started; '
              'while :; do sleep 0.05; done'])
while not os.path.exists("started"):
    time.sleep(0.02)
os.write(fd, b"\x03")
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status))
END
rm -f started
status 'Ctrl-C on a terminal' 5 python3 terminal.py
equal 'reaches the program once' "$(cat got)" got
grep -q '^version:' after
result $? 'and not the TEE'
clean 'nothing is left'

# --- deaths ---------------------------------------------------------------------------------------
background -- sh -c 'echo $$ >orphan; touch started; exec sleep 600'
orphan=$(cat orphan)
kill -KILL $runner
wait $runner 2>/dev/null
wait_until none_runs "posternd --run $XDG_RUNTIME_DIR"
result $? 'the daemon dies with a killed run'
wait_until none_runs "postern-supplicant --socket $XDG_RUNTIME_DIR"
result $? 'so does the supplicant'
[ -n "$(ls "$XDG_RUNTIME_DIR")" ]
result $? 'its folder stays'
run -- true 2>/dev/null
[ -z "$(ls -A "$XDG_RUNTIME_DIR")" ]
result $? 'until the next run removes it'
background -- sh -c 'touch started; exec sleep 600'
run -- true 2>/dev/null
[ -n "$(ls "$XDG_RUNTIME_DIR")" ]
result $? 'a run that lives keeps its folder'
kill -TERM $runner
wait $runner
kill "$orphan" 2>/dev/null
clean 'nothing is left'
background -a x/$app.ta -- sh -c 'touch started; while [ -e started ]; do sleep 0.05; done; x/client'
pkill -KILL -f "posternd --run $XDG_RUNTIME_DIR"
wait_until grep -q 'the TEE ended' .background
rm started
finished 'without its daemon a client gets an error' 1
grep -q 'TEEC_InitializeContext failed' .background
result $? 'at once'
grep -q 'the TEE ended while the program runs: signal 9' .background
result $? 'and the user is told why'
clean 'nothing is left'
background -a x/$app.ta -- sh -c 'touch started; while [ -e started ]; do sleep 0.05; done
    until postern status | grep "^supplicant: connected"; do sleep 0.05; done; x/client'
pkill -KILL -f "postern-supplicant --socket $XDG_RUNTIME_DIR"
wait_until grep -q 'the supplicant ended (signal 9' .background
rm started
finished 'a supplicant that died is started again' 0
clean 'nothing is left'
status 'keep' 0 run --keep -- true
kept=$(sed -n 's/.*files are kept in //p' .output)
[ -s "$kept/log" ]
result $? 'keeps the log'
rm -rf "$kept"
run --log tee.log -a x/$app.ta -- x/client >/dev/null 2>&1
grep -q 'serves in' tee.log
result $? '--log writes it elsewhere'

# --- gdb ------------------------------------------------------------------------------------------
if command -v gdb >/dev/null; then
    status 'gdb stops in the app' 0 run -a x/$app.ta --gdb $app --gdb-arg -nx --gdb-arg -batch \
        --gdb-arg -ex --gdb-arg 'break TA_InvokeCommandEntryPoint' --gdb-arg -ex --gdb-arg continue \
        --gdb-arg -ex --gdb-arg bt -- x/client
    grep -q 'TA_InvokeCommandEntryPoint (.*) at app.c:' .output
    result $? 'with its symbols and source lines'
    grep -q '40 + 2 = 42' .output
    result $? 'and the call goes on afterwards'
else
    skip 'gdb stops in the app' 'gdb is not installed'
fi
cat >fake-gdb <<'END'
#!/bin/sh
echo "$@" >fake-arguments
for last; do :; done
exec 3<"/proc/$last/status" || exit 1
exit 127
END
chmod +x fake-gdb
POSTERN_GDB=./fake-gdb timeout 120 postern run -a x/$app.ta --gdb $app --gdb-arg -x -- x/client \
    >.output 2>&1 </dev/null
[ $? != 124 ]
result $? 'a debugger that does not start makes nobody hang'
grep -qE "^-q .*-x .*/$app.elf [0-9]+$" fake-arguments
result $? 'POSTERN_GDB names another one'
POSTERN_GDB=true pass 'nor one that is gone before anybody sees it' \
    timeout 120 postern run -a x/$app.ta --gdb $app -- x/client
clean 'nothing is left'

# --- an ordinary user -------------------------------------------------------------------------------
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
    mkdir -m 700 user user/runtime
    cp -r x user
    chown -R 65534:65534 user
    reach_for_all
    as_user() {
        setpriv --reuid 65534 --regid 65534 --clear-groups env -u XDG_STATE_HOME HOME="$work/user" \
            XDG_CONFIG_HOME="$work/user/config" XDG_RUNTIME_DIR="$work/user/runtime" "$@"
    }
    postern verify -q x/$app.ta
    cp "$XDG_CONFIG_HOME/postern/development.trust" user && chown 65534 user/development.trust
    cd user || exit 1
    pass 'an ordinary user has the same' as_user postern run --trust development.trust \
        --app x/$app.ta -- x/client
    equal 'and a key of his own' "$(stat -c %u%a config/postern/development.key)" 65534600
    [ -z "$(ls -A runtime)" ]
    result $? 'nothing is left'
    cd ..
else
    skip 'an ordinary user has the same' 'only root can become another user'
fi
finish
