"""SVG pictures of what bench/run.py measured, in the look of chainrule's learning curves."""
import math
from html import escape
from pathlib import Path

# Colours that stay apart for every kind of colour blindness; the library's own is black.
COLOURS = {"ours": "#222222", "torch": "#c44e00", "libtorch": "#e69f00", "numpy": "#0072b2",
           "dlib": "#009e73", "fann": "#cc79a7"}
GRID, GREY = "stroke:#dddddd", "fill:#666666"


class Picture:
    """A white card, so that it reads on light and on dark pages."""

    def __init__(self, width, height, title, description):
        self.body = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}" role="img" font-family="sans-serif" '
            f'font-size="12" fill="#222222"><title>{escape(title)}</title>'
            f'<desc>{escape(description)}</desc>'
            f'<rect width="{width}" height="{height}" rx="6" fill="#ffffff"/>']
        self.text(20, 28, title, style="font-size:16px;font-weight:600")
        self.text(20, 47, description, style=GREY)

    def text(self, x, y, content, anchor="start", style=""):
        self.body.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" style="{style}">'
                         f'{escape(content)}</text>')

    def line(self, x1, y1, x2, y2, style):
        self.body.append(f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
                         f'style="{style}"/>')

    def circle(self, x, y, colour, radius=4):
        self.body.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}"/>')

    def path(self, points, colour):
        d = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        self.body.append(f'<path d="M{d}" style="fill:none;stroke:{colour};stroke-width:2"/>')

    def write(self, path):
        path.write_text("\n".join(self.body) + "\n</svg>\n")


def number(value):
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


def duration(microseconds):
    for unit, factor in (("µs", 1), ("ms", 1e3), ("s", 1e6)):
        if microseconds < 1e3 * factor or unit == "s":
            return f"{microseconds / factor:g} {unit}"


def log_ticks(low, high, digits=(1, 2, 5)):
    return [d * 10.0**e for e in range(math.floor(math.log10(low)) - 1, 12) for d in digits
            if low <= d * 10.0**e <= high]


def dots(path, title, description, rows, series, unit="×"):
    """rows: (label, {series: (value, low, high)}); a logarithmic axis with a line at 1."""
    left, right, top, step, width = 310, 30, 90, 24, 840
    height = top + step * len(rows) + 46
    every = [x for _, values in rows for v in values.values() for x in v]
    low, high = min([0.5, *every]) * 0.9, max([2, *every]) * 1.1
    picture = Picture(width, height, title, description)

    def place(value):
        return left + (width - left - right) * math.log(value / low) / math.log(high / low)

    bottom = top + step * len(rows)
    ticks = log_ticks(low, high, (1, 2, 5) if high / low < 300 else (1,))
    for tick in ticks:
        picture.line(place(tick), top - 8, place(tick), bottom, GRID)
        picture.text(place(tick), bottom + 16, number(tick) + unit, "middle", GREY)
    picture.line(place(1), top - 8, place(1), bottom, "stroke:#222222")
    x = left
    for name, label in series:
        picture.circle(x, top - 23, COLOURS[name])
        picture.text(x + 8, top - 19, label)
        x += 26 + 8 * len(label)
    for i, (label, values) in enumerate(rows):
        y = top + step * (i + 0.5)
        picture.line(left, y, width - right, y, "stroke:#f2f2f2")
        picture.text(left - 12, y + 4, label, "end")
        for k, (name, (value, from_, to)) in enumerate(values.items()):
            at = y + 3 * (k - (len(values) - 1) / 2)  # intervals do not hide each other
            picture.line(place(from_), at, place(to), at, f"stroke:{COLOURS[name]}")
            picture.circle(place(value), at, COLOURS[name])
    picture.write(path)


def curves(path, title, description, x_title, series):
    """series: (name, label, [(x, seconds)]); both axes logarithmic."""
    width, height, left, right, top, bottom = 560, 400, 62, 110, 86, 48
    xs = [x for _, _, points in series for x, _ in points]
    ys = [1e6 * y for _, _, points in series for _, y in points]
    low, high = min(ys) / 1.3, max(ys) * 1.3
    picture = Picture(width, height, title, description)

    def px(x):
        return left + (width - left - right) * math.log(x / min(xs)) / math.log(max(xs) / min(xs))

    def py(y):
        return height - bottom - (height - top - bottom) * math.log(y / low) / math.log(high / low)

    for tick in log_ticks(low, high, (1,)):
        picture.line(left, py(tick), width - right, py(tick), GRID)
        picture.text(left - 8, py(tick) + 4, duration(tick), "end", GREY)
    picture.text(20, top - 2, "per step", style=GREY)
    for x in sorted(set(xs)):
        picture.line(px(x), height - bottom, px(x), height - bottom + 4, "stroke:#666666")
        picture.text(px(x), height - bottom + 17, str(x), "middle", GREY)
    picture.text((left + width - right) / 2, height - 12, x_title, "middle", GREY)
    ends = sorted((py(1e6 * points[-1][1]), name, label) for name, label, points in series)
    last = -99
    for y, name, label in ends:
        last = max(y, last + 15)
        picture.text(width - right + 8, last + 4, label, style=f"fill:{COLOURS[name]}")
    for name, _, points in series:
        picture.path([(px(x), py(1e6 * y)) for x, y in points], COLOURS[name])
        for x, y in points:
            picture.circle(px(x), py(1e6 * y), COLOURS[name], 3)
    picture.write(path)


def write_all(report, titles, folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    others = [(name, title) for name, title in titles.items() if name != "ours"]
    cpu = report["machine"]["cpu"]

    def label(r, threads=True):
        parts = [r["workload"]] + ([r["inputs"]] if r["inputs"] == "dense" else [])
        return ", ".join(parts) + (" · 2" if threads and r["threads"] == 2 else "")

    rows = [(label(r), {n: (e["ratio"], *e["interval"]) for n, e in r["peers"].items()
                        if "ratio" in e}) for r in report["rows"]]
    if rows:
        dots(folder / "bench-workloads.svg", "Time of the others, as a multiple of chainrule's",
             f"right of 1: chainrule is faster; lines: 95 % intervals; · 2: two threads; "
             f"{cpu}", rows, [s for s in others if any(s[0] in v for _, v in rows)])
    one = {label(r, False): r for r in report["rows"] if r["threads"] == 1}
    gains = []
    for r in report["rows"]:
        before = one.get(label(r, False))
        if r["threads"] == 2 and before:
            gain = {n: [b["median"] / e["median"]] * 3 for n, e in r["peers"].items()
                    for b in [before["peers"].get(n, {})]
                    if n in ("ours", "torch") and "median" in e and "median" in b}
            gains.append((label(r, False), gain))
    if gains:
        dots(folder / "bench-threads.svg", "What a second thread brings",
             "time on one thread, in times of that on two; each at its best setting", gains,
             [(n, titles[n]) for n in ("ours", "torch") if n in titles])
    for name, sweep in report.get("sweeps", {}).items():
        series = [(n, titles[n], points) for n, points in sweep["points"].items() if points]
        curves(folder / f"bench-{name}.svg", sweep["title"], sweep["about"], sweep["axis"], series)
