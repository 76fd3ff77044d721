# Sourced by fetch-source and fetch-packages: an apt of our own, which reads the Debian archive that
# this machine already uses, for a release and an architecture of our choice, and changes nothing of
# the machine's own configuration. Works for root and for everybody else. apt itself downloads and
# checks: the release file against Debian's archive keys, everything else against the release file.
#
# archive_open SUITE ARCH...   makes $archive_folder (removed when the script ends); with
#                              $archive_security not empty, SUITE's security uploads are in it, too
# archive_apt ARGS...          runs apt-get in it
# archive_try COMMAND...       until it succeeds, with pauses, some seven minutes in all; else it fails
# shellcheck shell=bash

# The address of a Debian mirror, from the machine's own configuration.
archive_mirror() {
    local uri
    # What apt knows of the lists that it has read.
    # shellcheck disable=SC2016 # apt's format, not the shell's
    uri=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        'Label: Debian' 2>/dev/null | grep -E '^(https?|mirror(\+https?)?)://' | head -n 1 || true)
    if [ -z "$uri" ]; then
        # No lists (a container's image): what the configuration says, one-line or deb822 form.
        uri=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list \
            /etc/apt/sources.list.d/*.sources 2>/dev/null |
            awk '$1 == "deb" || $1 == "URIs:" {
                for (i = 2; i <= NF; i++) if ($i ~ /^https?:\/\/.*\/debian\/?$/) { print $i; exit }
            }' || true)
    fi
    if [ -z "$uri" ]; then
        echo "$0: no Debian mirror in this machine's apt configuration" >&2
        return 1
    fi
    echo "$uri"
}

# The address of Debian's security uploads, if this machine uses them.
archive_security_mirror() {
    # shellcheck disable=SC2016 # apt's format, not the shell's
    apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Origin: Debian' \
        'Label: Debian-Security' 2>/dev/null | grep -E '^(https?|mirror(\+https?)?)://' |
        head -n 1 || true
}

archive_open() {
    local suite=$1 keyring='' file mirror arch security=''
    shift
    if ! command -v apt-get >/dev/null; then
        echo "$0: needs apt-get" >&2
        return 1
    fi
    for file in /usr/share/keyrings/debian-archive-keyring.{gpg,pgp}; do
        [ -r "$file" ] && keyring=$file && break
    done
    if [ -z "$keyring" ]; then
        echo "$0: no Debian archive keys (package debian-archive-keyring)" >&2
        return 1
    fi
    mirror=$(archive_mirror)
    archive_folder=$(mktemp -d)
    trap 'rm -rf "$archive_folder"' EXIT
    # apt's download user must get in.
    chmod 755 "$archive_folder"
    mkdir -p "$archive_folder"/{lists/partial,cache/archives/partial,download}
    : >"$archive_folder/status"
    [ "$(id -u)" = 0 ] && chown _apt "$archive_folder"/{download,cache/archives/partial,lists/partial}
    for file in deb deb-src; do
        echo "$file [signed-by=$keyring] $mirror $suite main"
    done >"$archive_folder/sources.list"
    [ -z "${archive_security:-}" ] || security=$(archive_security_mirror)
    [ -z "$security" ] || echo "deb-src [signed-by=$keyring] $security $suite-security main" \
        >>"$archive_folder/sources.list"
    archive_options=(
        -q -q
        -o "Dir::Etc::SourceList=$archive_folder/sources.list"
        -o Dir::Etc::SourceParts=/dev/null
        -o Dir::Etc::Preferences=/dev/null
        -o Dir::Etc::PreferencesParts=/dev/null
        -o "Dir::State::Lists=$archive_folder/lists"
        -o "Dir::State::status=$archive_folder/status"
        -o "Dir::Cache=$archive_folder/cache"
        -o Acquire::Languages=none
        -o Acquire::Retries=3
        -o APT::Get::List-Cleanup=false
    )
    if [ $# != 0 ]; then
        archive_options+=(-o "APT::Architecture=$1" -o APT::Architectures=)
        for arch in "$@"; do archive_options+=(-o "APT::Architectures::=$arch"); done
    fi
    archive_update
}

# A list that did not come makes it fail, too; but not for ever, since it may be one that is not needed.
archive_update() {
    archive_apt -o APT::Update::Error-Mode=any update && return
    sleep 5
    archive_apt -o APT::Update::Error-Mode=any update && return
    archive_try archive_apt update
}

# A mirror may be gone for a moment, or be changing.
archive_try() {
    local pause
    for pause in 5 20 60 120 240; do
        "$@" && return 0
        echo "$0: once more in $pause seconds" >&2
        sleep $pause
    done
    "$@"
}

# Quiet, unless it fails.
archive_apt() {
    if ! (cd "$archive_folder/download" && apt-get "${archive_options[@]}" "$@") \
        >"$archive_folder/log" 2>&1; then
        cat "$archive_folder/log" >&2
        echo "$0: apt-get $* failed" >&2
        return 1
    fi
}
