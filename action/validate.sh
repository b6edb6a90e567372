#!/usr/bin/env bash
# Validates; GitHub shows each finding at its line.
set -euo pipefail
# shellcheck source=action/common.sh
. "${BASH_SOURCE[0]%/*}/common.sh"

read_options
portolan validate --format github "${options[@]}"
