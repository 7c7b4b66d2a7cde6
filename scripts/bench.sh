#!/usr/bin/env bash
# Measures the product beside its rivals in one run and writes docs/benchmarks.md.
set -euo pipefail
cd "$(dirname "$0")/.."
# The tests' set-up brings the browser that the backtest is measured in.
scripts/setup.sh test
. scripts/env.sh
for tool in wrk taskset nginx; do
  command -v "$tool" >/dev/null && continue
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "set-up: apt-get install wrk util-linux nginx-light" >&2
    apt-get install -y -qq --no-install-recommends wrk util-linux nginx-light >&2 && continue
  fi
  echo "set-up failed: $tool is needed (Debian: apt-get install wrk util-linux nginx-light)" >&2
  exit 1
done
CARGO_TARGET_DIR=target/image cargo leptos build --release --precompress --bin-cargo-args=--no-default-features
cargo leptos build --release --precompress
exec "$(scripts/python-env.sh)" bench/bench.py "$@"
