#!/usr/bin/env bash
# Stands in for `gh`: answers with the files in $ANSWERS, and logs the requests. It refuses what the
# job has no permission for: $PERMISSIONS has a word such as `issues:write` for each.
set -euo pipefail
if [ -z "${GH_TOKEN:-}" ]; then
    echo "gh: set the GH_TOKEN environment variable" >&2
    exit 4
fi
echo "$*" >> "$ANSWERS/asked"
words="$*"
case $words in
    *"--method "*) needed=pull-requests:write ;;
    *"/comments?"* | *"/pulls "*) needed=pull-requests ;;
    *"/artifacts?"* | "run download"*) needed=actions ;;
    "issue list"*) needed=issues ;;
    "issue "* | "label "*) needed=issues:write ;;
    *) echo "gh does not know: $words" >&2; exit 1 ;;
esac
case " $PERMISSIONS" in
    *" $needed"*) ;;
    *) echo "gh: Resource not accessible by integration (HTTP 403)" >&2; exit 1 ;;
esac
filter=. folder='' body=''
while [ $# -gt 0 ]; do
    case $1 in
        --jq) filter=$2 ;;
        --dir) folder=$2 ;;
        --field) body=${2#body=@} ;;
        --body-file) body=$2 ;;
    esac
    shift
done
if [ -n "$body" ]; then
    cp "$body" "$ANSWERS/body"
fi
case $words in
    "run download"*) cp -r "$ANSWERS/plan" "$folder" ;;
    *"/comments?"*) jq -r "$filter" "$ANSWERS/comments.json" ;;
    *"/pulls "*) jq -r "$filter" "$ANSWERS/pulls.json" ;;
    *"/artifacts?"*) jq -r "$filter" "$ANSWERS/artifacts.json" ;;
    "issue list"*) jq -r "$filter" "$ANSWERS/issues.json" ;;
esac
