#!/bin/sh
# All wrong backward passes that the tests can make, and all right ones: prints the table of
# docs/guide/mistakes.md. Usage: scripts/prove_compare.sh [BUILD_FOLDER]
set -e
cd "$(dirname "$0")/.."
CHAINRULE_ALL_MUTANTS=1 "${1:-build/dev}"/tests/compare_test --gtest_filter='CompareMutants.*'
