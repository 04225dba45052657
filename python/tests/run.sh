#!/usr/bin/env bash
# Installs the package from a build folder into a virtual environment there, and runs the tests
# against what was installed:  python/tests/run.sh BUILD PYTHON [pytest's arguments]
# Exits with 77, which CTest calls skipped, when pytest or numpy is missing.
set -euo pipefail
build=$(realpath "$1") python=$2
shift 2
tests=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
for module in numpy pytest venv; do
  if ! "$python" -c "import $module" 2>/dev/null; then
    echo "skipped: $python has no module $module (scripts/bootstrap.sh --python installs it)"
    exit 77
  fi
done
venv=$build/python/venv
[[ -x $venv/bin/python ]] || "$python" -m venv --system-site-packages --without-pip "$venv"
cmake --install "$build" --component python --prefix "$venv" >/dev/null
cd "$build/python"
export CHAINRULE_SOURCE=${tests%/python/tests} CHAINRULE_PROGRAM=$build/cli/chainrule
unset PYTHONPATH
exec "$venv/bin/python" -m pytest -q -rs -p no:cacheprovider "$tests" "$@"
