#!/usr/bin/env bash
# Writes the plan into the one comment of the pull request.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

ask() {
    gh api "$@" ||
        fail "The comment with the plan could not be written. The job needs the permission" \
            "\`pull-requests: write\`; GitHub's answer is above." >&2
}

marker="<!-- portolan-plan${INPUT_NAME:+ $INPUT_NAME} -->"
comment=$RUNNER_TEMP/portolan-comment.md
{
    echo "$marker"
    cat "$RUNNER_TEMP/portolan-plan.md"
} > "$comment"
ours=".user.login == \"github-actions[bot]\" and (.body | startswith(\"$marker\"))"
ids=$(ask --paginate "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments?per_page=100" \
    --jq ".[] | select($ours) | .id")
if [ -n "$ids" ]; then
    ask --silent --method PATCH "repos/$GITHUB_REPOSITORY/issues/comments/${ids%%$'\n'*}" \
        --field "body=@$comment"
else
    ask --silent --method POST "repos/$GITHUB_REPOSITORY/issues/$NUMBER/comments" \
        --field "body=@$comment"
fi
