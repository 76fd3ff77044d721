#!/bin/bash
# keygen, sign (in one step and in two), verify, inspect, new, version: what works, and every way to
# use them wrongly.
# shellcheck source=tests/tools/tap.sh
. "$(dirname "$0")/tap.sh"
cd "$work" || exit 1
umask 022 # trust files are written here, which others must not be able to write
make_elf app.elf
make_manifest manifest.txt

# --- keygen -------------------------------------------------------------------------------------
pass 'keygen makes a key' postern keygen --output a
equal 'the private key is readable by its owner alone' "$(stat -c %a a.key)" 600
pass 'openssl reads the key' openssl pkey -in a.key -noout -check
openssl pkey -in a.key -text -noout >key.txt
pass 'it has 3072 bits' grep -q '(3072 bit' key.txt
pass 'the trust file holds its modulus' grep -qi \
    "$(openssl rsa -in a.key -noout -modulus 2>/dev/null | cut -d= -f2)" a.trust
cp a.key saved.key
fail 'keygen does not overwrite a key' 'a.key exists already|a.trust exists already' \
    postern keygen --output a
rm a.trust
fail 'nor when only the trust file is gone' 'a.key exists already' postern keygen -o a
pass 'the old key is unchanged' cmp a.key saved.key
mv a.key a2.key
touch a.trust
fail 'nor a trust file' 'a.trust exists already' postern keygen -o a
[ ! -e a.key ]
result $? 'and then leaves no key behind'
rm a.trust
postern keygen -o a >/dev/null
fail 'keygen: --app is checked' 'not a UUID' postern keygen -o b --app nonsense
pass 'keygen for one app' postern keygen -o b --app $UUID
equal 'which the trust file names' "$(grep -c "^app = $UUID" b.trust)$(grep -c '\*' b.trust)" 10
fail 'keygen into a folder that is not there' 'no/such/x.* cannot be written: No such file' \
    postern keygen -o no/such/x
(umask 000 && postern keygen -o open >/dev/null)
equal 'a generous umask opens no key' "$(stat -c %a open.key)" 600

# --- sign ---------------------------------------------------------------------------------------
pass 'sign with a key' postern sign --manifest manifest.txt --image x86_64:app.elf --key a.key \
    --output a.ta
pass 'the package verifies' postern verify --trust a.trust a.ta
pass 'sign makes the development key' postern sign -m manifest.txt -i x86_64:app.elf
grep -q 'made the development key' .output
result $? 'and says so'
equal 'the development key is private' "$(stat -c %a "$XDG_CONFIG_HOME/postern/development.key")" 600
equal 'so is its folder' "$(stat -c %a "$XDG_CONFIG_HOME/postern")" 700
pass 'the package is called UUID.ta' test -s $UUID.ta
pass 'verify knows the development key' postern verify $UUID.ta
pass 'signing again says nothing' postern sign -m manifest.txt -i x86_64:app.elf
[ ! -s .output ]
result $? 'really nothing'

rm -rf "$XDG_CONFIG_HOME"
for _ in 1 2 3 4 5 6; do postern sign -m manifest.txt -i x86_64:app.elf -o race$_.ta 2>/dev/null & done
wait
pass 'six that make the development key at once have the same' postern verify race*.ta

fail 'sign without a manifest' '--manifest FILE is missing' postern sign -i x86_64:app.elf
fail 'sign without an image' '--image ARCH:FILE is missing' postern sign -m manifest.txt
fail 'sign: image without architecture' 'not of the form ARCH:FILE' \
    postern sign -m manifest.txt -i app.elf
fail 'sign: unknown architecture' 'architecture mips is unknown \(known: x86_64, aarch64\)' \
    postern sign -m manifest.txt -i mips:app.elf
fail 'sign: image for another architecture' 'app.elf cannot be the aarch64 image' \
    postern sign -m manifest.txt -i aarch64:app.elf
fail 'sign: the same architecture twice' 'are both for x86_64' \
    postern sign -m manifest.txt -i x86_64:app.elf -i x86_64:app.elf
fail 'sign: five images' 'at most 4 images' postern sign -m manifest.txt -i x86_64:a -i x86_64:b \
    -i x86_64:c -i x86_64:d -i x86_64:e
fail 'sign: no ELF file' 'manifest.txt cannot be the x86_64 image: not a 64-bit' \
    postern sign -m manifest.txt -i x86_64:manifest.txt
head -c 100 app.elf >short.elf
fail 'sign: ELF file cut short' 'short.elf cannot be the x86_64 image' \
    postern sign -m manifest.txt -i x86_64:short.elf
fail 'sign: image that is not there' 'gone.elf cannot be opened: No such file' \
    postern sign -m manifest.txt -i x86_64:gone.elf
echo 'int main(void) { return 0; }' >main.c
gcc -no-pie -static -o fixed.elf main.c
fail 'sign: image that is not position-independent' 'not a position-independent' \
    postern sign -m manifest.txt -i x86_64:fixed.elf
gcc -o dynamic.elf main.c
fail 'sign: dynamic image' 'not a static executable' \
    postern sign -m manifest.txt -i x86_64:dynamic.elf
(cat manifest.txt && echo 'postern.development: true') >development.txt
pass 'sign: dynamic image in the development form' \
    postern sign -m development.txt -i x86_64:dynamic.elf -o development.ta
fail 'sign: mistakes in the manifest have their line' 'bad.txt:7: gpd.ta.multiSession must be' \
    bash -c "(cat manifest.txt && echo 'gpd.ta.multiSession: 1') >bad.txt
             postern sign -m bad.txt -i x86_64:app.elf"
fail 'sign: a key that is none' 'manifest.txt holds no key' \
    postern sign -m manifest.txt -i x86_64:app.elf -k manifest.txt
openssl genrsa -out small.key 2048 2>/dev/null
fail 'sign: a key that is too small' 'small.key is not an RSA key of 3072 bits' \
    postern sign -m manifest.txt -i x86_64:app.elf -k small.key
openssl ecparam -name prime256v1 -genkey -noout -out ec.key
fail 'sign: a key of another kind' 'ec.key is not an RSA key' \
    postern sign -m manifest.txt -i x86_64:app.elf -k ec.key
cp a.key shown.key && chmod 644 shown.key
pass 'sign: a key that others may read works' \
    postern sign -m manifest.txt -i x86_64:app.elf -k shown.key -o shown.ta
grep -q 'shown.key is open to other users' .output
result $? 'with a warning'
pass 'sign: floor that is reached' \
    postern sign -m manifest.txt -i x86_64:app.elf -k a.key --floor 1.2.3 -o f.ta
fail 'sign: floor that is not' 'below the floor 1.2.4' \
    postern sign -m manifest.txt -i x86_64:app.elf -k a.key --floor 1.2.4 -o f2.ta
[ ! -e f2.ta ]
result $? 'and nothing was written'
cp a.ta before.ta
chmod 555 . 2>/dev/null
fail 'sign: a failure leaves the old package' 'cannot be' \
    postern sign -m manifest.txt -i x86_64:gone.elf -k a.key -o a.ta
chmod 755 .
pass 'as it was' cmp a.ta before.ta
equal 'no temporary files are left' "$(find . -name '*.ta.*' | wc -l)" 0

# --- sign in two steps --------------------------------------------------------------------------
openssl pkey -in a.key -pubout -out a.pub
fail 'a public key cannot sign' 'public key; to sign elsewhere use --digest-only' \
    postern sign -m manifest.txt -i x86_64:app.elf -k a.pub
pass 'first step, with the public key' postern sign --digest-only -m manifest.txt \
    -i x86_64:app.elf -k a.pub -o two.ta
equal 'the digest is that of the unsigned package' "$(od -An -tx1 two.ta.digest | tr -d ' \n')" \
    "$(sha256sum two.ta.unsigned | cut -d' ' -f1)"
sign_elsewhere() { # KEY DIGEST SIGNATURE [SALT]
    openssl pkeyutl -sign -inkey "$1" -in "$2" -out "$3" -pkeyopt digest:sha256 \
        -pkeyopt rsa_padding_mode:pss -pkeyopt rsa_pss_saltlen:"${4:-32}"
}
pass 'openssl signs it elsewhere' sign_elsewhere a.key two.ta.digest two.sig
pass 'second step' postern sign --attach two.sig --unsigned two.ta.unsigned -k a.pub -o two.ta
pass 'the package verifies' postern verify --trust a.trust two.ta
head -c -384 two.ta >two.body
head -c -384 a.ta >a.body
pass 'and is what one step makes' cmp two.body a.body
sign_elsewhere b.key two.ta.digest wrong.sig
fail 'a signature by another key' 'does not fit.*does not verify' \
    postern sign --attach wrong.sig --unsigned two.ta.unsigned -k a.pub -o wrong.ta
fail 'a key that is not the signer' 'names another key as its signer' \
    postern sign --attach wrong.sig --unsigned two.ta.unsigned -k b.key -o wrong.ta
sign_elsewhere a.key two.ta.digest salt.sig 20
fail 'a signature with another salt' 'does not verify' \
    postern sign --attach salt.sig --unsigned two.ta.unsigned -k a.pub -o wrong.ta
head -c 383 two.sig >short.sig
fail 'a signature cut short' 'holds 383 bytes; a signature has 384' \
    postern sign --attach short.sig --unsigned two.ta.unsigned -k a.pub -o wrong.ta
fail 'an unsigned package that is none' 'is not an unsigned package' \
    postern sign --attach two.sig --unsigned app.elf -k a.pub -o wrong.ta
fail 'attach without a package' 'needs --unsigned' postern sign --attach two.sig -k a.pub
fail 'attach without a key' 'needs --key' postern sign --attach two.sig --unsigned two.ta.unsigned
fail 'attach with a manifest' 'goes with --unsigned' \
    postern sign --attach two.sig --unsigned two.ta.unsigned -k a.pub -m manifest.txt
fail 'unsigned without attach' 'goes with --attach' \
    postern sign --unsigned two.ta.unsigned -m manifest.txt -i x86_64:app.elf
[ ! -e wrong.ta ]
result $? 'none of these wrote a package'

# --- verify -------------------------------------------------------------------------------------
fail 'verify: a foreign key' 'signed by a key that is not trusted' postern verify --trust b.trust a.ta
{ cat b.trust && sed -n '/^modulus/p;/^exponent/p' a.trust &&
    echo 'app = aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee'; } >other.trust
fail 'verify: a key for other apps' "may not sign the app $UUID" postern verify -t other.trust a.ta
{ cat a.trust && echo "floor = $UUID 1.2.4"; } >floor.trust
fail 'verify: a version below the floor' '1.2.3 is below the floor 1.2.4' \
    postern verify -t floor.trust a.ta
sed '/^floor/s/1[.]2[.]4/1.2.3/' floor.trust >floor2.trust
pass 'verify: a version at the floor' postern verify -t floor2.trust a.ta
mkdir -m 755 trust.d && cp b.trust a.trust trust.d
pass 'verify: a trust folder' postern verify -t trust.d a.ta
chmod 666 trust.d/b.trust
fail 'verify: a trust folder that others may write' 'can be written by others' \
    postern verify -t trust.d a.ta
fail 'verify: a trust file that is not there' 'gone.trust does not exist' \
    postern verify -t gone.trust a.ta
fail 'verify: no package given' 'FILE.ta is missing' postern verify
fail 'verify: no such package' 'gone.ta cannot be opened' postern verify -t a.trust gone.ta
fail 'verify: an empty file' 'shorter than a package' postern verify -t a.trust /dev/null
fail 'verify: not a package' 'not an app package' postern verify -t a.trust app.elf
fail 'verify: one bad one among good ones' 'app.elf: ' postern verify -t a.trust a.ta app.elf two.ta
equal 'the good ones are told, too' "$(grep -c ': good: ' .output)" 2
pass 'verify: quietly' postern verify -q -t a.trust a.ta
[ ! -s .output ]
result $? 'is quiet'
fail 'verify: no trust files at all' 'there are no trust files' \
    env XDG_CONFIG_HOME="$work/none" HOME="$work/none" postern verify a.ta

# --- inspect ------------------------------------------------------------------------------------
pass 'inspect' postern inspect a.ta
for line in "uuid: $UUID" 'version: 1.2.3' 'single instance: yes' 'development: no' \
    'port: com.example.test:ns' 'image: x86_64' '  my.property: value'; do
    grep -qF "$line" .output
    result $? "it shows \"$line\""
done
pass 'inspect of the development form' postern inspect development.ta
grep -q 'looser sandbox' .output
result $? 'says that it asks for the looser sandbox'
postern inspect --json a.ta >a.json
equal 'JSON is JSON' "$(python3 -c 'import json,sys
d = json.load(open("a.json"))
print(d["uuid"], d["version"], d["images"][0]["arch"], d["ports"][0], d["manifest"]["my.property"])')" \
    "$UUID 1.2.3 x86_64 com.example.test:ns value"
printf 'gpd.ta.appID: %s\nx: \xc2\x9b31m \xff "\\ \xe2\x80\xae \xc3\xa4\n' $UUID >odd.txt
postern sign -m odd.txt -i x86_64:app.elf -k a.key -o odd.ta
postern inspect odd.ta >odd.out
equal 'terminal controls are shown, not sent' \
    "$(LC_ALL=C grep -c -P '\x9b|\xff|\xe2\x80\xae' odd.out)" 0
grep -qF '\xc2\x9b31m \xff "\ \xe2\x80\xae ä' odd.out
result $? 'as escapes, and letters as letters'
pass 'odd JSON is JSON, too' bash -c 'postern inspect -j odd.ta | python3 -m json.tool'
fail 'inspect: nothing given' 'FILE.ta is missing' postern inspect
fail 'inspect: two' 'one package at a time' postern inspect a.ta a.ta
fail 'inspect: a full disk is an error' 'cannot be written' bash -c 'postern inspect a.ta >/dev/full'

# --- new ----------------------------------------------------------------------------------------
pass 'new' postern new example --gp
equal 'makes the files of an app' "$(cd example && echo *)" 'Makefile README app.c client.c manifest.txt'
equal 'with no placeholder left' "$(grep -rl '@NAME@\|@UUID' example)" ''
id=$(sed -n 's/gpd.ta.appID: //p' example/manifest.txt)
[[ $id =~ ^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$ ]]
result $? 'and a random UUID'
equal 'that the client has, too' "$(grep -c "0x${id:0:8}, 0x${id:9:4}" example/client.c)" 1
pass 'another has another' postern new example2
[ "$(sed -n 's/gpd.ta.appID: //p' example2/manifest.txt)" != "$id" ]
result $? 'indeed'
fail 'new: a folder that is there' 'example cannot be made: File exists' postern new example
for name in Example 1x -x a.b 'a b' '' a/../B "$(printf 'x%.0s' {1..40})"; do
    fail "new: the name \"$name\"" 'must begin with a-z|unrecognized|invalid option' postern new "$name"
done
fail 'new: no name' 'NAME is missing' postern new
fail 'new: two templates' 'one template at a time' postern new x --gp --trusty
[ ! -e x ]
result $? 'and nothing was made'

# --- the rest -----------------------------------------------------------------------------------
for command in run new keygen sign verify inspect start stop status log version; do
    pass "$command --help" postern $command --help
    grep -q "^Usage: postern $command" .output
    result $? "$command --help begins with its usage"
    fail "$command refuses an unknown option" 'unrecognized option' postern $command --no-such-option
done
pass 'postern --help' postern --help
pass 'postern version' postern version
fail 'postern alone' 'Usage' postern
fail 'an unknown command' 'there is no command .nonsense' postern nonsense
finish
