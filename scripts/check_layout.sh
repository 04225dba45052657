#!/usr/bin/env bash
# Checks that the folders of chainrule/ keep to the table in docs/design.md:
#   - a folder includes only what its row allows, and every folder has a row;
#   - a public header includes nothing but the standard library and chainrule/;
#   - the engine, chainrule/graph, stays under 1,650 lines;
#   - every header compiles alone: the file of its name includes it first, which the developers'
#     build compiles without precompiled headers; one without such a file is compiled here (with
#     $CXX, else c++).
# Prints one line for each violation and exits with 1 when there is any.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
found=$(mktemp)
trap 'rm -f "$found"' EXIT

# Rows look like: | `chainrule/ops` | what it owns | core, kernels, graph |
awk -F'|' '
  FILENAME == "docs/design.md" {
    if ($2 !~ /^ `chainrule\/[a-z]+` $/) next
    folder = $2
    gsub(/[ `]|chainrule\//, "", folder)
    known[folder] = allowed[folder, folder] = 1
    n = split($4, names, /[ ,`]+/)
    for (i = 1; i <= n; i++) allowed[folder, names[i]] = 1
    next
  }
  {
    split(FILENAME, path, "/")
    if (path[3] == "") next  # chainrule/chainrule.h includes everything that is public
    if (!(path[2] in known) && !(path[2] in told)) {
      told[path[2]] = 1
      print "docs/design.md: no row for chainrule/" path[2]
    }
  }
  /^#include "chainrule\// {
    split($0, part, "\"")
    split(part[2], used, "/")
    if (!((path[2], used[2]) in allowed))
      print FILENAME ":" FNR ": chainrule/" path[2] " may not use chainrule/" used[2]
  }
  /^ *# *include / && FILENAME ~ /\.h$/ && FILENAME !~ /-inl\.h$/ {
    if ($0 !~ /include (<[a-z_]+>|"chainrule\/[a-z_]+\/[a-z0-9_]+\.h")/)
      print FILENAME ":" FNR ": a public header may include only the standard library and chainrule/"
  }
' docs/design.md $(find chainrule -name '*.h' -o -name '*.cpp' | sort) >"$found"

engine=$(cat chainrule/graph/*.h chainrule/graph/*.cpp | wc -l)
((engine <= 1650)) ||
  echo "chainrule/graph: $engine lines, more than the 1,650 that can be read at once" >>"$found"

compile_alone() {
  printf '#include "%s"\n' "$1" | "${CXX:-c++}" -std=c++20 -fsyntax-only -I. -x c++ - 2>&1 |
    sed "s|^|$1 does not compile alone: |" | head -n 3
}
export -f compile_alone
for header in $(find chainrule -name '*.h' ! -name '*-inl.h' | sort); do
  source=${header%.h}.cpp
  if [[ ! -f $source ]]; then
    echo "$header"
  elif [[ $(grep -m 1 '^#include' "$source") != "#include \"$header\"" ]]; then
    echo "$source: the first include is not $header" >>"$found"
  fi
done | xargs -P "$(nproc)" -I{} bash -c 'compile_alone {}' >>"$found"

cat "$found"
[[ ! -s $found ]]
