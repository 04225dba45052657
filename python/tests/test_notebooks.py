"""The notebooks run from a fresh kernel; each asserts its own figures."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

for module in ("nbconvert", "ipykernel", "matplotlib", "sklearn"):
    pytest.importorskip(module, reason=f"{module} is not installed (scripts/bootstrap.sh --full)")

NOTEBOOKS = sorted((Path(os.environ["CHAINRULE_SOURCE"]) / "python/notebooks").glob("*.ipynb"))

RUN = """
import sys, nbformat
from jupyter_client.kernelspec import KernelSpec
from nbconvert.preprocessors import ExecutePreprocessor
from jupyter_client.manager import AsyncKernelManager, KernelManager
spec = KernelSpec(argv=[sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], language="python")
class Manager(AsyncKernelManager):
    kernel_spec = spec  # this interpreter's kernel, whatever is registered
for path in sys.argv[2:]:
    nb = nbformat.read(path, 4)
    run = ExecutePreprocessor(timeout=120, kernel_manager_class=Manager)
    run.preprocess(nb, {"metadata": {"path": sys.argv[1]}})
    out = [o for c in nb.cells for o in c.get("outputs", [])]
    assert not any(o.output_type == "error" for o in out)
    pictures = sum("image/png" in o.get("data", {}) or "image/svg+xml" in o.get("data", {}) for o in out)
    assert pictures >= 2, (path, pictures)
    nbformat.write(nb, sys.argv[1] + "/" + path.rpartition("/")[2])
    print(path, pictures, "pictures")
"""


def test_there_are_five():
    assert len(NOTEBOOKS) == 5


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_notebook(path, tmp_path):
    folder = Path(os.environ.get("CHAINRULE_NOTEBOOKS_OUT", tmp_path))
    run = subprocess.run([sys.executable, "-c", RUN, folder, path], capture_output=True, text=True, timeout=200)
    print(run.stdout)
    assert run.returncode == 0, run.stderr[-3000:]
