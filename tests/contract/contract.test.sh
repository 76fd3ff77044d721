#!/bin/bash
# The port contract on the ports that run on this machine.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -m 700 "$work/state" "$work/trust"
out/bin/postern keygen --output "$work/key" >/dev/null || exit 1
cp "$work/key.trust" "$work/trust/"
chmod go-w "$work/trust/key.trust"
# shellcheck disable=SC2266 # a program of ours, not the shell's test
out/tests/contract/test | grep -v '^1\.\.'
test=${PIPESTATUS[0]}
out/tests/contract/host "$work/state" "$work/trust" 2>"$work/log" | grep -v '^1\.\.'
host=${PIPESTATUS[0]}
[ "$host" = 0 ] || sed 's/^/# /' "$work/log"
[ "$test" = 0 ] && [ "$host" = 0 ]
