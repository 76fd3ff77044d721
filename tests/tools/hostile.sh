#!/bin/bash
# Hostile packages against verify and inspect, under the sanitizers: every kind of damage is refused
# with a reason, and nothing crashes. tests/tools/forge.py makes the packages.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
umask 022 # trust files are written here, which others must not be able to write
PATH=$root/out/tests/sanitized:$PATH
export POSTERN_ROOT=$root
make_elf app.elf
make_manifest manifest.txt
postern keygen -o a >/dev/null && postern keygen -o b >/dev/null
postern sign -m manifest.txt -i x86_64:app.elf -k a.key -o good.ta
pass 'the package is good' postern verify -t a.trust good.ta

# All files of a folder are refused, each by a sentence of its own; none is called good.
all_refused() { # WHAT FOLDER
    local count
    count=$(find "$2" -name '*.ta' | wc -l)
    find "$2" -name '*.ta' -print0 | xargs -0 -n 500 postern verify -t a.trust >said 2>&1
    code=$?
    # xargs: 123 when a command failed with 1 to 125; 124 and above are crashes.
    {
        echo "exit status $code; $count files; $(grep -c ': good: ' said) called good;" \
            "$(grep -c '^postern verify: .*\.ta: ' said) refused"
        grep -m 5 -E 'ERROR|runtime error' said
    } >.output
    [ $code = 123 ] && [ "$count" -gt 0 ] && ! grep -qE ': good: |Sanitizer|runtime error' said &&
        [ "$(grep -c '^postern verify: .*\.ta: ' said)" = "$count" ]
    result $? "$1 ($count packages)"
}

forge() { python3 "$root/tests/tools/forge.py" "$@"; }
forge flip good.ta flipped
all_refused 'any one byte changed' flipped
forge cut good.ta cut
all_refused 'cut short' cut
forge extend good.ta extended
all_refused 'extended' extended
# These are signed, so that what is behind the signature check is reached.
forge contradict good.ta a.key contradicting
all_refused 'signed, but damaged or contradicting itself' contradicting

# inspect looks behind the signature without checking it: it must survive everything.
crashes=0
count=0
for file in flipped/*[27].ta cut/*33.ta extended/*.ta contradicting/*.ta; do
    for form in '' --json; do
        # shellcheck disable=SC2086
        postern inspect $form "$file" >said 2>&1
        code=$?
        count=$((count + 1))
        if [ $code -gt 1 ] || LC_ALL=C grep -qP 'Sanitizer|[\x00-\x08\x0b-\x1f\x7f]' said; then
            crashes=$((crashes + 1))
            cp "$file" said "$work/"
            { echo "$file $form: exit status $code" && cat said; } >.output
        fi
    done
done
equal "inspect survives them ($count runs)" $crashes 0

# Text files that are hostile.
head -c 60000 /dev/urandom >random.txt && chmod go-w random.txt
fail 'a manifest of random bytes' 'random.txt:' postern sign -m random.txt -i x86_64:app.elf -k a.key
fail 'a trust file of random bytes' 'random.txt:' postern verify -t random.txt good.ta
fail 'a key of random bytes' 'holds no key' postern sign -m manifest.txt -i x86_64:app.elf -k random.txt
fail 'an image of random bytes' 'cannot be the' postern sign -m manifest.txt -i x86_64:random.txt -k a.key
fail 'a manifest without end' 'larger than' postern sign -m /dev/zero -i x86_64:app.elf -k a.key
fail 'a package without end' 'larger than' postern verify -t a.trust /dev/zero
fail 'a folder for a package' 'Is a directory' postern verify -t a.trust .
fail 'a package signed by another key under this name' 'does not verify' bash -c '
    python3 "$POSTERN_ROOT/tests/tools/forge.py" resign good.ta b.key stolen.ta
    postern verify -t a.trust stolen.ta'
finish
