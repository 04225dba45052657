#!/usr/bin/env bash
# The long form of the tests that docs/reliability.md speaks of.
#
#   scripts/torture.sh [--quick] [TEST...]    all tests; --quick: a tenth of each
#
# TEST: kill, disk, faults, memory, bits, files, ranks, fuzz. Uses the developers' build, at the lowest
# priority. Prints a line for each test and exits with 1 when one fails; what failed is in
# build/torture.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

all=(kill disk faults memory bits files ranks fuzz)
part=1 tests=()
for word in "$@"; do
  case $word in
    --quick) part=10 ;;
    *)
      [[ " ${all[*]} " == *" $word "* ]] || {
        echo "usage: scripts/torture.sh [--quick] [TEST...]; the tests are: ${all[*]}" >&2
        exit 2
      }
      tests+=("$word")
      ;;
  esac
done
((${#tests[@]} > 0)) || tests=("${all[@]}")

folder=build/torture
mkdir -p "$folder"
cmake --preset dev >/dev/null
cmake --build --preset dev --target cli_test core_test train_test >"$folder/build.log"

failed=0
# attempt NAME COMMAND...: runs it and says what came of it.
attempt() {
  local name=$1 begin=$SECONDS
  shift
  if nice -n 15 "$@" >"$folder/$name.log" 2>&1; then result=passed; else result=FAILED failed=1; fi
  printf '%-8s %s after %d s\n' "$name" "$result" $((SECONDS - begin))
  grep -E '^          [0-9]' "$folder/$name.log" || true
}
cli=build/dev/tests/cli_test
for name in "${tests[@]}"; do
  case $name in
    kill) attempt kill env CHAINRULE_KILLS=$((500 / part)) "$cli" --gtest_filter='Crash.Killed*' ;;
    disk) attempt disk env CHAINRULE_FULL_DISKS=$((100 / part)) "$cli" --gtest_filter='Crash.A*' ;;
    faults)
      faults=all
      ((part == 1)) || faults=50
      attempt faults env CHAINRULE_FAULTS=$faults "$cli" --gtest_filter='Fault.*:-Fault.*Memory*'
      ;;
    memory)
      faults=2000
      ((part == 1)) || faults=200
      attempt memory env CHAINRULE_FAULTS=$faults "$cli" --gtest_filter='Fault.*Memory*'
      ;;
    bits)
      attempt bits "$cli" --gtest_filter='*SameBits*' --gtest_repeat=$((50 / part)) \
        --gtest_break_on_failure
      ;;
    files)
      attempt files build/dev/tests/core_test --gtest_filter='AtomicFile.*' \
        --gtest_repeat=$((200 / part)) --gtest_break_on_failure
      ;;
    ranks) attempt ranks env CHAINRULE_KILLS=$((20 / part)) "$cli" --gtest_filter='Program.*' ;;
    fuzz) attempt fuzz scripts/fuzz.sh --seconds $((1800 / part)) ;;
  esac
done
exit $failed
