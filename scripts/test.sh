#!/usr/bin/env bash
# Every check and test, in the order in which a failure is cheapest to find. Ends with what ran and passed.
set -uo pipefail
cd "$(dirname "$0")/.."

scripts/setup.sh test || exit 1
. scripts/env.sh

log="target/test-output.log"
mkdir -p target
: >"$log"
summary=()
failed=0
started=$SECONDS

# step NAME COMMAND...: runs the command with its output shown, and keeps its verdict for the summary.
step() {
  local name=$1 began=$SECONDS verdict=passed; shift
  printf '\n== %s: %s\n' "$name" "$*"
  "$@" 2>&1 | tee -a "$log" || verdict=FAILED
  [ "$verdict" = passed ] || failed=1
  summary+=("$(printf '%-28s %-7s %4d s' "$name" "$verdict" $((SECONDS - began)))")
}

native=(--workspace --exclude frontend --locked)
step "format" cargo fmt --all --check
step "clippy, native" cargo clippy "${native[@]}" --all-targets -- -D warnings
step "clippy, without local cloud" cargo clippy -p server --no-default-features --locked -- -D warnings
step "clippy, browser" cargo clippy -p frontend --target wasm32-unknown-unknown --locked -- -D warnings
step "release build" cargo leptos build --release --precompress
step "unit and integration tests" cargo test "${native[@]}"
step "chaos" scripts/chaos.sh
[ "${FLASKSCALE_LONG:-}" = 1 ] && step "soak" scripts/soak.sh
[ "${FLASKSCALE_LONG:-}" = 1 ] && step "fuzz" scripts/fuzz.sh
step "browser tests" end2end/run.sh
[ "${FLASKSCALE_LONG:-}" = 1 ] && step "container image" scripts/check_image.sh

rust_passed=$(grep -aoE 'test result: [a-zA-Z]+\. [0-9]+ passed' "$log" | awk '{n += $4} END {print n + 0}')
rust_failed=$(grep -aoE '[0-9]+ passed; [0-9]+ failed' "$log" | awk '{n += $3} END {print n + 0}')
browser_passed=$(grep -aoE '^ +[0-9]+ passed' "$log" | awk '{n += $1} END {print n + 0}')
browser_failed=$(grep -aoE '^ +[0-9]+ failed' "$log" | awk '{n += $1} END {print n + 0}')

printf '\n== make test, %d s\n' $((SECONDS - started))
printf '%s\n' "${summary[@]}"
printf 'rust tests: %d passed, %d failed; browser tests: %d passed, %d failed\n' \
  "$rust_passed" "$rust_failed" "$browser_passed" "$browser_failed"
[ "$failed" = 0 ] && echo "every step passed" || echo "at least one step FAILED"
printf '%d passed, %d failed\n' $((rust_passed + browser_passed)) $((rust_failed + browser_failed))
exit $failed
