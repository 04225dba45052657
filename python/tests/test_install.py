"""pip install, offline, when CHAINRULE_TEST_PIP is set: it compiles the whole library."""

import os
import subprocess

import chainrule
import pytest


def test_pip_install():
    if "CHAINRULE_TEST_PIP" not in os.environ:
        pytest.skip("CHAINRULE_TEST_PIP is not set: pip compiles the library once more")
    script = os.environ["CHAINRULE_SOURCE"] + "/scripts/test_pip.sh"
    run = subprocess.run([script], capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stderr[-3000:]
    assert f"\n{chainrule.__version__}\n" in run.stdout
