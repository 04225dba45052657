#!/usr/bin/env bash
# Measures what the library costs its users: how long g++ takes to compile a small program that
# includes <chainrule/chainrule.h> (best of five, examples/mnist.cpp), and the size of the program
# chainrule as built for release, stripped.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/bootstrap.sh
cmake --preset release >/dev/null
cmake --build --preset release --target chainrule_cli >/dev/null

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
best() {
  local least=999999 start took
  for _ in 1 2 3 4 5; do
    start=$(date +%s%N)
    "$@"
    took=$((($(date +%s%N) - start) / 1000000))
    ((took >= least)) || least=$took
  done
  printf '%d.%02d s' $((least / 1000)) $((least % 1000 / 10))
}
example=examples/mnist.cpp
echo "g++ -fsyntax-only   $(best g++ -std=c++20 -I. -fsyntax-only $example)"
echo "g++ -O0 -c          $(best g++ -std=c++20 -I. -O0 -c $example -o "$work/example.o")"

strip -o "$work/chainrule" build/release/cli/chainrule
echo "chainrule, stripped $(stat -c %s "$work/chainrule") bytes"
