#!/bin/bash
# hello: what its client prints, against what the shell computes.
. apps/tap.sh
hello=444fbfd3-0c95-479c-8f40-02d0946d2d8d

output=$(run $hello -- out/apps/hello-client 12 345 Postern 2>"$work/errors")
ok "the client succeeds" [ $? = 0 ]
is "nothing is complained about" "$(grep -v '^postern' "$work/errors")" ""
is "sum and product" "$(sed -n 's/^calculate: //p' <<<"$output")" \
    "12 + 345 = $((12 + 345)), 12 * 345 = $((12 * 345))"
is "both values incremented" "$(sed -n 's/^increment: //p' <<<"$output")" "12, 345 became 13, 346"
is "the greeting" "$(sed -n 's/^greet: //p' <<<"$output")" "15 bytes: Hello, Postern!"

name=$(printf 'x%.0s' $(seq 5000))
output=$(run $hello -- out/apps/hello-client 4294967295 2 "$name")
is "numbers wrap around as uint32_t does" "$(sed -n 's/^calculate: //p' <<<"$output")" \
    "4294967295 + 2 = 1, 4294967295 * 2 = 4294967294"
is "a long name" "$(sed -n 's/^greet: //p' <<<"$output")" "5008 bytes: Hello, $name!"
output=$(run $hello -- out/apps/hello-client 1 1 "")
is "no name" "$(sed -n 's/^greet: //p' <<<"$output")" "8 bytes: Hello, !"

if only_own "postern run passes on the exit status"; then
    run $hello -- sh -c 'exit 42'
    is "postern run passes on the exit status" $? 42
fi
if only_own "without a TEE the client fails"; then
    out/apps/hello-client >"$work/output" 2>&1
    ok "without a TEE the client fails" [ $? != 0 ]
fi
finish
