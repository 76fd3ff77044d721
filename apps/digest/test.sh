#!/bin/bash
# digest: SHA-256 against sha256sum; the HMAC against what must and must not change it.
. apps/tap.sh
digest=c6bd3e65-76fb-422d-888d-891320ea9f0f

: >"$work/empty"
printf abc >"$work/abc"
for size in 1 55 56 63 64 65 4095 4096 4097 1048575 1048576 1048577; do
    head -c $size /dev/urandom >"$work/f$size"
done
head -c 20000000 /dev/urandom >"$work/large"
files=("$work"/*)

output=$(run $digest -- out/apps/digest-client "${files[@]}")
ok "the client succeeds" [ $? = 0 ]
is "SHA-256 of ${#files[@]} files of many sizes, as sha256sum says" "$output" \
    "$(sha256sum "${files[@]}")"
is "in pieces of 1000 bytes" "$(run $digest -- out/apps/digest-client --piece 1000 "$work/f1048577")" \
    "$(sha256sum "$work/f1048577")"
is "in one piece of 32 MiB" \
    "$(run $digest -- out/apps/digest-client --piece 33554432 "$work/large")" \
    "$(sha256sum "$work/large")"
is "one byte at a time" "$(run $digest -- out/apps/digest-client --piece 1 "$work/f4097")" \
    "$(sha256sum "$work/f4097")"
is "from a pipe" "$(run $digest -- sh -c "cat $work/large | out/apps/digest-client -" | cut -d' ' -f1)" \
    "$(sha256sum <"$work/large" | cut -d' ' -f1)"
is "in two TEEs of the same" "$(run $digest -- out/apps/digest-client "$work/abc")" \
    "$(sha256sum "$work/abc")"

# Within one TEE: the same for the same content, however it is cut; other for other content.
output=$(run $digest -- sh -c "
    out/apps/digest-client --hmac $work/abc $work/large $work/empty
    out/apps/digest-client --hmac --piece 777 $work/large
    out/apps/digest-client --hmac $work/abc")
mapfile -t line < <(cut -d' ' -f1 <<<"$output")
is "an HMAC is 32 bytes" "${#line[0]}" 64
is "the HMAC does not depend on the pieces" "${line[3]}" "${line[1]}"
is "nor on the session" "${line[4]}" "${line[0]}"
ok "it depends on the content" [ "${line[0]}" != "${line[1]}" ]
ok "it is keyed: not the digest" [ "${line[0]}" != "$(sha256sum "$work/abc" | cut -d' ' -f1)" ]
# printf abc | openssl dgst -sha256 -hmac ''
plain=fd7adb152c05ef80dccf50a1fa4c05d5a3ec6da95575fc312ae7c5d091836351
ok "and not by an empty key" [ "${line[0]}" != "$plain" ]

# Another device has another key. (Each `postern run` is a device of its own.)
if only_own "another device has another key"; then
    other=$(run $digest -- out/apps/digest-client --hmac "$work/abc" | cut -d' ' -f1)
    ok "another device has another key" [ "${line[0]}" != "$other" ]
fi

run $digest -- out/apps/digest-client /nonexistent >"$work/output" 2>&1
ok "a file that is not there is an error" [ $? != 0 ]
finish
