#!/usr/bin/env bash
# Builds everything and runs every test.
#
#   scripts/test.sh                 all tests; installs the outside programs that some compare with
#   scripts/test.sh --core          installs no outside programs; their tests are skipped
#   scripts/test.sh --no-sanitize   leaves out the second build, with the sanitizers
#
# CHAINRULE_MNIST=DIR adds the tests on the real digits. A skipped test is listed with its reason.
# The last line is "N passed, N failed, N skipped"; exits with 0 only if nothing failed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

presets=(dev asan)
bootstrap=(--full)
for option in "$@"; do
  case $option in
    --core) bootstrap=() ;;
    --sanitize) presets=(dev asan) ;;
    --no-sanitize) presets=(dev) ;;
    *)
      echo "usage: scripts/test.sh [--core] [--sanitize | --no-sanitize]" >&2
      exit 2
      ;;
  esac
done
scripts/bootstrap.sh "${bootstrap[@]}"

passed=0 failed=0 skipped=0
for preset in "${presets[@]}"; do
  echo "== $preset: build"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset"
  echo "== $preset: tests"
  log=build/$preset/tests.log
  status=0
  ctest --preset "$preset" --parallel "$(nproc)" --verbose 2>&1 | tee "$log" |
    grep --line-buffered -E '^ *[0-9]+/[0-9]+ Test +#' || status=${PIPESTATUS[0]}
  awk -f scripts/counts.awk "$log" >"$log.summary"
  sed '$d' "$log.summary"
  read -r p f s < <(tail -n 1 "$log.summary")
  # ctest has the last word: what it calls a failure is one, whatever was counted.
  if ((status != 0 && f == 0)); then f=1; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
((failed == 0 && passed > 0))
