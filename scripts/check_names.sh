#!/usr/bin/env bash
# Operations and losses are named once, in their own files: fails where other files of the library or
# the program compare something with such a name. Exceptions are in scripts/names.allowed, a line for
# each file and name, with the reason.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

names=$(grep -rhoE 'OpDoc doc\{\s*"[a-z0-9_]+"|^ +"[a-z0-9_]+", *\{' chainrule/ops chainrule/losses |
  grep -oE '"[a-z0-9_]+"' | tr -d '"' | sort -u | paste -sd'|')
found=$(grep -rnoE "([=!]= *\"($names)\"|\"($names)\" *[=!]=|(is_op|find_op_kind|op_kind)\(\"($names)\"\)|\{\"($names)\")" \
  chainrule cli --include='*.cpp' --include='*.h' | grep -vE '^chainrule/(ops|losses)/' |
  sed -E 's/^([^:]+):[0-9]+:.*"([a-z0-9_]+)".*$/\1 \2/' | sort -u)
allowed=$(sed -E '/^(#|$)/d; s/^([^ ]+ [^ ]+).*/\1/' scripts/names.allowed | sort -u)
wrong=$(comm -23 <(echo "$found") <(echo "$allowed"))
stale=$(comm -13 <(echo "$found") <(echo "$allowed"))
if [[ -n $wrong || -n $stale ]]; then
  [[ -z $wrong ]] || printf 'compares with the name of an operation:\n%s\n' "$wrong"
  [[ -z $stale ]] || printf 'allowed, but not there any more:\n%s\n' "$stale"
  exit 1
fi
