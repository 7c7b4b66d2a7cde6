#!/usr/bin/env bash
# Days of daily load on a clock turned by hand: nothing may grow. Needs target/release/flaskscale and its site.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || {
  echo "set-up failed: python3 is needed (Debian: apt-get install python3)" >&2
  exit 1
}
exec python3 scripts/soak.py "$@"
