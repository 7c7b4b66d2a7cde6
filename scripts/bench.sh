#!/usr/bin/env bash
# Measures the product beside its rivals in one run and writes docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/setup.sh build
. scripts/env.sh
for tool in wrk taskset; do
  command -v "$tool" >/dev/null && continue
  echo "set-up failed: $tool is needed (Debian: apt-get install wrk util-linux)" >&2
  exit 1
done
cargo leptos build --release --precompress
exec "$(scripts/python-env.sh)" bench/bench.py "$@"
