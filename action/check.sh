#!/usr/bin/env bash
# Stops before anything is done if an input or the runner is not what the command needs.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

case $INPUT_COMMAND in
    validate) tools=() ;;
    plan | apply) tools=(git gh) ;;
    drift) tools=(gh) ;;
    *)
        fail "The input command is \`$INPUT_COMMAND\`;" \
            "it must be validate, plan, apply or drift."
        ;;
esac

for tool in ${tools[@]+"${tools[@]}"}; do
    type -P "$tool" > /dev/null ||
        fail "This runner has no $tool, which the command $INPUT_COMMAND needs: install it first."
done

read_lines "$INPUT_FILE"
[ ${#lines[@]} -gt 0 ] || fail "The input file is empty: name your chart."
for file in "${lines[@]}"; do
    [ -e "$file" ] ||
        fail "There is no chart $file in the workspace: check the repository out first," \
            "or name your chart in the input file."
done

case $INPUT_NAME in
    *[!A-Za-z0-9_-]*)
        fail "The input name is \`$INPUT_NAME\`; it must be of letters, digits, - and _."
        ;;
esac
# A label of GitHub, which the name is a part of, has at most 50 characters.
[ ${#INPUT_NAME} -le 30 ] ||
    fail "The input name has ${#INPUT_NAME} characters; it must have at most 30."

[ "$INPUT_COMMAND" = validate ] || [ -n "$GH_TOKEN" ] ||
    fail "The input token is empty: leave it out, or give it a token of GitHub."

if [ "$INPUT_COMMAND" = plan ]; then
    # In `pull_request_target` the chart of a fork would be planned with your credentials.
    [ "${GITHUB_EVENT_NAME:-}" = pull_request ] ||
        fail "The command plan works for the event pull_request, not for" \
            "\`${GITHUB_EVENT_NAME:-none}\`: it comments on a pull request."
    [ "$HEAD_REPOSITORY" = "$GITHUB_REPOSITORY" ] ||
        fail "This pull request comes from a fork ($HEAD_REPOSITORY), so it is not planned:" \
            "a fork gets no credentials. Use the command validate for it."
fi
