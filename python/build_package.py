"""What pip calls to make a wheel: CMake builds and installs, the files are zipped (PEP 517, 427).

Settings of the build come from the environment variable CMAKE_ARGS, as in
CMAKE_ARGS=-DCMAKE_CXX_COMPILER=clang++ pip install .
"""

import base64
import hashlib
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUMMARY = "Neural networks trained by backpropagation, every gradient seen, checked and explained"


def version():
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(chainrule VERSION ([0-9.]+)", text).group(1)


def _cmake(*arguments):
    try:
        subprocess.run(["cmake", *map(str, arguments)], check=True)
    except FileNotFoundError:
        sys.exit("chainrule: cmake was not found; scripts/bootstrap.sh --python installs what is needed")


def _build(into):
    with tempfile.TemporaryDirectory(prefix="chainrule-build-") as build:
        _build_in(build, into)


def _build_in(build, into):
    _cmake("-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCHAINRULE_BUILD_PYTHON=ON",
           "-DCHAINRULE_PYTHON_INSTALL_DIR=.", f"-DPython_EXECUTABLE={sys.executable}",
           *(f"-DCHAINRULE_BUILD_{part}=OFF" for part in ("CLI", "TESTS", "EXAMPLES", "BENCH")),
           *shlex.split(os.environ.get("CMAKE_ARGS", "")))
    _cmake("--build", build, "--target", "chainrule_python", "--parallel", os.cpu_count() or 1)
    _cmake("--install", build, "--component", "python", "--prefix", into)


def _hash(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"


def _metadata():
    return (f"Metadata-Version: 2.1\nName: chainrule\nVersion: {version()}\nSummary: {SUMMARY}\n"
            "Requires-Python: >=3.9\nRequires-Dist: numpy\n").encode()


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = Path(metadata_directory) / f"chainrule-{version()}.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(_metadata())
    return info.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    tag = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    platform = sysconfig.get_platform().replace("-", "_").replace(".", "_")
    info = f"chainrule-{version()}.dist-info"
    with tempfile.TemporaryDirectory() as folder:
        _build(folder)
        files = {str(p.relative_to(folder)): p.read_bytes()
                 for p in sorted(Path(folder).rglob("*")) if p.is_file()}
    files[f"{info}/METADATA"] = _metadata()
    files[f"{info}/WHEEL"] = (f"Wheel-Version: 1.0\nGenerator: chainrule\nRoot-Is-Purelib: false\n"
                              f"Tag: {tag}-{tag}-{platform}\n").encode()
    record = [f"{name},{_hash(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    name = f"chainrule-{version()}-{tag}-{tag}-{platform}.whl"
    with zipfile.ZipFile(Path(wheel_directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(path, content)
    return name


def build_sdist(sdist_directory, config_settings=None):
    raise RuntimeError("chainrule is installed from its repository: pip install .")
