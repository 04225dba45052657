#!/usr/bin/env python3
"""Writes one table in COUNT random dialects of Python's csv module into FOLDER: dialects.py FOLDER COUNT

Beside each file NAME.csv stands NAME.cells: the cells that must be read, each followed by 0x1f, each row by 0x1e, the
names of the columns first; and NAME.how, for people.
"""
import csv, gzip, io, json, pathlib, random, sys

NAMES = ["id", "name", "größe", "price", "opened", "note"]
ROWS = [
    ["1", "Miller, Ann", "1.75", "12.5", "2024-01-02", "said \"yes\"; left"],
    ["2", "O'Brien", "1.80", "7.25", "2024-01-03", ""],
    ["3", "Zoë | Ltd", "", "1200.75", "2024-02-29", "two\nlines"],
    ["4", "'quoted'", "1.62", "-3.5", "2024-03-01", "semi;colon, comma\tand tab"],
    ["5", "Smith", "1.91", "0.001", "2024-03-02", "plain"],
    ["6", "Grün & Söhne", "2.05", "", "2024-04-01", "back\\slash"],
    ["7", "Dupont", "1.55", "99.0", "2024-04-02", "it's fine"],
    ["8", "Miller, Ann", "1.75", "1.5e3", "2024-04-03", "\"all in quotes\""],
]
HEADERS = [NAMES, None]
ENCODINGS = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1"]


def write(seed):
    """The bytes of one file, the cells that it holds, and how it was written."""
    r = random.Random(seed)
    how = {
        "delimiter": r.choice(",;\t| "),
        "quotechar": r.choice("\"\"'"),
        "quoting": r.choice([csv.QUOTE_MINIMAL, csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE]),
        "doublequote": r.random() < 0.8,
        "lineterminator": r.choice(["\n", "\r\n", "\r"]),
    }
    if how["quoting"] == csv.QUOTE_NONE or not how["doublequote"]:
        how["escapechar"] = "\\"
    header, encoding = r.random() < 0.7, r.choice(ENCODINGS)
    comma = r.random() < 0.3  # the decimal sign
    comments = r.choice([0, 0, 0, 1, 2])
    sep = r.random() < 0.1 and comments == 0
    rows = [list(row) for row in ROWS]
    if comma:
        for row in rows:
            for c in (2, 3):
                row[c] = row[c].replace(".", ",")
    if r.random() < 0.5:
        r.shuffle(rows)
    text = io.StringIO()
    if sep:
        text.write("sep=" + how["delimiter"] + how["lineterminator"])
    for i in range(comments):
        text.write("# made by a program, " + str(i) + how["lineterminator"])
    writer = csv.writer(text, **how)
    written = [[float(x) if c != 1 and how["quoting"] == csv.QUOTE_NONNUMERIC and is_number(x) else x
                for c, x in enumerate(row)] for row in rows]
    writer.writerows(([NAMES] if header else []) + written)
    content = text.getvalue().encode(encoding)
    if r.random() < 0.1:
        content = gzip.compress(content)
    names = NAMES if header else ["column%d" % (i + 1) for i in range(len(NAMES))]
    cells = [names] + [[str(x) for x in row] for row in written]
    return content, cells, dict(how, header=header, encoding=encoding, comma=comma, comments=comments, sep=sep)


def is_number(x):
    try:
        float(x)
        return True
    except ValueError:
        return False


def main(folder, count):
    for seed in range(count):
        content, cells, how = write(seed)
        base = pathlib.Path(folder) / ("%05d" % seed)
        base.with_suffix(".csv").write_bytes(content)
        flat = "".join("".join(cell + "\x1f" for cell in row) + "\x1e" for row in cells)
        base.with_suffix(".cells").write_bytes(flat.encode())
        base.with_suffix(".how").write_text(json.dumps(how))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
