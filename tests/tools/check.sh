#!/bin/bash
# scripts/check: a second one in the same folder says that it waits, and breaks nothing of the first.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
mkfifo gate stay
# The first has a test that ends when it is let, and leaves a process behind.
cat >first <<'END'
#!/bin/sh
read -r word <gate
echo "ok 1 - $word"
sh -c 'read -r word <stay' >/dev/null 2>&1 &
END
printf '#!/bin/sh\necho "ok 1"\necho "ok 2"\n' >second
chmod +x first second
unset TEST
"$root/scripts/check" first >first.output 2>&1 &
wait_until test -e out/log/first.log
result $? 'one runs'
"$root/scripts/check" second >second.output 2>&1 &
second=$!
wait_until grep -q '^another make check runs in this folder' second.output
result $? 'a second one says that it waits'
equal 'and runs nothing yet' "$(ls out/log)" first.log
echo opened >gate
wait $second
equal 'then it runs' "$? $(tail -n 1 second.output)" '0 2 passed, 0 failed, 0 skipped'
wait %1
equal 'the first was not disturbed' "$? $(tail -n 1 first.output)" '0 1 passed, 0 failed, 0 skipped'
equal 'alone it says nothing of another' "$("$root/scripts/check" second | grep -c another)" 0
echo go >stay # still there all the time
finish
