#!/usr/bin/env bash
# Finds the plan of the pull request whose merge this commit is, and checks that it is for this
# chart.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

read_lines "$INPUT_FILE"
charts=${lines[*]}
refuse() {
    fail "$1. Nothing was applied. Plan again: open a pull request that touches $charts."
}

ask() {
    gh "$@" ||
        fail "The reviewed plan could not be looked up. The job needs the permissions" \
            "\`actions: read\` and \`pull-requests: read\`; GitHub's answer is above." \
            "Nothing was applied." >&2
}

pull=$(ask api "repos/$GITHUB_REPOSITORY/commits/$GITHUB_SHA/pulls" --jq \
    ".[] | select(.merge_commit_sha == \"$GITHUB_SHA\")
      | \"\(.head.sha) \(.head.repo.full_name)\"")
read -r head repository <<< "$pull"
[ -n "$head" ] ||
    refuse "$GITHUB_SHA is not the merge of a pull request, so no plan of it was reviewed"
# The owner of a fork can upload anything from there under any name.
[ "$repository" = "$GITHUB_REPOSITORY" ] ||
    refuse "a pull request from the fork $repository is not planned"

name=$(artifact "$head")
artifacts="repos/$GITHUB_REPOSITORY/actions/artifacts"
run=$(ask api "$artifacts?name=$name&per_page=100" --jq \
    "[.artifacts[] | select(.expired | not) | .workflow_run
      | select(.head_sha == \"$head\" and .head_repository_id == .repository_id)
      | .id] | max // empty")
[ -n "$run" ] || refuse "the plan for $head was not made, or is gone"
plan=$RUNNER_TEMP/portolan-plan
rm -rf "$plan"
ask run download "$run" --repo "$GITHUB_REPOSITORY" --name "$name" --dir "$plan"

ids=$(chart_ids)
[ "$ids" = "$(cat "$plan/chart")" ] ||
    refuse "$charts is not what was planned for $head: another change was merged since"
