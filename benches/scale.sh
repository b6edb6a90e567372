#!/usr/bin/env bash
# Measures one process against the emulator: a row of docs/scale.md.
#
#   benches/scale.sh drift|apply REPOSITORIES RULES [EMULATOR-OPTION...]
#
# RULES is 0 or 1: the sync rules that each repository has. `drift` finds everything as the chart
# says; `apply` creates it. RUNS is how often it is measured, by default 5; PORTOLAN is the program.
set -euo pipefail

command=$1 repositories=$2 rules=$3
shift 3
portolan=${PORTOLAN:-target/release/portolan}
folder=$(mktemp -d)
emulator=
trap 'kill "$emulator" 2>/dev/null || :; rm -rf "$folder"' EXIT

# Organizations of 200 repositories, or of 1,000 if there are many.
each=$((repositories < 50000 ? 200 : 1000))
awk -v all="$repositories" -v each="$each" -v rules="$rules" -v folder="$folder" 'BEGIN {
    chart = folder "/chart.yaml"; state = folder "/state.json"
    rule = "\"sync_rules\":[{\"remote_region\":\"cn-east-3\",\"remote_organization\":\"dr\"}]"
    print "version: 1\nname: scale\nregion: cn-north-4\norganizations:" > chart
    printf "{\"regions\":{\"cn-north-4\":{\"organizations\":{" > state
    for (i = 0; i < all; i++) {
        if (i % each == 0) {
            printf "  org-%d:\n", i / each > chart
            if (rules) {
                print "    defaults: { repository: { sync: [ { target: dr } ] } }" > chart
            }
            print "    repositories:" > chart
            printf "%s\"org-%d\":{\"repositories\":{", i ? "}}," : "", i / each > state
        }
        printf "      app-%d: { category: app_server, is_public: false }\n", i > chart
        printf "%s\"app-%d\":{\"category\":\"app_server\"%s}", \
            i % each ? "," : "", i, rules ? "," rule : "" > state
    }
    # The target of the rules.
    print "}}}},\"cn-east-3\":{\"organizations\":{\"dr\":{}}}}}" > state
    if (rules) print "targets: { dr: { region: cn-east-3, organization: dr } }" > chart
}'
[ "$command" = drift ] || rm "$folder/state.json"

serve() {
    rm -f "$folder/urls"
    "$portolan" emulator --state "$folder/state.json" --journal "$folder/journal" "$@" \
        >"$folder/urls" &
    emulator=$!
    until [ -s "$folder/urls" ]; do
        kill -0 "$emulator"
        sleep 0.1
    done
    # Of the first region; the others differ in the last part.
    read -r _ url <"$folder/urls"
}

stop() {
    kill "$emulator"
    wait "$emulator" || :
}

run() {
    env HUAWEICLOUD_SDK_AK=ak HUAWEICLOUD_SDK_SK=sk PORTOLAN_ENDPOINT_SWR="${url%/*}/{region}" \
        /usr/bin/time --output="$folder/time" --append --format='%e %U %S %M' \
        "$portolan" --file "$folder/chart.yaml" --no-progress "$command" "$@" >"$folder/out" || {
        tail -n 5 "$folder/out" >&2
        echo "$command did not end as expected" >&2
        exit 1
    }
}

if [ "$command" = drift ]; then
    serve "$@"
fi
for _ in $(seq "${RUNS:-5}"); do
    if [ "$command" = drift ]; then
        : >"$folder/journal"
        run
    else
        rm -f "$folder/state.json"* "$folder/journal"
        serve "$@"
        run --yes
        stop
    fi
done

median() {
    sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'
}

tail -n 3 "$folder/out"
echo "requests: $(wc -l <"$folder/journal")"
echo "CPU: $(awk '{ print $2 + $3 }' "$folder/time" | median) s"
echo "memory: $(awk '{ print $4 / 1024 }' "$folder/time" | median) MiB"
best=$(sort -n "$folder/time" | head -n 1 | cut -d ' ' -f 1)
echo "wall clock: $(awk '{ print $1 }' "$folder/time" | median) s, best $best s"
