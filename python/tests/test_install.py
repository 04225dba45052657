"""pip install, offline, when CHAINRULE_TEST_PIP is set: it compiles the whole library."""

import os
import subprocess
import sys

import pytest


def test_pip_install(tmp_path):
    if "CHAINRULE_TEST_PIP" not in os.environ:
        pytest.skip("CHAINRULE_TEST_PIP is not set: pip compiles the library once more")
    source = os.environ["CHAINRULE_SOURCE"]
    subprocess.run(["/usr/bin/python3", "-m", "venv", "--system-site-packages", tmp_path / "env"], check=True)
    python = tmp_path / "env/bin/python"
    subprocess.run([python, "-m", "pip", "install", "--no-index", source], check=True)
    import chainrule

    code = "import chainrule as cr; print(cr.__version__, cr.__file__)"
    out = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path).stdout
    assert out.startswith(chainrule.__version__ + " " + str(tmp_path))
