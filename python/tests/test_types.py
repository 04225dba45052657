"""The package and code that uses it pass mypy's strict mode."""

import json
import os
import subprocess
import sys
from pathlib import Path

import chainrule
import pytest

pytest.importorskip("mypy", reason="mypy is not installed (scripts/bootstrap.sh --full)")


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("mypy")  # numpy's own types are read once


@pytest.mark.parametrize("what", [Path(__file__).parent / "typed_example.py", Path(chainrule.__file__).parent],
                         ids=["example", "package"])
def test_strict(what, cache):
    # scikit-learn and scipy have no types.
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--cache-dir", cache, what],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_notebooks(tmp_path, cache):
    """Their code as it stands, each notebook as one module."""
    scripts = []
    for path in sorted((Path(os.environ["CHAINRULE_SOURCE"]) / "python/notebooks").glob("*.ipynb")):
        cells = [c for c in json.loads(path.read_text())["cells"] if c["cell_type"] == "code"]
        scripts.append(tmp_path / f"notebook{path.stem.replace('-', '_')}.py")
        scripts[-1].write_text("\n".join("".join(c["source"]) for c in cells) + "\n")
    # matplotlib and scikit-learn have no types, nor have functions in notebooks.
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--ignore-missing-imports", "--allow-redefinition",
                          "--allow-untyped-defs", "--allow-untyped-calls", "--cache-dir", cache, *scripts], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_stubs_are_complete(tmp_path):
    """Every name of the compiled module, and nothing else. pybind11 has its own metaclass and, where
    there is no constructor, an __init__ that refuses."""
    classes = [n for n, c in vars(chainrule._core).items() if isinstance(c, type)]
    (tmp_path / "allowed").write_text("\n".join(f"chainrule._core.{n}(.__init__)?" for n in classes))
    run = subprocess.run([sys.executable, "-m", "mypy.stubtest", "chainrule._core", "--ignore-unused-allowlist",
                          "--allowlist", tmp_path / "allowed"], capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0, run.stdout + run.stderr


def test_package_is_typed():
    assert (Path(chainrule.__file__).parent / "py.typed").exists()


def test_typed_example_runs():
    example = Path(__file__).parent / "typed_example.py"
    subprocess.run([sys.executable, example], check=True, capture_output=True)
