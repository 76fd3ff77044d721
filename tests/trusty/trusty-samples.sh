#!/bin/sh
# The document's samples as a user runs them. Prints TAP. The guest of the TrustZone machine has a TEE
# already (TRUSTY_TEE=env), and a client of its own. The document's client takes a server for broken
# that needs longer than a second, be it to start on a busy machine; and in the guest, where client and
# server run on two processors at once, its server now and then meets a full queue and gives up, as it
# does (apps/echo/README.md): other tries are allowed (TRUSTY_TRIES).
cd "$(dirname "$0")" || exit 1
tee=${TRUSTY_TEE:-./tee.sh}
client=${TRUSTY_CLIENT:-out/apps/echo-client}
number=0

# is WHAT WANTED COMMAND...
is() {
    what=$1
    wanted=$2
    shift 2
    number=$((number + 1))
    tries=${TRUSTY_TRIES:-3}
    status=1
    while [ "$tries" != 0 ] && [ $status != 0 ]; do
        got=$("$tee" "$@" 2>/dev/null)
        status=$?
        tries=$((tries - 1))
    done
    if [ "$got" = "$wanted" ] && [ $status = 0 ]; then
        echo "ok $number - $what"
    else
        echo "# got: $got (status $status)"
        echo "not ok $number - $what"
    fi
}

is "the document's service, from the normal world" "$(printf 'hello\nworld')" \
    "$client" hello world
is "the document's client: 10,000 messages from another app" "run: 0" \
    "$client" --service com.postern.echo.client run
is "it runs again" "$(printf 'one: 0\ntwo: 0')" \
    "$client" --service com.postern.echo.client one two
is "the robust service" "$(printf 'a\nb\nc')" \
    "$client" --service com.postern.echo.robust a b c
echo "1..$number"
