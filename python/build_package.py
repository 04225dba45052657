"""What pip and build call: CMake builds and installs, the files are zipped (PEP 517, 427, 660).

Settings of the build come from the environment variable CMAKE_ARGS, as in
CMAKE_ARGS=-DCMAKE_CXX_COMPILER=clang++ pip install .; CMAKE_BUILD_PARALLEL_LEVEL says how many files
are compiled at a time, by default one for each processor that may be used.
"""

import base64
import hashlib
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "README.md", "CHANGELOG.md", "pyproject.toml", "chainrule",
           "cmake", "python")
# Libraries that every Linux has, as PEP 599 lists them; others go into the wheel.
SYSTEM = ("ld-linux", "libc.so", "libm.so", "libgcc_s.so", "libstdc++.so", "libpthread.so", "libdl.so", "librt.so", "libz.so")
METADATA = """Metadata-Version: 2.1
Name: chainrule
Version: {version}
Summary: Neural networks trained by backpropagation, every gradient seen, checked and explained
License: MIT
Requires-Python: >=3.9
Requires-Dist: numpy>=1.21
Provides-Extra: sklearn
Requires-Dist: scikit-learn>=1.2; extra == "sklearn"
Requires-Dist: scipy; extra == "sklearn"
Classifier: Development Status :: 4 - Beta
Classifier: Intended Audience :: Education
Classifier: Intended Audience :: Science/Research
Classifier: License :: OSI Approved :: MIT License
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: C++
Classifier: Programming Language :: Python :: 3
Classifier: Programming Language :: Python :: 3 :: Only
Classifier: Topic :: Scientific/Engineering :: Artificial Intelligence
Classifier: Typing :: Typed
Keywords: neural networks,backpropagation,autodiff,gradient,numpy
Description-Content-Type: text/markdown

"""


def version():
    text = (ROOT / "CMakeLists.txt").read_text()
    return re.search(r"project\(chainrule VERSION ([0-9.]+)", text).group(1)


def jobs():
    """How many processors this process may use."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return int(os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL") or allowed)


def _cmake(*arguments):
    try:
        subprocess.run(["cmake", *map(str, arguments)], check=True)
    except FileNotFoundError:
        sys.exit("chainrule: cmake was not found; scripts/bootstrap.sh --python installs what is needed")


def _build(into, build=None):
    """Builds in the folder `build`, or in one that is gone afterwards, and installs into `into`."""
    if build is None:
        with tempfile.TemporaryDirectory(prefix="chainrule-build-") as folder:
            return _build(into, folder)
    _cmake("-S", ROOT, "-B", build, "-DCMAKE_BUILD_TYPE=Release", "-DCHAINRULE_BUILD_PYTHON=ON",
           "-DCHAINRULE_PYTHON_INSTALL_DIR=.", f"-DPython_EXECUTABLE={sys.executable}",
           *(f"-DCHAINRULE_BUILD_{part}=OFF" for part in ("CLI", "TESTS", "EXAMPLES", "BENCH")),
           *shlex.split(os.environ.get("CMAKE_ARGS", "")))
    _cmake("--build", build, "--target", "chainrule_python", "--parallel", jobs())
    _cmake("--install", build, "--component", "python", "--prefix", into, "--strip")
    return None


def needed(library):
    """{name: path} of the shared libraries that `library` loads."""
    listed = subprocess.run(["ldd", library], check=True, capture_output=True, text=True).stdout
    return dict(re.findall(r"(\S+) => (/\S+)", listed))


def carry_libraries(package):
    """Copies beside the compiled module what not every system has; it is found there by $ORIGIN."""
    for module in package.glob("_core*.so"):
        for name, path in needed(module).items():
            if not name.startswith(SYSTEM) and not (package / name).exists():
                shutil.copy(os.path.realpath(path), package / name)


def metadata():
    return (METADATA.format(version=version()) + (ROOT / "README.md").read_text()).encode()


def _hash(content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"sha256={digest},{len(content)}"


def tag():
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"  # pybind11 has no stable ABI
    return f"{python}-{python}-{sysconfig.get_platform().replace('-', '_').replace('.', '_')}"


def zipped(files, directory):
    """The wheel of these files, {name: content}; returns its name."""
    info = f"chainrule-{version()}.dist-info"
    files = {**files, f"{info}/METADATA": metadata(), f"{info}/LICENSE": (ROOT / "LICENSE").read_bytes(),
             f"{info}/WHEEL": (f"Wheel-Version: 1.0\nGenerator: chainrule\nRoot-Is-Purelib: false\nTag: {tag()}\n").encode()}
    record = [f"{name},{_hash(content)}" for name, content in files.items()]
    files[f"{info}/RECORD"] = "\n".join([*record, f"{info}/RECORD,,", ""]).encode()
    name = f"chainrule-{version()}-{tag()}.whl"
    with zipfile.ZipFile(Path(directory) / name, "w", zipfile.ZIP_DEFLATED) as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path, (2024, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return name


def contents(folder):
    """{name: content} of an installed package."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    info = Path(metadata_directory) / f"chainrule-{version()}.dist-info"
    info.mkdir()
    (info / "METADATA").write_bytes(metadata())
    return info.name


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with tempfile.TemporaryDirectory() as folder:
        _build(folder)
        carry_libraries(Path(folder) / "chainrule")
        return zipped(contents(folder), wheel_directory)


prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    """pip install -e: the Python files stay where they are, the compiled module lies among them;
    after changes of C++ the command is repeated, and compiles what has changed."""
    with tempfile.TemporaryDirectory() as folder:
        _build(folder, ROOT / "build" / "editable")
        for module in (Path(folder) / "chainrule").glob("_core*.so"):
            shutil.copy(module, ROOT / "python" / "chainrule" / module.name)
    return zipped({"chainrule.pth": f"{ROOT / 'python'}\n".encode()}, wheel_directory)


def build_sdist(sdist_directory, config_settings=None):
    name = f"chainrule-{version()}"
    with tarfile.open(Path(sdist_directory) / f"{name}.tar.gz", "w:gz") as archive:
        for source in SOURCES:
            archive.add(ROOT / source, f"{name}/{source}", filter=_kept)
        entry = tarfile.TarInfo(f"{name}/PKG-INFO")
        entry.size = len(metadata())
        archive.addfile(entry, io.BytesIO(metadata()))
    return f"{name}.tar.gz"


def _kept(entry):
    return None if entry.name.endswith((".so", ".pyc", "__pycache__")) else entry
