"""The package and code that uses it pass mypy's strict mode."""

import subprocess
import sys
from pathlib import Path

import chainrule
import pytest

pytest.importorskip("mypy", reason="mypy is not installed (scripts/bootstrap.sh --full)")


def test_strict(tmp_path):
    example = Path(__file__).parent / "typed_example.py"
    run = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", tmp_path, example],
                         capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_package_is_typed():
    assert (Path(chainrule.__file__).parent / "py.typed").exists()


def test_typed_example_runs():
    example = Path(__file__).parent / "typed_example.py"
    subprocess.run([sys.executable, example], check=True, capture_output=True)
