#!/usr/bin/env bash
# Does what docs/python.md tells a new user to do: its commands for installing, in a home folder that
# is empty, then the code of its quick start with what was installed.
#
#   scripts/test_pip.sh
#
# pip compiles the library, which takes some minutes. Prints what it runs and exits with 0 when all
# of it succeeded. Not part of scripts/test.sh; the tests of the package run it, too, when
# CHAINRULE_TEST_PIP is set.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
folder=$(mktemp -d "${TMPDIR:-/tmp}/chainrule-pip.XXXXXX")
trap 'rm -rf "$folder"' EXIT
# Debian's own python3, and nothing from around it.
unset PYTHONPATH VIRTUAL_ENV
export HOME=$folder PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin

# block SECTION LANGUAGE: the code of that language in that section.
block() {
  awk -v section="## $1" -v fence="\`\`\`$2" '
    /^## / { inside = $0 == section }
    /^```/ { if (code) { code = 0; print "" } else if (inside && $0 == fence) code = 1; next }
    code' docs/python.md
}
# bootstrap.sh asks for rights by itself where it needs them.
block Install sh | sed 's/^sudo //' >"$folder/install.sh"
block 'Quick start' python >"$folder/quick_start.py"
[[ -s $folder/install.sh && -s $folder/quick_start.py ]]

SECONDS=0
bash -exuo pipefail "$folder/install.sh"
echo "== installed in $SECONDS s; the quick start:"
cd "$folder"
"$folder/chainrule-env/bin/python" quick_start.py
[[ -s digits.safetensors ]]
echo "== the quick start ran"
