#!/bin/bash
# make demo: client programs on real files against signed trusted apps, each through the whole chain
# (client library, gate, kernel, signature check, supplicant, app in its sandbox, and back), what each
# call did, and at the end the way of one call with the time that each layer had it.
#
# Run from the root of the tree, with everything built. Exits with 0 when every answer was right.
set -u -o pipefail

hello=444fbfd3-0c95-479c-8f40-02d0946d2d8d
digest=c6bd3e65-76fb-422d-888d-891320ea9f0f
counter=625503bc-7b0b-4148-a594-ac22efc907a9
export XDG_CONFIG_HOME="$PWD/out/config"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failed=0

title() { printf '\n== %s\n' "$*"; }

# A command line as one would type it: only what the shell would change is quoted.
typed() {
    local word words=()
    for word; do
        case $word in
        '' | *[!A-Za-z0-9_./:=@%+,-]*) words+=("${word@Q}") ;;
        *) words+=("$word") ;;
        esac
    done
    echo "${words[*]}"
}

# Runs a command line, shows it and what it prints, and remembers failures.
show() {
    printf '\n$ %s\n' "$(typed "$@")"
    "$@" 2>&1 | tee "$work/output" | sed 's/^/    /'
    local status=${PIPESTATUS[0]}
    if [ "$status" != 0 ]; then
        echo "    (failed with status $status)"
        failed=1
    fi
}

# The key that signed the tree's apps is named, so that the line works in any shell.
run() { show out/bin/postern run --trust out/config/postern/development.trust "$@"; }

title "hello: values in, values out, memory out; and, traced, where each call's time went"
run --app out/apps/$hello.ta -- out/apps/hello-client 6 7 "$(id -un)"
run --app out/apps/$hello.ta -- env POSTERN_TRACE=1 out/apps/hello-client 6 7 "$(id -un)"

title "digest: files through shared memory, and what sha256sum says of them"
files=(README.md LICENSE out/bin/posternd)
run --app out/apps/$digest.ta -- out/apps/digest-client "${files[@]}"
grep -E '^[0-9a-f]{64}  ' "$work/output" >"$work/digests"
show sha256sum "${files[@]}"
if cmp -s "$work/digests" "$work/output"; then
    echo "    (the same)"
else
    echo "    (not what the app said)"
    failed=1
fi
title "digest: an HMAC under a key that only this app on this device can derive"
run --app out/apps/$digest.ta -- out/apps/digest-client --hmac "${files[@]}"

title "counter: one instance, many sessions, one client after the other"
run --app out/apps/$counter.ta -- sh -c \
    'out/apps/counter-client 5 7 && out/apps/counter-client 100'

# Examples that bring a part of their own to the demo.
for part in apps/*/demo-part.sh; do
    if [ -e "$part" ]; then
        # shellcheck source=/dev/null
        . "$part"
    fi
done

title "where the time of a call goes"
run --app out/apps/$hello.ta -- out/apps/way

echo
if [ $failed != 0 ]; then
    echo "demo: something failed"
else
    echo "demo: every call was answered, every digest confirmed"
    echo "next: make && sudo make install; postern new vault --gp"
fi
exit $failed
