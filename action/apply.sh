#!/usr/bin/env bash
# Applies the plan that the step before found.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

report=$RUNNER_TEMP/portolan-report.txt
echo "report=$report" >> "$GITHUB_OUTPUT"
read_options
code=0
portolan apply "$RUNNER_TEMP/portolan-plan/plan.json" ${options[@]+"${options[@]}"} \
    > "$report" || code=$?
cat "$report"
{
    echo '```'
    cat "$report"
    echo '```'
} >> "$GITHUB_STEP_SUMMARY"
exit "$code"
