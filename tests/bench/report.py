# SPDX-License-Identifier: MIT
"""The page of `tests/bench/run --report`: writes README.md, rates.svg and cpu.svg into a folder, from the result.tsv there.

  report.py FOLDER

result.tsv begins with lines "# machine: …" and "# command: …". Each row has a key, a label, the median, lowest and highest rate
(1/s), and the nanoseconds of the processor that a request took: of the program, and of the nginx in front of it."""

import html
import os
import sys

LEFT, BAR, ROW, TOP, WIDTH = 330, 480, 26, 44, 900
PROGRAM, FRONT, INK, FAINT = "#2a6f97", "#a9c9dd", "#1b1b1b", "#6b6b6b"
INTRODUCTION = """# Benchmark

One run of `tests/bench/run` measured all rows in turn, round after round, with 32 clients; a row has the median of its rounds.
The programs share the processors with wrk, nginx and the stand-in for the platform, so compare the rows with each other, not with
figures of another machine. [tests/bench/README.md](../../tests/bench/README.md) explains each piece.

A *join* opens the session, claims the request token, exchanges it at the platform over HTTP, and is logged. A *session check* of a
neighbour looks up the session of the request and serves a small file; it exchanges nothing. CPU is the processor's time of one
request, in microseconds: that of the program, and that of the nginx in front of it, which the node sample and Apache do without.
"""


class Row:
    def __init__(self, line):
        self.key, self.label, *numbers = line.rstrip("\n").split("\t")
        self.rate, self.least, self.most, self.cpu, self.front = (int(number) for number in numbers)
        if self.key in ("node", "apache"):
            self.front = 0  # nginx only idles then

    def microseconds(self):
        return self.cpu / 1000, self.front / 1000


def read(path):
    head, rows = [], []
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("# "):
                head.append(line[2:].strip())
            else:
                rows.append(Row(line))
    return head, rows


def plot(title, rows, parts_of, text_of):
    """Bars, one a row. parts_of gives the lengths of the parts of a bar, text_of what stands behind it."""
    most = max(sum(parts_of(row)) for row in rows) or 1
    height = TOP + ROW * len(rows) + 10
    lines = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="sans-serif" font-size="13">'
             % (WIDTH, height, WIDTH, height), "<title>%s</title>" % html.escape(title),
             '<rect width="%d" height="%d" fill="#ffffff"/>' % (WIDTH, height),
             '<text x="10" y="26" font-size="16" fill="%s">%s</text>' % (INK, html.escape(title))]
    for number, row in enumerate(rows):
        top, left = TOP + ROW * number, LEFT
        weight = ' font-weight="bold"' if row.key == "meetauthd" else ""
        lines.append('<text x="%d" y="%d" text-anchor="end" fill="%s"%s>%s</text>' % (LEFT - 8, top + 16, INK, weight, html.escape(row.label)))
        for part, color in zip(parts_of(row), (PROGRAM, FRONT)):
            lines.append('<rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s"/>' % (left, top + 3, part * BAR / most, ROW - 8, color))
            left += part * BAR / most
        lines.append('<text x="%.1f" y="%d" fill="%s">%s</text>' % (left + 6, top + 16, FAINT, text_of(row)))
    return "\n".join(lines) + "\n</svg>\n"


def table(rows):
    yield "| | 1/s | lowest to highest | CPU, µs | nginx's, µs | together, µs |"
    yield "|---|--:|--:|--:|--:|--:|"
    for row in rows:
        cpu, front = row.microseconds()
        yield "| %s | %d | %d to %d | %.1f | %s | %.1f |" % (row.label, row.rate, row.least, row.most, cpu, "%.1f" % front if front else "–", cpu + front)


def ratios(rows):
    by_key = {row.key: row for row in rows}
    ours = by_key["meetauthd"]
    for key in ("bare", "node", "proxy", "apache", "lemonldap"):
        if key in by_key:
            other = by_key[key]
            yield "- to %s: %.2f times the rate, %.2f times the CPU of a request" % (
                other.label, ours.rate / max(other.rate, 1), sum(ours.microseconds()) / max(sum(other.microseconds()), 0.001))


def write(folder, name, text):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(text)


def main(folder):
    head, rows = read(os.path.join(folder, "result.tsv"))
    write(folder, "rates.svg", plot("Requests per second", rows, lambda row: (row.rate,), lambda row: "%d" % row.rate))
    write(folder, "cpu.svg", plot("Processor time of a request: the program, and in a lighter color nginx in front of it", rows, Row.microseconds,
                                  lambda row: "%.1f µs" % sum(row.microseconds())))
    short = any("--quick" in line for line in head)
    page = [INTRODUCTION, *(["This was a short run (`--quick`): its figures are rough.", ""] if short else []), *("    " + line for line in head), "", *table(rows), "", "![Requests per second](rates.svg)", "",
            "![Processor time of a request](cpu.svg)", "", "One process of meetauthd, with connections kept, compared:", "", *ratios(rows)]
    write(folder, "README.md", "\n".join(page) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
