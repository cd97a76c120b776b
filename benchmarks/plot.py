"""docs/benchmarks.svg: seconds by seats, both in steps that multiply, so that one picture has 1 and 30 seats."""

from math import log
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from benchmarks.figures import Figures
from benchmarks.ways import WAYS

PANELS = (
    ("first", "wall", "First run, seconds"),
    ("again", "wall", "Run again, seconds"),
    ("again", "cpu", "Run again, controller's CPU seconds"),
)
WIDTH, HEIGHT, LEFT, TOP, GAP = 300, 260, 46, 70, 20
TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000)
# Told apart by anybody, on white and on black; and by their marks where colours are not seen.
COLOURS = {"a": "#888888", "b": "#d55e00", "c": "#cc79a7", "d": "#0080c0", "e": "#009e73"}
MARKS = {
    "a": "M-4-4h8v8h-8z",
    "b": "M0-5L5 4h-10z",
    "c": "M0-5L5 0 0 5-5 0z",
    "d": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0z",
    "e": "M0 5L5-4h-10z",
}
# As the reader's screen is: dark letters on light, or light on dark. The background is the page's own.
STYLE = """\
text { font: 12px sans-serif; fill: #333 } .head { font-weight: bold } .grid { stroke: #8886; stroke-width: 1 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }"""


def write(told: dict[str, Any], file: Path) -> None:
    figures = Figures(told)
    counts = figures.seats(WAYS)
    wide, high = len(PANELS) * (WIDTH + LEFT + GAP), TOP + HEIGHT + 50
    parts = [legend(figures)]
    for place, (run, what, title) in enumerate(PANELS):
        parts += panel(figures, counts, run, what, title, place * (WIDTH + LEFT + GAP) + LEFT)
    body = "\n".join(parts)
    file.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" role="img">\n'
        f"<title>Seconds of each way to seat a class, by the number of seats</title>\n<style>{STYLE}</style>\n"
        f"{body}\n</svg>\n"
    )


def legend(figures: Figures) -> str:
    parts, x = [], LEFT
    for letter, way in WAYS.items():
        if figures.seats([letter]):
            name = escape(f"({letter}) {way.name}")
            parts.append(f'{mark(letter, x, 16)}<text x="{x + 10}" y="20">{name}</text>')
            x += 32 + round(5.6 * len(name))
    return "\n".join(parts)


def mark(letter: str, x: float, y: float) -> str:
    return f'<path d="{MARKS[letter]}" transform="translate({x:.1f} {y:.1f})" fill="{COLOURS[letter]}"/>'


def panel(figures: Figures, counts: list[int], run: str, what: str, title: str, left: int) -> list[str]:
    series = {
        letter: [(count, value) for count in counts if (value := figures.value(f"{letter}/{count}", run, what))]
        for letter in WAYS
    }
    series = {letter: points for letter, points in series.items() if points}
    values = [value for points in series.values() for _, value in points]
    if not values:
        return []
    low = max(tick for tick in TICKS if tick <= max(min(values), TICKS[0]))
    high = min((tick for tick in TICKS if tick >= max(values)), default=TICKS[-1])

    def across(count: int) -> float:
        return left + 14 + (WIDTH - 28) * scaled(count, counts[0], counts[-1])

    def up(value: float) -> float:
        return TOP + HEIGHT * (1 - scaled(value, low, high))

    parts = [f'<text class="head" x="{left}" y="{TOP - 16}">{escape(title)}</text>']
    for tick in (each for each in TICKS if low <= each <= high):
        parts.append(f'<path class="grid" d="M{left} {up(tick):.1f}h{WIDTH}"/>')
        parts.append(f'<text x="{left - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:g}</text>')
    for count in counts:
        parts.append(f'<text x="{across(count):.1f}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{count}</text>')
    parts.append(f'<text x="{left + WIDTH / 2}" y="{TOP + HEIGHT + 38}" text-anchor="middle">seats</text>')
    for letter, points in series.items():
        places = [(across(count), up(value)) for count, value in points]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[letter]}" stroke-width="2"/>')
        parts += [mark(letter, x, y) for x, y in places]
    return parts


def scaled(value: float, low: float, high: float) -> float:
    """Where it is between low (0) and high (1), in steps that multiply."""
    return 0.5 if high <= low else log(value / low) / log(high / low)
