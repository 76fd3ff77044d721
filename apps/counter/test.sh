#!/bin/bash
# counter: one instance, many sessions, state kept from client to client.
. apps/tap.sh
counter=625503bc-7b0b-4148-a594-ac22efc907a9

# Three clients, one after the other, in one TEE.
output=$(run $counter -- sh -c 'out/apps/counter-client 5 7 && out/apps/counter-client 100 &&
    out/apps/counter-client')
ok "the clients succeed" [ $? = 0 ]
is "each session knows what it added, the counter is shared" "$output" \
"session 1: added 5, the counter is 5, this session added 5
session 2: added 7, the counter is 12, this session added 7
fresh session: the counter is 12, open sessions 1, served 3
session 1: added 100, the counter is 112, this session added 100
fresh session: the counter is 112, open sessions 1, served 5
fresh session: the counter is 112, open sessions 1, served 6"

# Clients at the same time: nothing is lost.
before=0 served=0
[ "$TAP_TEE" = own ] || before=112 served=6
output=$(run $counter -- sh -c '
    for i in 1 2 3 4 5 6 7 8; do out/apps/counter-client 1 2 3 4 5 6 7 8 9 10 >/dev/null & done
    wait
    out/apps/counter-client')
is "eight clients with ten sessions each at once" "$output" \
    "fresh session: the counter is $((before + 8 * 55)), open sessions 1, served $((served + 8 * 11 + 1))"

if only_own "another TEE starts from nothing"; then
    output=$(run $counter -- out/apps/counter-client)
    is "another TEE starts from nothing" "$output" \
        "fresh session: the counter is 0, open sessions 1, served 1"
fi
finish
