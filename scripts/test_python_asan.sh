#!/usr/bin/env bash
# Builds the Python module with the address sanitizer and runs its tests, or those that are named:
#
#   scripts/test_python_asan.sh [TEST...]      scripts/test_python_asan.sh python/tests/test_misuse.py
#
# python3 itself is not built so, hence the sanitizer's library is loaded before it starts. Leaks are
# not looked for: the interpreter keeps memory until it ends.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/python-asan
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  "-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1 -D_GLIBCXX_ASSERTIONS" -DCHAINRULE_SANITIZE=address \
  -DCHAINRULE_BUILD_PYTHON=ON -DCHAINRULE_BUILD_CLI=OFF -DCHAINRULE_BUILD_TESTS=OFF \
  -DCHAINRULE_BUILD_EXAMPLES=OFF -DCHAINRULE_WITH_MPI=OFF >/dev/null
cmake --build "$build" --target chainrule_python
tests=("$@")
((${#tests[@]} > 0)) || tests=(python/tests/test_misuse.py python/tests/test_graph.py
  python/tests/test_model.py python/tests/test_files.py)
python=/usr/bin/python3
[[ -x $python ]] || python=$(command -v python3)
venv=$build/python/venv
[[ -x $venv/bin/python ]] || "$python" -m venv --system-site-packages --without-pip "$venv"
cmake --install "$build" --component python --prefix "$venv" >/dev/null
export CHAINRULE_SOURCE=$PWD
# The sanitizer looks for the function that throws when it starts, before any module is loaded.
library() { "${CXX:-c++}" -print-file-name="$1"; }
export LD_PRELOAD="$(library libasan.so) $(library libstdc++.so)"
export ASAN_OPTIONS=detect_leaks=0
exec "$venv/bin/python" -m pytest -q -rs -p no:cacheprovider "${tests[@]}"
