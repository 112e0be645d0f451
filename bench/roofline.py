"""The plot of docs/performance.md: products of bench/peers.py over the operations per byte
of their weights, below the limits that the same run measured. Plain SVG.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import math
import statistics

WIDTH, HEIGHT = 960, 560
LEFT, RIGHT, TOP, BOTTOM = 80, 230, 40, 60
COLOURS = {"amx": "#1668b8", "avx512vnni": "#2b8a3e", "avxvnni": "#b8860b", "avx2": "#b02a37"}
LOWEST, HIGHEST = 20, 10000  # Gop/s


def rate(row, name):
    return 2e-9 * row["m"] * row["k"] * row["n"] / row[name]


class Plot:
    """Both axes are logarithmic."""

    def __init__(self, least, most):
        self.least, self.most = least, most
        self.parts = []

    def x(self, value):
        share = math.log(value / self.least) / math.log(self.most / self.least)
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value):
        share = math.log(max(value, LOWEST) / LOWEST) / math.log(HIGHEST / LOWEST)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)

    def line(self, points, colour, width=1.5, dash=""):
        path = " ".join(f"{self.x(a):.1f},{self.y(b):.1f}" for a, b in points)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        self.parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{dashed}/>')

    def mark(self, a, b, colour, filled, title):
        fill = colour if filled else "#ffffff"
        self.parts.append(f'<circle cx="{self.x(a):.1f}" cy="{self.y(b):.1f}" r="4" fill="{fill}" stroke="{colour}" '
                          f'stroke-width="1.5"><title>{title}</title></circle>')

    def text(self, x, y, text, anchor="start", colour="#222222", size=13, turn=""):
        self.parts.append(f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" '
                          f'font-size="{size}"{turn}>{text}</text>')


def axes(plot):
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    for value in (20, 50, 100, 200, 500, 1000, 2000, 5000, 10000):
        plot.line([(plot.least, value), (plot.most, value)], "#dddddd", 1)
        plot.text(LEFT - 8, plot.y(value) + 4, f"{value}", "end")
    for rows in (1, 8, 32, 128, 512):
        plot.line([(2 * rows, LOWEST), (2 * rows, HIGHEST)], "#dddddd", 1)
        plot.text(plot.x(2 * rows), bottom + 20, f"{2 * rows}", "middle")
        plot.text(plot.x(2 * rows), TOP - 8, f"M = {rows}", "middle", "#666666", 12)
    plot.text((LEFT + right) / 2, HEIGHT - 14, "operations per byte of the weights, 2 M", "middle")
    middle = (TOP + bottom) / 2
    plot.text(20, middle, "Gop/s", "middle", turn=f' transform="rotate(-90 20 {middle:.0f})"')


def svg(rows):
    plot = Plot(1.6, 1300)
    axes(plot)
    isas = list(dict.fromkeys(row["isa"] for row in rows))
    legend = TOP + 10
    # Slopes: how fast weights of the sizes measured are read.
    reads = {}
    for row in rows:
        reads.setdefault(row["k"] * row["n"], []).append(1e-9 * row["k"] * row["n"] / row["read"])
    top = max(row["limit"] for row in rows) * 1e-9
    for size in (min(reads), max(reads)):
        speed = statistics.median(reads[size])
        plot.line([(plot.least, plot.least * speed), (min(plot.most, top / speed), min(top, plot.most * speed))],
                  "#888888", 1.5, "6 4")
        a = plot.least * 1.3
        plot.text(plot.x(a), plot.y(a * speed) - 8, f"reading {size / 1e6:.1f} MB: {speed:.0f} GB/s", colour="#666666", size=12)
    for isa in isas:
        mine = [row for row in rows if row["isa"] == isa]
        colour = COLOURS[isa]
        limit = 1e-9 * statistics.median(row["limit"] for row in mine)
        plot.line([(plot.least, limit), (plot.most, limit)], colour)
        plot.text(WIDTH - RIGHT + 12, legend, f"{isa}: limit {limit:.0f} Gop/s", colour=colour)
        legend += 22
        for row in mine:
            # Apart, so that marks of one M do not hide each other.
            shift = 1 + 0.04 * (isas.index(isa) - 1.5)
            name = f"{isa} {row['m']}x{row['k']}x{row['n']}"
            plot.mark(2 * row["m"] * shift, rate(row, "s8s8"), colour, False, f"oneDNN, {name}: {rate(row, 's8s8'):.0f} Gop/s")
            plot.mark(2 * row["m"] * shift * 1.05, rate(row, "product"), colour, True,
                      f"qopt, {name}: {rate(row, 'product'):.0f} Gop/s")
    legend += 10
    for text, filled in (("qopt", True), ("oneDNN s8s8", False)):
        fill = "#444444" if filled else "#ffffff"
        plot.parts.append(f'<circle cx="{WIDTH - RIGHT + 18}" cy="{legend - 4}" r="4" fill="{fill}" stroke="#444444" stroke-width="1.5"/>')
        plot.text(WIDTH - RIGHT + 30, legend, text)
        legend += 22
    body = "\n".join(plot.parts)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="sans-serif">\n<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>\n{body}\n</svg>\n')


def write(path, rows):
    with open(path, "w") as file:
        file.write(svg(rows))
