#!/usr/bin/env bash
# Load on the balancer while the fleet behind it is killed, rolled and scaled. Needs target/release/flaskscale and its site.
# In the long form it is a million requests, else 200,000.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v python3 >/dev/null || {
  echo "set-up failed: python3 is needed (Debian: apt-get install python3)" >&2
  exit 1
}
requests=200000
[ "${FLASKSCALE_LONG:-}" = 1 ] && requests=1000000
exec python3 scripts/chaos.py --requests "$requests" "$@"
