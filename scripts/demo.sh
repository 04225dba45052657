#!/usr/bin/env bash
# From a bare system to a trained network: installs what is missing, builds the program, trains it
# on the built-in digits, and says what to try next. Everything it writes goes to build/ and run/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scripts/bootstrap.sh
echo "building (once)"
# Nobody edits in this build: fewer and larger files are done in half the time.
cmake --preset release -DCMAKE_UNITY_BUILD=ON -DCMAKE_UNITY_BUILD_BATCH_SIZE=6 >/dev/null
cmake --build --preset release --target chainrule_cli
echo
build/release/cli/chainrule train digits --out run --overwrite --min-accuracy 0.97

cat <<'NEXT'

The network is in run/model.safetensors, its learning curve in run/curves.svg. Next you may try:
  export PATH=$PWD/build/release/cli:$PATH
  chainrule data show digits                       # what the network looked at
  chainrule eval run/model.safetensors digits      # which digits it confuses
  chainrule train digits --model 'linear 512, relu, dropout 0.2, linear 10' --epochs 10
  chainrule explain run/model.safetensors digits --html run/model.html    # open it in a browser
  chainrule explain '(apple*2 + orange*3)*1.1' apple=100 orange=150
  chainrule check --model 'linear 3, tanh, linear 2' --inputs 4
  chainrule --help
The same in C++: examples/mnist.cpp. How it works inside: docs/tour.md.
NEXT
