#!/bin/bash
# postern start, stop, status, log: the long-lived TEE of a user and of the system.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
make_app

# Everything below as an ordinary user: root's TEE has fixed places, see the end.
mkdir -m 700 user user/runtime
cp -r x user
unset XDG_CONFIG_HOME XDG_STATE_HOME
export HOME=$work/user XDG_RUNTIME_DIR=$work/user/runtime
run=$XDG_RUNTIME_DIR/postern
config=$HOME/.config/postern
state=$HOME/.local/state/postern
if [ "$(id -u)" = 0 ]; then
    if ! command -v setpriv >/dev/null; then
        skip 'the long-lived TEE of a user' 'no setpriv'
        finish
    fi
    chown -R 65534:65534 user
    reach_for_all
    as_user() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
else
    as_user() { "$@"; }
fi
# A user's python may be out of another user's reach.
python=/usr/bin/python3
[ -x $python ] || python=python3
postern() { as_user "$root/out/bin/postern" "$@"; }
trap 'postern stop >/dev/null 2>&1; rm -rf "$work"' EXIT
# `pass` and `fail` take commands, so a function has to be one for them, too.
export -f postern as_user
export root
p() { pass "$1" bash -c 'postern "$@"' postern "${@:2}"; }
f() { fail "$1" "$2" bash -c 'postern "$@"' postern "${@:3}"; }

f 'status of nothing' 'no TEE runs in' status
f 'log of nothing' 'no TEE runs in' log
f 'stop of nothing' 'no TEE runs in' stop
fail 'start without XDG_RUNTIME_DIR' \
    'XDG_RUNTIME_DIR is not set.*: a login session sets it; else set it to a folder .*/run/user/' \
    bash -c 'unset XDG_RUNTIME_DIR; postern start'
f 'start with a group that is not there' 'there is no group no-such-group' start -g no-such-group
f 'start with an apps folder that is not there' 'apps gone: No such file' start --apps gone
fail 'a client without a TEE' 'TEEC_InitializeContext failed' as_user x/client

p 'start' start
[ -S $run/tee.sock ]
result $? 'returns when the TEE serves'
equal 'its state is private' "$(stat -c %a $state)" 700
equal 'so is its device key' "$(find $state -perm /077 -type f | wc -l)" 0
equal 'so is its client socket' "$(stat -c %a $run/tee.sock)" 600
f 'a second start' 'a TEE runs in .* already \(process [0-9]*\)' start
p 'status' status
grep -q '^supplicant: connected' .output
result $? 'says that the supplicant is there'
fail 'an app that is not there' 'TEEC_ERROR_SERVICE_NOT_EXIST \(0x00000002\), origin TEE' as_user x/client
as_user cp x/$app.ta $state/apps
fail 'an app whose key is not trusted' 'TEEC_ERROR_SECURITY \(0xffff000f\), origin TEE' as_user x/client
p 'stop' stop
wait_until none_runs "$run"
result $? 'leaves no process'
[ ! -e $run/tee.sock ]
result $? 'and no socket'
f 'a second stop' 'no TEE runs in' stop

install -m 644 "$work/config/postern/development.trust" user/development.trust
as_user cp user/development.trust $config/trust.d/
p 'start with the key trusted' start
pass 'the client is served' as_user x/client
# Its input and output are not held open by the TEE.
p 'log' log
grep -q "serves in $run" .output
result $? 'shows what happened'
p 'log -n' log -n 1
equal 'only so many lines' "$(wc -l <.output)" 1
f 'log -n of nonsense' 'not a number above 0' log -n x
f 'log -n 0' 'not a number above 0' log -n 0
postern log -f >followed 2>&1 &
follower=$!
wait_until grep -q 'serves in' followed
as_user x/client >/dev/null
pkill -KILL -f "postern-supplicant --socket $run"
wait_until grep -q 'supplicant is process .*' followed
wait_until sh -c "[ \$(grep -c 'supplicant is process' followed) = 2 ]"
result $? 'log -f shows what comes'
equal 'every line once' "$(sort followed | uniq -d | wc -l)" 0
wait_until bash -c 'postern status | grep -q "supplicant: connected"'
result $? 'a supplicant that died is started again'
pass 'and serves' as_user x/client
p 'stop ends the TEE' stop
wait $follower
grep -q 'the TEE ended\|does not answer\|takes no request' followed
result $? 'and log -f'

# The supervisor and its terminal.
cat >hangup.py <<'END'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execvp("bash", ["bash", "-c", "postern start"])
output = b""
try:
    while True:
        piece = os.read(fd, 1000)
        if not piece:
            break
        output += piece
except OSError:
    pass
os.close(fd)
_, status = os.waitpid(pid, 0)
sys.stdout.write(output.decode())
sys.exit(os.WEXITSTATUS(status))
END
pass 'start on a terminal' python3 hangup.py
sleep 0.2
pass 'the TEE outlives it' as_user x/client
for _ in 1 2 3 4 5; do postern start >/dev/null 2>&1 & done
wait
equal 'five more starts start none' "$(pgrep -c -f "posternd --run $run")" 1
pass 'and disturb nobody' as_user x/client

# Deaths.
pkill -KILL -f "posternd --run $run"
wait_until none_runs "postern-supplicant --socket $run"
result $? 'the supplicant ends with its daemon'
wait_until flock -n $run/lock true
result $? 'and the supervisor'
f 'status of a dead TEE' 'no TEE runs in' status
grep -q 'posternd ended: signal 9' $state/log
result $? 'the log says that it died'
p 'start after that' start
pass 'serves again' as_user x/client
grep -q 'posternd ended: signal 9' $state/log.old
result $? 'the old log is kept'
supervisor=$(cat $run/lock)
kill -KILL "$supervisor"
wait_until none_runs "posternd --run $run"
result $? 'the daemon dies with its supervisor'
p 'start after that, too' start
p 'stop' stop

# In the foreground, as a service manager has it.
cat >manager.py <<'END'
import os, socket, subprocess, sys
path = os.environ["XDG_RUNTIME_DIR"] + "/notify"
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(path)
s.settimeout(120)
os.environ["NOTIFY_SOCKET"] = path
service = subprocess.Popen(["bash", "-c", "exec \"$root/out/bin/postern\" start --foreground"],
                           stderr=subprocess.PIPE)
print(s.recv(100).decode())
os.remove(path)
service.terminate()
text = service.communicate(timeout=120)[1].decode()
print(service.returncode, "log" if "serves in" in text else text)
END
equal 'in the foreground: ready is told, the log comes out, SIGTERM ends it' \
    "$(as_user "$python" manager.py 2>&1 | tr '\n' ' ')" 'READY=1 0 log '
wait_until none_runs "$run"
result $? 'no process is left'
trap 'rm -rf "$work"' EXIT

# The system's TEE, in a mount name space where its folders are empty ones.
if [ "$(id -u)" != 0 ] || ! unshare -m true 2>/dev/null; then
    skip 'the TEE of the system' 'needs root and a mount name space'
    finish
fi
cat >system.sh <<'END'
set -e
mount -t tmpfs none /run
mount -t tmpfs none /var/lib
cp -a /etc etc
mount --bind etc /etc
rm -rf /etc/postern
echo 'postern-test:x:4242:' >>/etc/group
export HOME=/root
unset XDG_RUNTIME_DIR
command postern start
command postern stop
cp x/*.ta /var/lib/postern/apps
cp config/postern/development.trust /etc/postern/trust.d
client() { # UID GID GROUPS
    setpriv --reuid "$1" --regid "$2" "$3" x/client 2>&1 | tail -n 1
}
command postern start --group postern-test
echo "modes $(stat -c %a /run/postern /run/postern/tee.sock /run/postern/control.sock \
    /var/lib/postern | tr '\n' ' ')"
echo "root: $(x/client)"
echo "member: $(client 1234 1234 --groups=4242)"
echo "other: $(client 1234 1234 --clear-groups)"
echo "status by another: $(setpriv --reuid 1234 --regid 1234 --groups=4242 "$root/out/bin/postern" status 2>&1)"
command postern stop
command postern start
echo "member without --group: $(client 1234 1234 --groups=4242)"
command postern stop
find /etc/postern /run/postern /var/lib/postern -type f -perm /077 ! -name '*.trust' ! -name '*.ta'
echo done
END
chmod 755 x x/client
unshare -m bash system.sh >system 2>&1 </dev/null
cp system .output
grep -q '^done' system
result $? 'the TEE of the system starts and stops'
grep -q '^modes 755 660 600 700' system
result $? 'its folders and sockets have their modes'
grep -q '^root: greetings' system
result $? 'root is a client'
grep -q '^member: greetings' system
result $? 'so is who is in the group'
grep -q '^other: TEEC_InitializeContext failed: TEEC_ERROR_ACCESS_DENIED (0xffff0001)' system
result $? 'but nobody else: ACCESS_DENIED'
grep -q '^member without --group: TEEC_InitializeContext failed: TEEC_ERROR_ACCESS_DENIED (0xffff0001)' system
result $? 'without --group not even that'
grep -q '^status by another: .*cannot be reached: Permission denied' system
result $? 'and the control socket is root'"'"'s'
finish
