#!/usr/bin/env bash
# Prints the Python program of an environment with Flask and gunicorn, which it makes when it is missing.
# Tests run a foreign workload with it, and the benchmark uses it as the rival.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

environment="$FLASKSCALE_TOOLS/python"
python="$environment/bin/python"
if ! "$python" -c 'import flask, gunicorn' 2>/dev/null; then
  echo "set-up: installing Flask and gunicorn in $environment" >&2
  python3 -m venv "$environment" >&2 || {
    echo "set-up failed: python3 with its venv module is needed (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
  "$python" -m pip install --quiet --disable-pip-version-check flask==3.1.* gunicorn==23.* >&2
fi
echo "$python"
