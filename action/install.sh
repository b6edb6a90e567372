#!/usr/bin/env bash
# Installs portolan into a directory of this job, and puts that on the PATH of the later steps.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

place=$RUNNER_TEMP/portolan-bin

sum() {
    if type -P sha256sum > /dev/null; then sha256sum "$1"; else shasum -a 256 "$1"; fi |
        cut -d ' ' -f 1
}

# Prints the target of the release for this runner.
target() {
    local system processor
    system=$(uname -s) processor=$(uname -m)
    case $processor in
        x86_64 | amd64) processor=x86_64 ;;
        aarch64 | arm64) processor=aarch64 ;;
        *) system="$system on $processor" ;;
    esac
    case $system in
        Linux) echo "$processor-unknown-linux-musl" ;;
        Darwin) echo "$processor-apple-darwin" ;;
        *)
            fail "There is no portolan for this runner ($system): use one with Linux or macOS on" \
                "x86-64 or arm64, or name a program that runs there in the input binary." >&2
            ;;
    esac
}

# Prints the owner and the name of the repository that this action comes from. If another composite
# action uses this one, GitHub's context names that one, so the directory of the checkout is first.
repository() {
    case $GITHUB_ACTION_PATH in
        */_actions/*/*/*)
            local path=${GITHUB_ACTION_PATH##*/_actions/}
            local name=${path#*/}
            echo "${path%%/*}/${name%%/*}"
            ;;
        *) echo "$ACTION_REPOSITORY" ;;
    esac
}

download() {
    curl --fail --silent --show-error --location --proto-redir =https --connect-timeout 30 \
        --retry 3 --output "$2" "$1"
}

# Finds the address and the checksum of the archive of the release.
find_release() {
    [[ $INPUT_VERSION =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?$ ]] ||
        fail "The input version is \`$INPUT_VERSION\`; write it as 0.1.0, without a v."
    local triple releases repository
    triple=$(target)
    repository=$(repository)
    [ -n "$repository" ] ||
        fail "It is unknown which repository this action comes from, so no release can be found:" \
            "use it as OWNER/portolan@VERSION, or set the input binary or download-url."
    archive=portolan-$INPUT_VERSION-$triple.tar.gz
    releases=$GITHUB_SERVER_URL/$repository/releases/download/v$INPUT_VERSION
    download "$releases/SHA256SUMS" "$work/SHA256SUMS" ||
        fail "$releases/SHA256SUMS cannot be downloaded. Check that $repository has a release of" \
            "version $INPUT_VERSION, and that this runner reaches it."
    expected=$(awk -v name="$archive" '$2 == name || $2 == "*" name { print $1 }' \
        "$work/SHA256SUMS")
    [ -n "$expected" ] || fail "$releases/SHA256SUMS does not list $archive."
    url=$releases/$archive
}

# Downloads the file, compares its checksum, and unpacks it to $work/portolan.
fetch() {
    local actual
    download "$url" "$work/download" ||
        fail "$url cannot be downloaded: check the address, and that this runner reaches it."
    actual=$(sum "$work/download")
    [ "$actual" = "$expected" ] ||
        fail "$url has the wrong checksum: its SHA-256 is $actual, expected was $expected." \
            "Nothing was installed."
    if tar -tzf "$work/download" > "$work/names" 2> /dev/null; then
        tar -xzf "$work/download" -C "$work" ||
            fail "$url cannot be unpacked. Nothing was installed."
        mv "$work"/portolan-*/portolan "$work/portolan" ||
            fail "$url has no portolan in a directory portolan-*. Nothing was installed."
    else
        mv "$work/download" "$work/portolan"
    fi
    chmod 755 "$work/portolan"
}

check_tools() {
    local tool
    for tool in curl tar awk; do
        type -P "$tool" > /dev/null ||
            fail "This runner has no $tool, which the download of portolan needs: install it" \
                "first, or name an installed portolan in the input binary."
    done
    type -P sha256sum > /dev/null || type -P shasum > /dev/null ||
        fail "This runner has neither sha256sum nor shasum to check the download with: install" \
            "one first, or name an installed portolan in the input binary."
}

work=$(mktemp -d "$RUNNER_TEMP/portolan.XXXXXX")
trap 'rm -rf "$work"' EXIT

if [ -n "$INPUT_BINARY" ]; then
    [ -z "$INPUT_DOWNLOAD_URL$INPUT_SHA256" ] ||
        fail "The input binary excludes download-url and sha256: give one or the other."
    [ -f "$INPUT_BINARY" ] || fail "There is no file $INPUT_BINARY, which the input binary names."
    cp "$INPUT_BINARY" "$work/portolan"
    chmod 755 "$work/portolan"
    source=$INPUT_BINARY
else
    check_tools
    if [ -n "$INPUT_DOWNLOAD_URL" ]; then
        [[ $INPUT_SHA256 =~ ^[0-9a-f]{64}$ ]] ||
            fail "The input download-url needs sha256, the 64 hexadecimal digits (in lower case)" \
                "that sha256sum prints for the file."
        url=$INPUT_DOWNLOAD_URL expected=$INPUT_SHA256
    else
        [ -z "$INPUT_SHA256" ] || fail "The input sha256 is only used together with download-url."
        find_release
    fi
    fetch
    source=$url
fi

found=$("$work/portolan" --version) ||
    fail "$source does not run on this runner ($(uname -s) on $(uname -m)). Nothing was installed."
if [ -z "$INPUT_BINARY$INPUT_DOWNLOAD_URL" ]; then
    case $found in
        "portolan $INPUT_VERSION" | "portolan $INPUT_VERSION "*) ;;
        *)
            fail "$source is another version: it says \`$found\`, expected was $INPUT_VERSION." \
                "Nothing was installed."
            ;;
    esac
fi

mkdir -p "$place"
mv -f "$work/portolan" "$place/portolan"
echo "$place" >> "$GITHUB_PATH"
echo "Installed $found from $source."
