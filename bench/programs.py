"""Whole programs side by side: `chainrule train` and the same with PyTorch."""
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


@dataclass
class Recipe:
    hidden: str = "50"
    dropout: float = 0
    init: str = ""
    optimizer: str = "sgd"
    lr: float = 0.1
    schedule: str = "constant"
    batch: int = 100
    epochs: int = 10

    def model(self):
        drop = f", dropout {self.dropout:g}" if self.dropout else ""
        hidden = "".join(f"linear {w}, relu{drop}, " for w in self.hidden.split(","))
        return hidden + "linear 10"

    def flags(self):
        flags = ["--optimizer", self.optimizer, "--lr", self.lr, "--schedule", self.schedule,
                 "--batch", self.batch, "--epochs", self.epochs]
        return [str(f) for f in flags] + (["--init", self.init] if self.init else [])

    def ours(self, build, data, out, seed, threads):
        return [str(build / "cli" / "chainrule"), "train", str(data), "--model", self.model(),
                *self.flags(), "--seed", str(seed), "--threads", str(threads),
                "--out", str(out), "--overwrite"]

    def torch(self, data, out, seed, threads):
        return [PYTHON, str(HERE / "peers" / "torch_train.py"), str(data), str(out / "model.pt"),
                "--hidden", self.hidden, "--dropout", str(self.dropout), *self.flags(),
                "--seed", str(seed), "--threads", str(threads)]


@dataclass
class Outcome:
    wall: float = 0  # from process start to process end
    memory: int = 0  # most bytes in use
    epochs: list = field(default_factory=list)  # [wall clock since process start, accuracy]
    train: list = field(default_factory=list)  # seconds of training up to each epoch's end

    def time_to(self, accuracy):
        """Wall clock and training seconds at the first epoch that reaches it, or None."""
        for (wall, reached), train in zip(self.epochs, self.train):
            if reached >= accuracy:
                return wall, train
        return None


def run(command, env=()):
    """Runs a training program; its epochs are the lines that begin with their number."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("OMP", "GOMP", "OPENBL"))}
    outcome, is_torch = Outcome(), command[0] == PYTHON
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=clean | dict(env))
    lines = []
    for line in process.stdout:
        lines.append(line)
        if re.match(r"\s*\d+\s", line):
            outcome.epochs.append([time.perf_counter() - start, 0])
            if is_torch:
                outcome.epochs[-1][1] = float(line.split()[1])
                outcome.train.append(float(line.split()[2]))
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    outcome.wall, outcome.memory = time.perf_counter() - start, usage.ru_maxrss * 1024
    if process.returncode:
        raise RuntimeError("".join(lines[-3:]).strip())
    if not is_torch:
        history = Path(command[command.index("--out") + 1]) / "history.csv"
        rows = [line.split(",") for line in history.read_text().splitlines()[1:]]
        for epoch, row in zip(outcome.epochs, rows):
            epoch[1] = float(row[8])
            outcome.train.append((outcome.train or [0])[-1] + float(row[9]))
    return outcome


def data_folder(build, data, folder):
    """The folder with the gzip files: MNIST's, or digits that chainrule draws."""
    if data:
        return Path(data)
    made = Path(folder) / "digits"
    if not made.exists():
        subprocess.run([build / "cli" / "chainrule", "data", "make", "digits", "--out", made],
                       check=True, stdout=subprocess.DEVNULL)
    return made


def best_torch(settings, recipe, data, folder):
    """PyTorch's fastest setting of threads for a recipe, from runs of one epoch."""
    def seconds(setting):
        one = Recipe(**{**vars(recipe), "epochs": 1})
        return run(one.torch(data, Path(folder), 1, setting.threads), setting.env).train[-1]
    return min(settings, key=seconds)


def compare(build, recipe, data, seeds, folder, torch):
    """A run of `chainrule train` and of each (recipe, setting) of `torch` for each seed, in turn."""
    outcomes = {"ours": [], **{name: [] for name in torch}}
    for seed in seeds:
        with tempfile.TemporaryDirectory(dir=folder) as out:
            outcomes["ours"].append(run(recipe.ours(build, data, Path(out), seed, 0)))
            for name, (other, setting) in torch.items():
                outcomes[name].append(
                    run(other.torch(data, Path(out), seed, setting.threads), setting.env))
    return outcomes
