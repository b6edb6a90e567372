#!/usr/bin/env bash
# Opens, updates or closes the one issue about drift.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

export GH_REPO=$GITHUB_REPOSITORY
ask() {
    gh "$@" ||
        fail "The issue about drift could not be kept. The job needs the permission" \
            "\`issues: write\`; GitHub's answer is above." >&2
}

label=portolan-drift${INPUT_NAME:+-$INPUT_NAME}
title="The image repositories are not as the chart says${INPUT_NAME:+ ($INPUT_NAME)}"
report=$RUNNER_TEMP/portolan-drift.md
number=$(ask issue list --state open --label "$label" --limit 1 \
    --json number --jq '.[].number')
case $CODE in
    0)
        if [ -n "$number" ]; then
            ask issue close "$number" --comment "There is no drift now."
        fi
        ;;
    2)
        if [ -n "$number" ]; then
            ask issue edit "$number" --body-file "$report"
        else
            ask label create "$label" --force --description "Kept by a workflow"
            ask issue create --title "$title" --label "$label" --body-file "$report"
        fi
        ;;
    *) fail "The drift step ended with the unexpected exit code \`$CODE\`." ;;
esac
