#!/usr/bin/env bash
# Ends as the plan ended.
set -euo pipefail

case $CODE in
    0 | 2) ;;
    *) exit "$CODE" ;;
esac
