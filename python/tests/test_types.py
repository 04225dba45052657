"""The package and code that uses it pass mypy's strict mode."""

import json
import os
import subprocess
import sys
from pathlib import Path

import chainrule
import pytest

pytest.importorskip("mypy", reason="mypy is not installed (scripts/bootstrap.sh --full)")


@pytest.mark.parametrize("what", [Path(__file__).parent / "typed_example.py", Path(chainrule.__file__).parent],
                         ids=["example", "package"])
def test_strict(what, tmp_path):
    # scikit-learn and scipy have no types.
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", tmp_path, what],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_notebooks(tmp_path):
    """Their code as it stands, each notebook as one module."""
    scripts = []
    for path in sorted((Path(os.environ["CHAINRULE_SOURCE"]) / "python/notebooks").glob("*.ipynb")):
        cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
        scripts.append(tmp_path / f"notebook{path.stem.replace('-', '_')}.py")
        scripts[-1].write_text("\n".join("".join(c["source"]) for c in cells) + "\n")
    # matplotlib and scikit-learn have no types, nor have functions in notebooks.
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--allow-redefinition",
                          "--allow-untyped-defs", "--allow-untyped-calls", "--cache-dir", tmp_path, *scripts], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_package_is_typed():
    assert (Path(chainrule.__file__).parent / "py.typed").exists()


def test_typed_example_runs():
    example = Path(__file__).parent / "typed_example.py"
    subprocess.run([sys.executable, example], check=True, capture_output=True)
