#!/bin/bash
# Debuggers, sanitizers, valgrind and perf on apps and daemon, as a developer uses them; and the looser
# sandbox that they need: asked for by the package, shown by inspect, refused without --development.
. apps/tap.sh
overflow=2fd0b6bb-3a34-4a25-9a33-b1f8c9b9b101
hello=444fbfd3-0c95-479c-8f40-02d0946d2d8d
built=$PWD/out/tests/tools-e2e
export POSTERN_SDK=$PWD/out/sdk

# build FOLDER FORM: out/tests/tools-e2e/FORM/UUID.ta
build() {
    mkdir -p "$built/$2"
    "${MAKE:-make}" -s -C "$1" DEVELOPMENT="$2" OUT="$built/$2" package >"$work/build" 2>&1 ||
        { sed 's/^/# /' "$work/build"; return 1; }
}

# --- Sanitizers. ---
ok "an app builds with -fsanitize=address,undefined" build tests/e2e/overflow asan
asan=$built/asan/$overflow.ta
ok "inspect shows that it is the development form" \
    grep -qi development <(out/bin/postern inspect "$asan")
out/bin/postern run --app "$asan" --log="$work/log" -- out/tests/e2e-invoke $overflow 0 \
    >"$work/output" 2>"$work/errors"
is "a TEE not started for development refuses it" "$(cat "$work/output")" \
    "open: TEEC_ERROR_SECURITY (0xffff000f) TEE"
ok "and says so in its log" grep -q "development" "$work/log"
rm -f "$work/log"
out/bin/postern run --development --app "$asan" --log="$work/log" -- \
    out/tests/e2e-invoke $overflow 0 1 0 >"$work/output" 2>"$work/errors"
is "under AddressSanitizer it runs, and ends at its bug" "$(cat "$work/output")" \
"0: TEEC_SUCCESS (0x00000000) TRUSTED_APP
1: TEEC_ERROR_TARGET_DEAD (0xffff3024) TEE
0: TEEC_ERROR_TARGET_DEAD (0xffff3024) TEE"
ok "AddressSanitizer's report is in the log" grep -q "heap-buffer-overflow" "$work/log"
ok "with the function that did it" grep -q "overflow_write" "$work/log"
ok "under the app's UUID" grep -q "$overflow.*AddressSanitizer" "$work/log"
rm -f "$work/log"
out/bin/postern run --development --app "$asan" --log="$work/log" -- \
    out/tests/e2e-invoke $overflow 2 >"$work/output" 2>"$work/errors"
ok "UndefinedBehaviorSanitizer's report is in the log" grep -q "runtime error: shift" "$work/log"

# --- gdb. ---
ok "the debug form builds" build apps/hello debug
debug=$built/debug/$hello.ta
if ! command -v gdb >/dev/null; then
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - gdb stops in an app # SKIP no gdb here"
else
    timeout 600 out/bin/postern run --app "$debug" --gdb=$hello \
        --gdb-arg=-batch --gdb-arg=-ex --gdb-arg="break hello_calculate" \
        --gdb-arg=-ex --gdb-arg=continue --gdb-arg=-ex --gdb-arg="print params[0].value" \
        --gdb-arg=-ex --gdb-arg=backtrace --gdb-arg=-ex --gdb-arg=detach \
        -- out/apps/hello-client 6 7 gdb >"$work/output" 2>&1
    status=$?
    is "postern run --gdb: the program ends well" "$status" 0
    ok "gdb stops in the app's function" grep -q "Breakpoint 1, .*hello_calculate" "$work/output"
    ok "with its symbols: the parameter's value" grep -q "a = 6, b = 7" "$work/output"
    ok "and its callers" grep -q "TA_InvokeCommandEntryPoint" "$work/output"
    ok "the client gets its answer" grep -q "6 \* 7 = 42" "$work/output"
    [ $tap_failed = 0 ] || sed 's/^/# /' "$work/output" | tail -40
fi

# --- valgrind on the daemon: the hostile app and the protocol tests would take long; memory and
# cancellation touch most of it. ---
if ! command -v valgrind >/dev/null; then
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - valgrind on the daemon # SKIP no valgrind here"
else
    POSTERND_WRAP="valgrind --quiet --error-exitcode=99 --log-file=$work/valgrind.%p" \
        timeout 1500 out/tests/e2e-codes >"$work/output" 2>&1
    status=$?
    is "the daemon serves under valgrind" "$status" 0
    [ "$status" = 0 ] || grep -v '^ok' "$work/output" | tail -20
    # Its own remarks start with two dashes: system calls that it does not know.
    is "valgrind has nothing to complain about" \
        "$(cat "$work"/valgrind.* 2>/dev/null | grep '^==' | head -40)" ""
fi

# --- perf on app and daemon, where the system lets us. ---
if ! perf record -o "$work/probe.data" -q -a -- true >/dev/null 2>&1; then
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - perf on an app # SKIP perf may not record here"
else
    out/bin/postern run --development --app "$debug" -- sh -c "
        perf record -q -a -o $work/perf.data -- out/apps/way >/dev/null 2>&1"
    ok "perf sees the app and the daemon" grep -q posternd \
        <(perf report -i "$work/perf.data" --stdio --sort comm 2>/dev/null)
fi
finish
