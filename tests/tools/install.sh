#!/bin/bash
# make install, and then `postern new x && make -C x && postern run --app x/*.ta -- x/client` with the
# installed files alone: nothing of the tree is named in the environment.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
prefix=$work/prefix
install_into() {
    env -u MAKEFLAGS -u MAKELEVEL make -s -C "$root" SETUP=no PREFIX="$prefix" "$@" install
}
pass 'make install' install_into
equal 'nothing belongs into PREFIX that others could write' \
    "$(find "$prefix" ! -type l -perm /022 | wc -l)" 0
equal 'no private key is installed' "$(grep -rl 'PRIVATE KEY' "$prefix" --include='*.key' \
    --include='*.pem' | wc -l)" 0
for file in bin/postern libexec/postern/posternd libexec/postern/postern-supplicant \
    share/postern/templates/gp/Makefile lib/pkgconfig/postern-teec.pc lib/pkgconfig/postern-ta.pc \
    lib/postern/sdk/ta.mk lib/systemd/system/postern.service lib/systemd/user/postern.service; do
    [ -f "$prefix/$file" ]
    result $? "$file is there"
done
for page in 1/postern.1 1/postern-run.1 5/postern-trust.5 7/postern-teec.7 8/posternd.8; do
    [ -f "$prefix/share/man/man$page" ]
    result $? "the manual page $page is there"
done
equal 'units name the installed command' \
    "$(grep -c "^ExecStart=$prefix/bin/postern start" "$prefix/lib/systemd/system/postern.service")" 1
equal 'every sub-command has a page' "$(for c in run new keygen sign verify inspect start stop status \
    log version; do [ -f "$prefix/share/man/man1/postern-$c.1" ] || echo "$c"; done)" ''

outside() {
    env -i HOME="$work/home" XDG_CONFIG_HOME="$XDG_CONFIG_HOME" PATH="$prefix/bin:/usr/bin:/bin" \
        PKG_CONFIG_PATH="$prefix/lib/pkgconfig" "$@"
}
mkdir home
for kind in gp trusty; do
    if [ ! -d "$root/tools/templates/$kind" ]; then
        skip "new --$kind" 'there is no such template'
        continue
    fi
    pass "new --$kind" outside postern new $kind --$kind
    pass 'make' outside make --no-print-directory -C $kind
    sed 's/  *.*//' .output | LC_ALL=C sort -u | grep -v '^postern$' | tr '\n' ' ' >steps # its key was made
    equal 'shows short lines' "$(cat steps)$(wc -L <.output | awk '{ print $1 < 150 }')" 'CC LINK SIGN 1'
    pass 'run' outside sh -c "postern run --app $kind/*.ta -- $kind/client"
    cp .output "$kind.output"
    pass 'make again has nothing to do' outside make -C $kind -q
    touch $kind/app.c
    pass 'make V=1' outside make -C $kind V=1
    grep -q 'gcc .*-fPIE .*-c -o .*app.o app.c$' .output
    result $? 'shows the commands'
    sed 's/^gpd.ta.dataSize.*/gpd.ta.dataSize: lots/' $kind/manifest.txt >$kind/bad.txt
    for form in '' DEVELOPMENT=debug; do
        fail "a mistake in the manifest $form" "^postern sign: bad.txt:$(grep -n dataSize $kind/bad.txt | cut -d : -f 1): gpd.ta.dataSize must" \
            outside make -C $kind MANIFEST=bad.txt $form
    done
    pass 'make clean' outside make -C $kind clean
done
# The examples, too.
for example in counter digest echo hello; do
    cp -r "$root/apps/$example" "example-$example"
    pass "make: $example" outside make --no-print-directory -C "example-$example"
    [ -x "example-$example/client" ]
    result $? 'with its client'
    sed 's/  *.*//' .output | LC_ALL=C sort -u | tr '\n' ' ' >steps
    equal 'in short lines' "$(cat steps)$(wc -L <.output | awk '{ print $1 < 150 }')" 'CC LINK SIGN 1'
    touch "example-$example/client.c"
    pass 'make V=1' outside make --no-print-directory -C "example-$example" V=1
    grep -q '^gcc .* -o [./]*client .*client\.c' .output
    result $? 'shows the command'
    pass 'make clean' outside make -C "example-$example" clean
    equal 'leaves neither package nor client' \
        "$(cd "example-$example" && find . -name client -o -name '*.ta')" ''
done
equal 'the client got its answer' "$(grep -c 'greetings from gp: 40 + 2 = 42' gp.output)" 1
equal 'the Trusty client, too' "$(grep -cx 'Hello, Trusty!' trusty.output)" 1
equal 'no installed file names the tree' "$(files_that_name_the_tree "$prefix")" ''

rm -rf "$prefix"
pass 'make install with DESTDIR' install_into DESTDIR="$work/stage"
[ ! -e "$prefix" ] && [ -x "$work/stage$prefix/bin/postern" ]
result $? 'stays below it'
grep -rlF "$work/stage" "$work/stage" --include='*.pc' --include='*.service' --include='*.mk' >named
equal 'and names it nowhere' "$(cat named)" ''

# Where make cannot work it says so before it does anything.
elsewhere() { # FOLDER COMMAND...
    mkdir -p "$1/out" && cp -r "$root/Makefile" "$root/mk" "$1" && chmod -R a+rX "$1"
    env -u MAKEFLAGS -u MAKELEVEL "${@:2}" make -C "$1" SETUP=no help
}
fail 'a path with a space' 'the path of this folder has a space in it' elsewhere 'a space'
chmod 711 .
as_other=()
[ "$(id -u)" != 0 ] || as_other=(setpriv --reuid 65534 --regid 65534 --clear-groups)
mkdir -p built/out && chmod 555 built/out
fail 'an out/ of somebody else' 'somebody else has built here' elsewhere built "${as_other[@]}"
pass 'but not for root or its owner' elsewhere own
finish
