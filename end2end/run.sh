#!/usr/bin/env bash
# The browser tests. They start their own local clouds from target/release/flaskscale.
# FLASKSCALE_E2E chooses specs by name, for example: FLASKSCALE_E2E=demonstration end2end/run.sh
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC2086
exec npx --no-install playwright test ${FLASKSCALE_E2E:-} "$@"
