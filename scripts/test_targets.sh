#!/usr/bin/env bash
# Runs the tests of everything that computes once for each instruction set that the kernels are
# compiled for and this machine has, from the newest to plain C++:
#
#   scripts/test_targets.sh [PRESET]    dev if not given
#
# The tests of the kernels themselves always try all of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-dev}
programs=(graph check optim model train derivatives system explain compare doctor)
scripts/bootstrap.sh
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --target "${programs[@]/%/_test}"

# A name that does not exist makes a test program list those that do.
list=$(CHAINRULE_TEST_TARGET=none "build/$preset/tests/graph_test" 2>&1 >/dev/null || true)
read -ra targets <<<"${list##*:}"
((${#targets[@]} > 0))
failed=0
for target in "${targets[@]}"; do
  for program in "${programs[@]}"; do
    if output=$(CHAINRULE_TEST_TARGET=$target "build/$preset/tests/${program}_test" 2>&1); then
      result=$(grep -o '[0-9]* tests from' <<<"$output" | tail -n 1)
      echo "$target $program: ${result% from} passed"
    else
      failed=1
      grep -E 'Failure|FAILED' <<<"$output" || tail -n 5 <<<"$output"
      echo "$target $program: FAILED"
    fi
  done
done
exit "$failed"
