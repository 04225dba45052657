"""Wheels and archives of the sources, as pip and build make them."""

import email
import importlib.util
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import chainrule
import pytest

SOURCE = Path(os.environ["CHAINRULE_SOURCE"])
USE = """
import numpy as np, chainrule as cr
w = cr.param(np.ones((2, 1)))
np.tanh(cr.input(np.ones((3, 2))) @ w).sum().backward()
assert cr.gradcheck((w ** 2).sum())
print(cr.__version__, cr.__file__)
"""


@pytest.fixture(scope="module")
def backend():
    spec = importlib.util.spec_from_file_location("build_package", SOURCE / "python/build_package.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def wheel(backend, tmp_path_factory):
    """Of the build under test, which is there already."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(["cmake", "--install", "..", "--component", "python", "--prefix", folder / "root", "--strip"], check=True,
                   capture_output=True)
    package = next((folder / "root").rglob("_core*.so")).parent
    backend.carry_libraries(package)
    return folder / backend.zipped(backend.contents(package.parent), folder)


def test_wheel_is_installed_used_and_gone(wheel, tmp_path):
    pytest.importorskip("pip", reason="pip is not installed")
    pip = [sys.executable, "-m", "pip"]
    place = tmp_path / "place"
    subprocess.run([*pip, "install", "--no-index", "--no-deps", "--target", place, wheel], check=True, capture_output=True)
    environment = {"PYTHONPATH": str(place), "PATH": "/nowhere"}  # no compiler, nothing of this build
    run = subprocess.run([sys.executable, "-c", USE], env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert run.stdout.split() == [chainrule.__version__, str(place / "chainrule/__init__.py")], run.stderr
    assert wheel.stat().st_size < 6e6


def test_libraries_of_a_wheel(backend, wheel, tmp_path):
    """None outside the system's but what the wheel carries, which is what is loaded."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
        carried = {Path(n).name for n in archive.namelist() if ".so" in n}
    module = next(tmp_path.rglob("_core*.so"))
    found = backend.needed(module)
    foreign = {n for n in found if not n.startswith(backend.SYSTEM)}
    assert "libhwy.so.1" in foreign and foreign <= carried
    assert all(Path(found[n]).parent.samefile(module.parent) for n in foreign)


def test_metadata(backend, wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        info = next(n for n in names if n.endswith("/METADATA"))
        found = email.message_from_bytes(archive.read(info))
        assert archive.testzip() is None and "chainrule/py.typed" in names and "chainrule/registered.pyi" in names
    assert found["Name"] == "chainrule" and found["Version"] == chainrule.__version__ and found["License"] == "MIT"
    assert found["Requires-Python"] == ">=3.9" and "numpy" in found["Requires-Dist"] and found.get_payload().startswith("# chainrule")
    assert wheel.name == f"chainrule-{chainrule.__version__}-{backend.tag()}.whl"


def test_sources_are_complete(backend, tmp_path):
    """CMake finds everything in the archive that the package is built from."""
    with tarfile.open(tmp_path / backend.build_sdist(tmp_path)) as archive:
        names = archive.getnames()
        archive.extractall(tmp_path)
    assert not [n for n in names if n.endswith((".so", ".pyc")) or "/build/" in n]
    run = subprocess.run(["cmake", "-S", tmp_path / f"chainrule-{chainrule.__version__}", "-B", tmp_path / "build",
                          "-DCHAINRULE_BUILD_PYTHON=ON", f"-DPython_EXECUTABLE={sys.executable}",
                          *(f"-DCHAINRULE_BUILD_{part}=OFF" for part in ("CLI", "TESTS", "EXAMPLES", "BENCH"))], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


def test_jobs_follow_the_environment(backend, monkeypatch):
    monkeypatch.setenv("CMAKE_BUILD_PARALLEL_LEVEL", "3")
    assert backend.jobs() == 3
    monkeypatch.delenv("CMAKE_BUILD_PARALLEL_LEVEL")
    assert backend.jobs() == len(os.sched_getaffinity(0))


def test_pip_install():
    if "CHAINRULE_TEST_PIP" not in os.environ:
        pytest.skip("CHAINRULE_TEST_PIP is not set: pip compiles the library once more")
    run = subprocess.run([SOURCE / "scripts/test_pip.sh"], capture_output=True, text=True)
    print(run.stdout)
    assert run.returncode == 0, run.stderr[-3000:]
    assert f"\n{chainrule.__version__}\n" in run.stdout
