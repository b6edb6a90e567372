#!/usr/bin/env bash
# Plans into a directory for the artifact, and writes the text of the comment. The step itself
# succeeds, so that the comment is written if there is no plan too.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

plan=$RUNNER_TEMP/portolan-plan
report=$RUNNER_TEMP/portolan-plan.md
rm -rf "$plan" "$report"
mkdir "$plan"
# The Git ids of the planned charts, so that the apply can check that they are still the same.
ids=$(chart_ids)

read_options
code=0
portolan plan --detailed-exitcode --format markdown --out "$plan/plan.json" "${options[@]}" \
    > "$report" || code=$?
if [ ! -s "$report" ]; then
    echo "portolan ended with $code before it could plan; see the log of the run." > "$report"
fi
case $code in
    0 | 2) echo "$ids" > "$plan/chart" ;;
esac
cat "$report" >> "$GITHUB_STEP_SUMMARY"
{
    echo "code=$code"
    echo "report=$report"
    echo "artifact=$(artifact "$HEAD")"
} >> "$GITHUB_OUTPUT"
