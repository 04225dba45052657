#!/usr/bin/env python3
"""Does the comparison itself work? Runs a tiny one; nothing here depends on how long it takes."""
import json
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml
from pathlib import Path

build, here = Path(sys.argv[1]).resolve(), Path(__file__).resolve().parent
with tempfile.TemporaryDirectory() as folder:
    out = Path(folder)
    run = subprocess.run(
        [sys.executable, here / "run.py", "--build", build, "--only", "3", "--peers", "ours,fann",
         "--quick", "--rounds", "2", "--seconds", "0.001", "--json", out / "bench.json",
         "--plots", out], stdout=subprocess.PIPE, text=True)
    print(run.stdout)
    assert run.returncode == 0
    report = json.loads((out / "bench.json").read_text())
    [row] = report["rows"]
    ours = row["peers"]["ours"]
    assert row["row"] == 3 and row["operations"] == 4 * (3 * 18 - 12)
    assert len(ours["times"]) == 2 and 0 < ours["min"] <= ours["median"] < 1
    fann = row["peers"]["fann"]
    assert fann.get("skipped") == "not built; it needs libfann-dev" or fann["ratio"] > 0
    [check] = report["checks"]
    # 100 steps bring XOR nowhere near its solution, where the squared error would be 0.
    assert check["equal"] and 0.2 < check["losses"]["ours"] < 0.3
    assert report["machine"]["fma_peak"]["1"] > 1e8
    for picture in out.glob("*.svg"):
        xml.parse(picture)
    assert (out / "bench-workloads.svg").exists()
