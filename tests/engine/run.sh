#!/usr/bin/env bash
# Builds the engine alone with another compiler, and proves every derivative there.
#   run.sh wasm|libcxx FOLDER [CMAKE_OPTION...]
# wasm: WebAssembly, run by Node; libcxx: clang's own C++ library, only where CHAINRULE_TEST_LIBCXX is
# set. Exit code 77: what is needed is
# missing, and was printed.
set -euo pipefail
kind=$1 folder=$2
shift 2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

if [[ $kind == libcxx && -z ${CHAINRULE_TEST_LIBCXX:-} ]]; then
  echo "skipped: CHAINRULE_TEST_LIBCXX is not set: compiling the engine once more takes minutes"
  exit 77
fi

need() {  # PACKAGE PATH-OR-PROGRAM
  [[ -e $2 ]] || command -v "$2" >/dev/null || missing+=("$1")
}
missing=()
need clang-19 clang++-19
need ninja-build ninja
need googletest /usr/src/googletest/googletest
if [[ $kind == wasm ]]; then
  need lld-19 wasm-ld-19
  need libc++-19-dev-wasm32 /usr/include/wasm32-wasi/c++/v1
  need libc++abi-19-dev-wasm32 /usr/lib/wasm32-wasi/libc++abi.a
  need libclang-rt-19-dev-wasm32 /usr/lib/llvm-19/lib/clang/19/lib/wasi
  need wasi-libc /usr/lib/wasm32-wasi/libc.a
  need nodejs node
  options=(--toolchain "$here/../../cmake/wasm.cmake")
else
  need libc++-19-dev /usr/lib/llvm-19/include/c++/v1
  options=(-DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_CXX_FLAGS=-stdlib=libc++)
fi
if ((${#missing[@]} > 0)); then
  echo "skipped: not installed: ${missing[*]}"
  exit 77
fi

cmake -G Ninja -S "$here/../.." -B "$folder" "${options[@]}" -DCHAINRULE_ENGINE_ONLY=ON \
  -DCHAINRULE_FEW_FILES=ON -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O1 "$@" >/dev/null
cmake --build "$folder" --target derivatives
if [[ $kind == wasm ]]; then
  # A throw ends the program there, so tests that catch sentences are left out.
  node --no-warnings "$here/run.js" "$folder/tests/engine/derivatives.wasm" \
    --gtest_filter='*-*Errors*:*Mistakes*:*DoNotFit*'
else
  "$folder/tests/engine/derivatives"
fi
