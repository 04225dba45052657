#!/usr/bin/env bash
# Builds the release and compares it with every other library that is installed:
#
#   scripts/bench.sh [--json FILE] [--plots DIR] [--data DIR] [--quick] [--only 1,3,5]
#
# scripts/bootstrap.sh --bench installs the others; bench/run.py --help explains all flags,
# docs/performance.md the figures.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
for flag in "$@"; do
  if [[ $flag == -h || $flag == --help ]]; then exec python3 "$root/bench/run.py" --help; fi
done
"$root/scripts/bootstrap.sh"
(
  cd "$root"
  cmake --preset release -DCHAINRULE_BUILD_BENCH=ON
  cmake --build --preset release --target bench chainrule_cli
) >"${TMPDIR:-/tmp}/chainrule-bench.$$" 2>&1 || {
  tail -n 30 "${TMPDIR:-/tmp}/chainrule-bench.$$" >&2
  exit 1
}
rm -f "${TMPDIR:-/tmp}/chainrule-bench.$$"
exec python3 "$root/bench/run.py" --build "$root/build/release" "$@"
