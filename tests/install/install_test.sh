#!/usr/bin/env bash
# Installs a build, moves the installed tree, and builds a user's program against it, once with
# find_package() and once with pkg-config.   install_test.sh BUILD_DIR COMPILER GENERATOR
set -euo pipefail
build=$1 compiler=$2 generator=$3
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" >/dev/null
mv "$work/first" "$work/tree"
expected="2 0 1"

cmake -G "$generator" -S "$here/consumer" -B "$work/build" -DCMAKE_PREFIX_PATH="$work/tree" \
  -DCMAKE_CXX_COMPILER="$compiler" >/dev/null
cmake --build "$work/build" >/dev/null
[[ $("$work/build/consumer") == "$expected" ]] || { echo "find_package: wrong result"; exit 1; }

PKG_CONFIG_PATH=$(dirname "$(find "$work/tree" -name chainrule.pc)")
export PKG_CONFIG_PATH
# shellcheck disable=SC2046  # the flags are words
"$compiler" "$here/consumer/main.cpp" -o "$work/by_pkg_config" \
  $(pkg-config --cflags --libs chainrule)
[[ $("$work/by_pkg_config") == "$expected" ]] || { echo "pkg-config: wrong result"; exit 1; }
