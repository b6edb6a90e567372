#!/usr/bin/env bash
# Looks for drift, and writes the text of the issue.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

report=$RUNNER_TEMP/portolan-drift.md
read_options
code=0
portolan drift --format markdown "${options[@]}" > "$report" || code=$?
cat "$report" >> "$GITHUB_STEP_SUMMARY"
# With any other code drift is unknown, and the issue stays as it is.
case $code in
    0 | 2)
        {
            echo "code=$code"
            echo "report=$report"
        } >> "$GITHUB_OUTPUT"
        ;;
    *) exit "$code" ;;
esac
