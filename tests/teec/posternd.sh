#!/bin/sh
# Runs test_posternd, with the library in its three builds, against private hosted TEEs. `probe` is
# signed here with a development key of the tests' own and is in no TEE's app folder.
cd "$(dirname "$0")/../.." || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
export XDG_CONFIG_HOME="$work/config"
cat >"$work/manifest.txt" <<END
gpd.ta.appID: 0822007f-667b-499a-9ac6-98749a398da9
gpd.ta.singleInstance: false
gpd.ta.multiSession: false
gpd.ta.dataSize: 4M
gpd.ta.stackSize: 64k
postern.maxSessions: 200
postern.maxInstances: 60
END
cat >"$work/single.txt" <<END
gpd.ta.appID: 0822007f-667b-499a-9ac6-98749a398da9
gpd.ta.singleInstance: true
gpd.ta.multiSession: true
gpd.ta.dataSize: 4M
gpd.ta.stackSize: 64k
postern.maxSessions: 200
END
for manifest in manifest single; do
    if ! out/bin/postern sign --manifest="$work/$manifest.txt" \
        --image=x86_64:out/tests/e2e/obj/probe/probe.elf --output="$work/$manifest.ta" \
        >"$work/log" 2>&1; then
        sed 's/^/# /' "$work/log"
        echo "not ok 1 - the test app can be signed"
        exit 1
    fi
done

number=0
failed=0
for test in teec-posternd teec-posternd-sanitize teec-posternd-thread; do
    for manifest in manifest single; do
        out/bin/postern run --log="$work/tee.log" -- out/tests/programs/$test "$work/$manifest.ta" \
            >"$work/log" 2>"$work/errors"
        status=$?
        # One list of the six.
        while IFS= read -r line; do
            case $line in
            "ok "* | "not ok "*)
                number=$((number + 1))
                echo "${line%%ok *}ok $number - $test, $manifest: ${line#* - }"
                ;;
            "1.."*) ;;
            *) echo "$line" ;;
            esac
        done <"$work/log"
        if [ $status -ne 0 ]; then
            failed=1
            sed 's/^/# /' "$work/errors"
            tail -n 20 "$work/tee.log" | sed 's/^/# tee: /'
            number=$((number + 1))
            echo "not ok $number - $test, $manifest ends with status $status"
        fi
    done
done
echo "1..$number"
exit $failed
