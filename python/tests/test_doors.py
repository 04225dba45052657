"""One table, every kind of column, all doors: program, package, resumed run, ranks, C file, ONNX Runtime."""

import csv
import ctypes
import json
import os
import pathlib
import shutil
import subprocess

import chainrule as cr
import numpy as np
import pytest

PROGRAM = os.environ.get("CHAINRULE_PROGRAM", "")
SOURCE = pathlib.Path(os.environ["CHAINRULE_SOURCE"])
pytestmark = pytest.mark.skipif(not os.path.exists(PROGRAM), reason="the program was not built")

INPUTS = ["age", "income", "code", "city", "member"]
CITIES = ["Rome", 'a, "b"', "Ålesund", ""]
TARGETS = {
    "text": ["01", "1"],
    "boolean": ["False", "True"],
    "integer": ["-3", "7"],
    "real": ["0.5", "1.5"],
    "three": ["low", "middle", "high"],
    "numbers": None,
}


def rows_of(kind, count, seed, new=False):
    random = np.random.default_rng(seed)
    rows = []
    for i in range(count):
        age, income = random.uniform(20, 60), random.integers(1_000_000, 1_001_000)
        city = CITIES[i % 4]
        row = {"age": "" if i % 7 == 3 else f"{age:.4f}", "income": str(income), "code": str([1, 12, 30][i % 3]),
               "city": "Atlantis" if new and i % 5 == 2 else city, "member": str(i % 2 == 0)}
        score = age + (10 if city == "Rome" else 0) + random.normal() * 3
        if kind == "numbers":
            row["y"], row["z"] = f"{1000 + 3 * score:.3f}", f"{-score / 1000:.6f}"
        else:
            labels = TARGETS[kind]
            row["y"] = labels[min(int((score - 20) / 50 * len(labels)), len(labels) - 1)]
        rows.append(row)
    return rows


def write(path, rows, names):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(rows)


def program(*words, before=()):
    done = subprocess.run([*before, PROGRAM, *map(str, words)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def numbers_in(answers, names):
    return np.array([[float(row[name]) for name in names] for row in answers])


class Doors:
    """Each door answers the same new rows: labels as text, and probabilities or numbers."""

    def __init__(self, folder, kind):
        self.folder, self.kind = folder, kind
        self.targets = ["y", "z"] if kind == "numbers" else ["y"]
        old = rows_of(kind, 120, 1)
        self.rows = rows_of(kind, 40, 2, new=True)
        write(folder / "old.csv", old, INPUTS + self.targets)
        write(folder / "new.csv", self.rows, INPUTS[::-1])  # another order, no targets
        self.flags = [word for name in self.targets for word in ("--target", name)]
        self.flags += ["--categorical", "code,member", "--hidden", "6", "--epochs", "8", "--batch", "16", "--lr", "0.02"]
        if kind != "numbers":
            self.flags += ["--task", "classification"]
        self.model = self.train("run")
        self.labels = cr.load(self.model).classes

    def train(self, name, *more):
        program("train", self.folder / "old.csv", *self.flags, "--out", self.folder / name, "--quiet", *more)
        return self.folder / name / "model.safetensors"

    def by_program(self, model, before=()):
        out = self.folder / "answers.csv"
        proba = [] if self.kind == "numbers" else ["--proba"]
        program("predict", model, self.folder / "new.csv", "--out", out, *proba, before=before)
        with open(out, encoding="utf-8") as file:
            answers = list(csv.DictReader(file))
        if self.kind == "numbers":
            return None, numbers_in(answers, self.targets)
        names = [name for name in answers[0] if name.startswith("p(")]
        return [row["y"] for row in answers], numbers_in(answers, names)

    def by_package(self):
        model = cr.load(self.model)
        columns = {name: [row[name] for row in self.rows] for name in INPUTS}
        columns["age"] = [float(v) if v else float("nan") for v in columns["age"]]
        columns["income"] = np.array(columns["income"], dtype=np.int64)
        columns["member"] = np.array([v == "True" for v in columns["member"]])
        found = model.predict(columns)
        if self.kind == "numbers":
            return None, found
        types = {"text": "U", "boolean": "b", "integer": "i", "real": "f", "three": "U"}
        assert found.dtype.kind == types[self.kind]
        return [str(v) for v in found], model.predict_proba(columns)

    def by_c(self):
        header, library = self.folder / "m.c", self.folder / "m.so"
        more = [] if self.kind == "numbers" else ["--probabilities"]
        program("export", self.model, "-o", header, *more)
        subprocess.run(["cc", "-std=c99", "-shared", "-fPIC", str(header), "-lm", "-o", str(library)], check=True)
        c = ctypes.CDLL(str(library))
        schema = cr.load(self.model).schema
        width = cr.load(self.model).features[0]
        outputs = 2 if self.kind == "numbers" else 3 if self.kind == "three" else c_outputs(self.model)
        labels, values = [], []
        for row in self.rows:
            raw = []
            for column in schema["inputs"]:
                cell = row[column["name"]]
                if column["kind"] != "category":
                    raw.append(float(cell) if cell else float("nan"))
                else:
                    known = column["categories"]
                    raw.append(float("nan") if not cell else float(known.index(cell)) if cell in known else -1.0)
            x, y = (ctypes.c_float * width)(), (ctypes.c_float * outputs)()
            c.m_prepare((ctypes.c_double * len(raw))(*raw), x)
            c.m_predict(x, y)
            p = list(y)
            values.append([1 - p[0], p[0]] if outputs == 1 else p)
            if self.kind != "numbers":
                names = (ctypes.c_char_p * len(self.labels)).in_dll(c, "m_class_names")
                labels.append(names[c.m_class(y)].decode())
        return labels or None, np.array(values)

    def by_onnx(self, expected):
        """Compares in ONNX Runtime itself; false where that is not there."""
        program("export", self.model, "-o", self.folder / "m.onnx")
        inputs = {}
        for name in INPUTS:
            text = name in ("code", "city", "member")
            cells = [row[name] for row in self.rows]
            inputs[name] = {"dims": [len(cells), 1], "type": "string" if text else "float64",
                            "values": cells if text else [float(v) if v else None for v in cells]}
        labels, values = expected
        case = {"file": "m.onnx", "rows": len(self.rows), "inputs": inputs}
        cases = [dict(case, output="prediction" if labels is None else "probabilities",
                      dims=list(values.shape), expected=values.ravel().tolist())]
        if labels is not None:
            plain = [v == "True" for v in labels] if self.kind == "boolean" else labels
            typed = [float(v) for v in labels] if self.kind in ("integer", "real") else plain
            cases.append(dict(case, output="label", dims=[len(labels)], expected=typed))
        (self.folder / "cases.json").write_text(json.dumps(cases))
        if shutil.which("node") is None:
            return False
        root = subprocess.run(["npm", "root", "--global"], capture_output=True, text=True).stdout.strip()
        done = subprocess.run(["node", str(SOURCE / "tests/io/onnx_run.js"), str(self.folder)],
                              capture_output=True, text=True, env=dict(os.environ, NODE_PATH=root))
        assert done.returncode in (0, 77), done.stdout
        return done.returncode == 0


def c_outputs(model):
    """1 where one number tells two classes."""
    return int(cr.load(model)._raw.outputs)


def same(found, expected):
    assert found[0] == expected[0]
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", list(TARGETS))
def test_all_doors(kind, tmp_path):
    doors = Doors(tmp_path, kind)
    expected = doors.by_program(doors.model)
    same(doors.by_package(), expected)
    same(doors.by_c(), expected)
    doors.by_onnx(expected)
    # A run that was stopped and resumed is the same run; ranks share the rows of one.
    doors.train("halves", "--checkpoint-every", "5", "--stop-after-steps", "20")
    program("train", "--resume", tmp_path / "halves", "--quiet")
    same(doors.by_program(tmp_path / "halves" / "model.safetensors"), expected)
    if shutil.which("mpirun"):
        same(doors.by_program(doors.model, before=["mpirun", "--oversubscribe", "--allow-run-as-root", "-n", "2"]), expected)
    # Learning further at a rate of almost nothing changes nothing that is answered.
    words = [word for name in doors.targets for word in ("--target", name)]
    program("train", tmp_path / "old.csv", *words, "--from", doors.model, "--lr", "1e-30", "--epochs", "1", "--quiet",
            "--out", tmp_path / "further")
    same(doors.by_program(tmp_path / "further" / "model.safetensors"), expected)
