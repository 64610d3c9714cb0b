"""Draws the dashboard's figures from what Prometheus answered: render.py SERIES.json PICTURE.svg.
Stands in for Grafana, with the dashboard's titles, expressions and legends. No library."""

import json
import math
import re
import sys
from html import escape

WIDTH, HEIGHT, COLUMNS = 460, 190, 2
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 30, 22
COLOURS = ["#1f77b4", "#d62728", "#2ca02c", "#ff7f0e", "#9467bd", "#8c564b", "#17becf", "#7f7f7f"]


def legend(pattern, labels):
    return re.sub(r"{{\s*(\w+)\s*}}", lambda match: labels.get(match[1], ""), pattern)


def amount(value, unit):
    if unit == "percentunit":
        return f"{value * 100:.0f} %"
    if unit == "s":
        return f"{value * 1000:.3g} ms"
    text = f"{value:.3g}"
    return f"{text}/s" if unit == "reqps" else text


def panel(title, unit, lines, x, y):
    """One diagram at (x, y); `lines` are pairs of a name and samples."""
    # Grafana puts legends below; here each line has its last value beside its name.
    lines = [(name, [(t, float(v)) for t, v in samples]) for name, samples in lines]
    lines = [(name, [s for s in samples if math.isfinite(s[1])]) for name, samples in lines]
    lines = sorted((line for line in lines if line[1]), key=lambda line: -line[1][-1][1])
    times = [t for _, samples in lines for t, _ in samples]
    first, last = min(times), max(times)
    top = max((v for _, samples in lines for _, v in samples), default=0) or 1
    plot_width = WIDTH - LEFT - RIGHT - 150
    plot_height = HEIGHT - TOP - BOTTOM
    out = [f'<g transform="translate({x},{y})">',
           f'<rect width="{WIDTH - 8}" height="{HEIGHT - 8}" rx="4" fill="#fff" stroke="#ccc"/>',
           f'<text x="10" y="18" class="t">{escape(title)}</text>']
    for share in (0, 0.5, 1):
        level = TOP + plot_height * (1 - share)
        out.append(f'<path d="M{LEFT} {level:.0f}h{plot_width}" stroke="#eee"/>'
                   f'<text x="{LEFT - 4}" y="{level + 3:.0f}" class="a">'
                   f"{escape(amount(top * share, unit))}</text>")
    for number, (name, samples) in enumerate(lines[:11]):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(
            f"{LEFT + plot_width * (t - first) / max(last - first, 1):.0f},"
            f"{TOP + plot_height * (1 - v / top):.1f}" for t, v in samples)
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        row = TOP + 4 + number * 13
        now = amount(samples[-1][1], unit)
        out.append(f'<rect x="{LEFT + plot_width + 8}" y="{row - 6}" width="8" height="3" fill="{colour}"/>'
                   f'<text x="{LEFT + plot_width + 20}" y="{row}">{escape(name)}: {escape(now)}</text>')
    out.append(f'<text x="{LEFT}" y="{HEIGHT - 14}">{last - first:.0f} s</text></g>')
    return "".join(out)


def main(source, target):
    with open(source, encoding="utf-8") as file:
        series = json.load(file)
    panels = {}
    for query in series:
        lines = panels.setdefault(query["title"], (query["unit"], []))[1]
        for result in query["results"]:
            lines.append((legend(query["legend"], result["metric"]), result["values"]))
    rows = math.ceil(len(panels) / COLUMNS)
    drawn = [panel(title, unit, lines, 4 + WIDTH * (n % COLUMNS), 4 + HEIGHT * (n // COLUMNS))
             for n, (title, (unit, lines)) in enumerate(panels.items())]
    with open(target, "w", encoding="utf-8") as file:
        file.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH * COLUMNS}" '
                   f'height="{HEIGHT * rows}" font-family="sans-serif" font-size="9" fill="#333">'
                   '<style>.t{font-size:12px;font-weight:bold}.a{text-anchor:end}</style>'
                   '<rect width="100%" height="100%" fill="#f4f5f5"/>' + "\n".join(drawn) + "</svg>\n")


main(*sys.argv[1:])
