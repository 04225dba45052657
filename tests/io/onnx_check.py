"""Runs ONNX's own checker, with its shape inference, on every .onnx file of a folder.

Prints each refusal and, as the last line, the number of files that are right."""

import pathlib
import sys

try:
    import onnx
    import onnx.checker
except ImportError as e:
    print(e)
    sys.exit(77)

right = wrong = 0
for path in sorted(pathlib.Path(sys.argv[1]).glob("*.onnx")):
    try:
        onnx.checker.check_model(onnx.load(str(path)), full_check=True)
        right += 1
    except Exception as e:
        wrong += 1
        print(f"{path.name}: {e}")
print(right, "files are right")
sys.exit(1 if wrong else 0)
