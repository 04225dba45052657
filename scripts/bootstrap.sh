#!/usr/bin/env bash
# Installs what building and testing needs, and of that only what is missing.
#
#   scripts/bootstrap.sh          compiler, build tools and libraries
#   scripts/bootstrap.sh --dev    also formatter, analyser and second compiler for developers
#   scripts/bootstrap.sh --full   also the outside programs that some tests compare with
#   scripts/bootstrap.sh --python also what builds and tests the Python package
#   scripts/bootstrap.sh --bench  also the libraries that scripts/bench.sh compares with
#
# Silent when nothing is missing. Uses apt, with sudo unless run by root; where there is no apt, or
# no right to use it, it says what to install and exits with 1.
set -euo pipefail
export LC_ALL=C

# package : what shows that it is there (a program, a header when it ends in .h or .hpp, a path)
wanted=(
  g++:g++
  cmake:cmake
  ninja-build:ninja
  pkg-config:pkg-config
  libhwy-dev:hwy/highway.h
  nlohmann-json3-dev:nlohmann/json.hpp
  libcli11-dev:CLI/CLI.hpp
  zlib1g-dev:zlib.h
  libpng-dev:png.h
  libjpeg62-turbo-dev:jpeglib.h
  libcurl4-openssl-dev:curl/curl.h
  libprotozero-dev:protozero/pbf_reader.hpp
  libgtest-dev:gtest/gtest.h
)
dev=(
  ccache:ccache
  clang-19:clang++-19
  libclang-rt-19-dev:/usr/lib/llvm-19/lib/clang/19/lib
  clang-format:clang-format
  clang-tidy-19:clang-tidy-19
  librsvg2-bin:rsvg-convert
)
python=(
  pybind11-dev:pybind11/pybind11.h
  python3-dev:/usr/include/python3.11/Python.h
  python3-numpy:/usr/lib/python3/dist-packages/numpy
  python3-venv:/usr/lib/python3.11/ensurepip
  python3-pip:/usr/lib/python3/dist-packages/pip
  python3-pytest:/usr/lib/python3/dist-packages/pytest
)
python_full=(
  python3-sklearn:/usr/lib/python3/dist-packages/sklearn
  python3-matplotlib:/usr/lib/python3/dist-packages/matplotlib
  python3-torch:/usr/lib/python3/dist-packages/torch
  python3-ipykernel:/usr/lib/python3/dist-packages/ipykernel
  jupyter-nbconvert:/usr/bin/jupyter-nbconvert
  mypy:mypy
)
full=(
  libopenmpi-dev:mpicc
  openmpi-bin:mpirun
  iproute2:ip
  chromium:chromium
  python3-onnx:/usr/lib/python3/dist-packages/onnx
  nodejs:node
  npm:npm
  googletest:/usr/src/googletest/googletest
  libc++-19-dev:/usr/lib/llvm-19/include/c++/v1
  libc++abi-19-dev:/usr/lib/llvm-19/lib/libc++abi.a
  clang-19:clang++-19
  lld-19:wasm-ld-19
  libc++-19-dev-wasm32:/usr/include/wasm32-wasi/c++/v1
  libc++abi-19-dev-wasm32:/usr/lib/wasm32-wasi/libc++abi.a
  libclang-rt-19-dev-wasm32:/usr/lib/llvm-19/lib/clang/19/lib/wasi
  wasi-libc:/usr/lib/wasm32-wasi/libc.a
)
# Of npm: playwright-core drives chromium in tests/system/page.js, the others read in tests/io what
# is written here.
npm_full=(playwright-core@1.65.1 onnxruntime-web@1.30.0 @huggingface/hub@2.17.0)
bench=(
  python3-numpy:/usr/lib/python3/dist-packages/numpy
  python3-torch:/usr/lib/python3/dist-packages/torch
  libtorch-dev:torch/csrc/api/include/torch/torch.h
  libfann-dev:fann.h
  libdlib-dev:dlib/dnn.h
  libopenblas-dev:cblas.h
  libopenblas0-openmp:/usr/lib/x86_64-linux-gnu/openblas-openmp
)

for option in "$@"; do
  case $option in
    --dev) wanted+=("${dev[@]}") ;;
    --python) wanted+=("${python[@]}") ;;
    --full) wanted+=("${python[@]}" "${python_full[@]}" "${full[@]}") with_npm=1 ;;
    --bench) wanted+=("${bench[@]}") ;;
    *)
      echo "usage: scripts/bootstrap.sh [--dev] [--python] [--full] [--bench]" >&2
      exit 2
      ;;
  esac
done

compiler=${CXX:-c++}
has_header() {
  command -v "$compiler" >/dev/null &&
    printf '#if !__has_include(<%s>)\n#error missing\n#endif\n' "$1" |
    "$compiler" -std=c++20 -fsyntax-only -x c++ - 2>/dev/null
}

find_missing() {
  missing=()
  local entry package proof
  for entry in "${wanted[@]}"; do
    package=${entry%%:*} proof=${entry#*:}
    case $proof in
      /*) [[ -e $proof ]] || missing+=("$package") ;;
      *.h | *.hpp) has_header "$proof" || missing+=("$package") ;;
      *) command -v "$proof" >/dev/null || missing+=("$package") ;;
    esac
  done
}

give_up() {
  echo "$1" >&2
  echo "Please install these (Debian's names of the packages), then run this again:" >&2
  echo "  ${missing[*]}" >&2
  exit 1
}

find_missing
if ((${#missing[@]} > 0)); then
  command -v apt-get >/dev/null || give_up "bootstrap: there is no apt-get on this system."
  root=()
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || give_up "bootstrap: installing needs root, and there is no sudo."
    root=(sudo)
  fi
  echo "installing with apt: ${missing[*]}"
  log=$(mktemp)
  trap 'rm -f "$log"' EXIT
  apt=("${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300)
  # A source that cannot be reached is no reason to stop: the packages may come from another one.
  "${apt[@]}" update >"$log" 2>&1 || echo "bootstrap: 'apt-get update' did not succeed fully" >&2
  if ! "${apt[@]}" install -y --no-install-recommends "${missing[@]}" >>"$log" 2>&1; then
    tail -n 30 "$log" >&2
    give_up "bootstrap: apt-get could not install everything (its last lines are above)."
  fi
  asked=("${missing[@]}")
  find_missing
  ((${#missing[@]} == 0)) || give_up "bootstrap: still missing after installing ${asked[*]}."
fi

if [[ -n ${with_npm:-} ]]; then
  there=$(npm root --global)
  packages=()
  for package in "${npm_full[@]}"; do
    [[ -d $there/${package%@*} ]] || packages+=("$package")
  done
  if ((${#packages[@]} > 0)); then
    echo "installing with npm: ${packages[*]%@*}"
    root=()
    [[ $(id -u) -eq 0 ]] || root=(sudo)
    # Without them a few tests are skipped, and say so.
    "${root[@]}" npm install --global --no-audit --no-fund --loglevel=error "${packages[@]}" \
      >/dev/null || echo "bootstrap: npm could not install ${packages[*]%@*}" >&2
  fi
fi

# Presets of version 6.
version=$(cmake --version | sed -n '1s/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/p')
if [[ $(printf '3.25\n%s\n' "$version" | sort -V | head -n 1) != 3.25 ]]; then
  echo "bootstrap: cmake $version is too old; please install cmake 3.25 or newer." >&2
  exit 1
fi
