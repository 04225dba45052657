#!/usr/bin/env bash
# Gives every reader of outside files bytes that libFuzzer makes up, under the address and
# undefined-behaviour sanitizers.
#
#   scripts/fuzz.sh [--seconds N] [TARGET...]    N per target, 60 if not given; all targets
#
# Begins with fuzz/corpus/TARGET; what is found new stays in build/fuzz/corpus/TARGET for the next
# time. A crash, a report of a sanitizer, more than 512 MB or more than 5 seconds for one input, an
# exception that is not documented or no sentence is a finding: its input is kept in
# build/fuzz/findings, and the script exits with 1. Needs clang-19 (CXX for another clang).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  echo "usage: scripts/fuzz.sh [--seconds N] [TARGET...]; the targets are: ${all[*]}" >&2
  exit 2
}
mapfile -t all < <(cd fuzz && ls ./*_fuzz.cpp | sed 's|^./||; s|_fuzz.cpp$||')
seconds=60 targets=()
while (($# > 0)); do
  case $1 in
    --seconds)
      [[ ${2-} =~ ^[0-9]+$ ]] || usage
      seconds=$2
      shift
      ;;
    -*) usage ;;
    *)
      [[ " ${all[*]} " == *" $1 "* ]] || usage
      targets+=("$1")
      ;;
  esac
  shift
done
if ((${#targets[@]} == 0)); then targets=("${all[@]}"); fi
compiler=${CXX:-clang++-19}
if ! command -v "$compiler" >/dev/null; then
  echo "fuzz: please install $compiler" >&2
  exit 1
fi

# Longest input: what a small file of the kind needs, and some more.
longest() {
  case $1 in
    cifar) echo 40000 ;;
    checkpoint) echo 16384 ;;
    model_file | onnx) echo 8192 ;;
    config | csv | model_text | formula) echo 1024 ;;
    *) echo 4096 ;;
  esac
}

launcher=()
if command -v ccache >/dev/null; then launcher=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache); fi
cmake --preset fuzz -DCMAKE_CXX_COMPILER="$compiler" "${launcher[@]}" >/dev/null
cmake --build --preset fuzz --target "${targets[@]/%/_fuzz}"

mkdir -p build/fuzz/findings build/fuzz/logs
findings=0
printf '%-12s %14s %10s  %s\n' target executions seconds result
for target in "${targets[@]}"; do
  own=build/fuzz/corpus/$target log=build/fuzz/logs/$target.log
  mkdir -p "$own"
  options=(-max_len="$(longest "$target")" -rss_limit_mb=512 -timeout=5 -print_final_stats=1
    -artifact_prefix="build/fuzz/findings/$target-")
  if ((seconds > 0)); then options+=(-max_total_time="$seconds"); else options+=(-runs=0); fi
  if [[ -f fuzz/dictionaries/$target.dict ]]; then
    options+=(-dict="fuzz/dictionaries/$target.dict")
  fi
  folders=("$own")
  if [[ -d fuzz/corpus/$target ]]; then folders+=("fuzz/corpus/$target"); fi
  begin=$SECONDS result=ok
  if ! "build/fuzz/fuzz/${target}_fuzz" "${options[@]}" "${folders[@]}" >"$log" 2>&1; then
    findings=$((findings + 1))
    kept=$(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)
    result="FINDING: ${kept:-no input kept}, see $log"
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -n 1)
  printf '%-12s %14s %10s  %s\n' "$target" "${executions:--}" $((SECONDS - begin)) "$result"
done
((findings == 0))
