#!/usr/bin/env bash
# Prints the Python program of an environment with Google's client libraries, which it makes when it is missing.
# The tests of the local cloud drive it with them. The versions are pinned: the discovery documents that
# answers are held against, and the table in docs/emulator.md, come inside one of the packages.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

packages=(google-cloud-compute==1.57.0 google-api-python-client==2.202.0)
environment="$FLASKSCALE_TOOLS/google-clients"
python="$environment/bin/python"
if [ "$(cat "$environment/packages" 2>/dev/null)" != "${packages[*]}" ]; then
  echo "set-up: installing ${packages[*]} in $environment" >&2
  python3 -m venv "$environment" >&2 || {
    echo "set-up failed: python3 with its venv module is needed (Debian: apt-get install python3-venv)" >&2
    exit 1
  }
  "$python" -m pip install --quiet --disable-pip-version-check "${packages[@]}" >&2
  echo "${packages[*]}" >"$environment/packages"
fi
echo "$python"
