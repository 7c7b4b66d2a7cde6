#!/usr/bin/env bash
# Fuzzes what reads a policy: the policy itself, the filter of a metric, the cron of a schedule.
#
#   scripts/fuzz.sh [SECONDS]   for each of them, 300 if nothing is said
#
# Needs cargo-fuzz and a nightly compiler; says so and passes where there is none.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

seconds=${1:-300}

if ! cargo fuzz --version >/dev/null 2>&1; then
  echo "fuzz: SKIPPED, cargo-fuzz is missing (cargo install cargo-fuzz)"
  exit 0
fi
# Not by `cargo +nightly`: a cargo that is not rustup's knows no such word.
if ! rustup run nightly rustc --version >/dev/null 2>&1; then
  echo "fuzz: SKIPPED, a nightly compiler is missing (rustup toolchain install nightly)"
  exit 0
fi

for target in policy filter cron; do
  printf '\nfuzz: %s, %s s\n' "$target" "$seconds"
  # What it finds out goes to the corpus, which stays here; the seeds are what everybody begins with.
  mkdir -p "fuzz/corpus/$target"
  rustup run nightly cargo fuzz run "$target" "fuzz/corpus/$target" "fuzz/seeds/$target" -- \
    -dict="fuzz/$target.dict" -max_total_time="$seconds" -max_len=4096 -print_final_stats=1
done
