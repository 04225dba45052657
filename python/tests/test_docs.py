"""The code in the documentation runs."""

import os
import re
from pathlib import Path

import pytest

DOCS = Path(os.environ["CHAINRULE_SOURCE"]) / "docs"


@pytest.mark.parametrize("page", ["python.md", "from-numpy.md"])
def test_page(page, tmp_path, monkeypatch, capsys):
    if page == "python.md":
        pytest.importorskip("sklearn", reason="python3-sklearn is not installed")
    monkeypatch.chdir(tmp_path)
    names = {"__name__": "page"}
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.S)
    assert len(blocks) >= 4
    for block in blocks:
        exec(compile(block, page, "exec"), names)
    if page == "python.md":
        assert abs(names["y"].value.ravel() - [0, 1, 1, 0]).max() < 0.1
        assert names["model"].evaluate(*names["test"]).accuracy > 0.9
    else:
        printed = capsys.readouterr().out
        assert "summed" in printed and "715 110 2.2 3.3 165 650" in printed and "[False  True  True False]" in printed
