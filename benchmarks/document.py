"""docs/benchmarks.md, made of page.md and of what was measured: no figure in it is typed by hand."""

from pathlib import Path
from string import Template
from typing import Any

from benchmarks.cloud_part import LATENCY
from benchmarks.figures import RUNS, Figures, targets
from benchmarks.ways import WAYS

BASE = "a"
TITLES = {
    "first": "First run, from nothing to seats that are ready",
    "again": "Run again, with nothing left to do",
    "down": "All removed",
}
WHOLE = [f"{way}/{count}" for way in ("floor", *WAYS) for count in (1, 3, 10, 30)] + ["f/100", "f/300"]
NOTHING = "-"
# Others may have so much of the machine without being told of.
QUIET = 0.1


def write(told: dict[str, Any], file: Path) -> None:
    figures = Figures(told)
    page = Template(Path(__file__).with_name("page.md").read_text())
    file.write_text(
        page.substitute(
            missing=missing(figures) + busy(figures),
            bake=bake(figures),
            targets=table(
                ["target", "found", ""], [[each.wanted, each.found, each.verdict] for each in targets(figures)]
            ),
            seconds="\n\n".join(seconds(figures, run) for run in RUNS),
            cpu="\n\n".join(cpu(figures, run) for run in ("first", "again")),
            calls=calls(figures),
            latency=f"{LATENCY * 1000:.0f}",
            far=far(figures),
            machine="\n".join(f"- {line}" for line in machine(figures)),
        )
    )


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *([cell or NOTHING for cell in row[:-1]] + row[-1:] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, form: str = "{:.1f}") -> str:
    return NOTHING if value is None else form.format(value)


def seats(count: int) -> str:
    return f"{count} seat" if count == 1 else f"{count} seats"


def missing(figures: Figures) -> str:
    lacking = [cell for cell in WHOLE if cell not in figures.measured]
    return f"\n\n**This was a small run.** Not measured: {', '.join(lacking)}." if lacking else ""


def busy(figures: Figures) -> str:
    most = max(each["busy"] for rounds in figures.measured.values() for each in rounds)
    said = f"\n\n**The machine had other work meanwhile**, up to {most:.0%} of it: do not compare these figures."
    return said if most > QUIET else ""


def bake(figures: Figures) -> str:
    took = [value for count in figures.seats("e") if (value := figures.value(f"e/{count}", "prepare", "wall"))]
    return f" in {min(took):.0f} s" if took else ""


def seconds(figures: Figures, run: str) -> str:
    counts, rows = figures.seats(WAYS), []
    for letter, way in WAYS.items():
        row = [f"({letter}) {way.name}"]
        for count in counts:
            value = number(figures.value(f"{letter}/{count}", run, "wall"))
            ratio = figures.ratio((f"{letter}/{count}", run, "wall"), (f"{BASE}/{count}", run, "wall"))
            row.append(value if ratio is None or letter == BASE else f"{value} ({ratio:.2f})")
        rows.append(row)
    if run == "first":
        rows.append(["the bare floor", *(number(figures.value(f"floor/{count}", "bare")) for count in counts)])
    return table([TITLES[run], *map(seats, counts)], rows)


def cpu(figures: Figures, run: str) -> str:
    counts, rows = figures.seats(WAYS), []
    for letter, way in WAYS.items():
        values = [number(figures.value(f"{letter}/{count}", run, "cpu")) for count in counts]
        growth = figures.ratio((f"{letter}/{counts[-1]}", run, "cpu"), (f"{letter}/{counts[0]}", run, "cpu"))
        rows.append([f"({letter}) {way.name}", *values, number(growth, "{:.1f}")])
    return table([TITLES[run], *map(seats, counts), f"{counts[-1]} to {counts[0]}"], rows)


def calls(figures: Figures) -> str:
    counts, rows = figures.seats(WAYS), []
    for letter, way in WAYS.items():
        row = [f"({letter}) {way.name}"]
        for count in counts:
            made = [sum(figures.calls(f"{letter}/{count}", run).values()) for run in RUNS]
            row.append(" / ".join(map(str, made)) if any(made) else NOTHING)
        rows.append(row)
    return table(["", *map(seats, counts)], rows)


def far(figures: Figures) -> str:
    counts = figures.seats("f")
    if not counts:
        return "This was not measured."
    head = list(map(seats, counts))
    times = [
        [TITLES[run], *(number(figures.value(f"f/{count}", run, "wall"), "{:.1f} s") for count in counts)]
        for run in RUNS
    ]
    of = [figures.calls(f"f/{count}", "first") for count in counts]
    actions = sorted({action for made in of for action in made})
    rows = [[f"`{action}`", *(str(made.get(action, 0)) for made in of)] for action in actions]
    rows.append(["all", *(str(sum(made.values())) for made in of)])
    return f"{table(['', *head], times)}\n\n{table(['calls of the first run', *head], rows)}"


def machine(figures: Figures) -> list[str]:
    told = figures.machine
    found = sorted((each for rounds in figures.measured.values() for each in rounds), key=lambda each: str(each["at"]))
    begun, ended = (each["at"].replace("T", " ").removesuffix("+00:00") for each in (found[0], found[-1]))
    revisions = ", ".join(dict.fromkeys(each["revision"] for each in found))
    most = max(map(len, figures.measured.values()))
    lines = [
        f"{told['cores']} cores, {told['memory']}, {told['kernel']}, {told['engine']}; Python {told['python']}, "
        f"Ansible {told['ansible']}, pyinfra {told['pyinfra']}",
        f"{begun} to {ended} UTC, revision {revisions}; "
        + ("each figure was measured once" if most == 1 else f"medians of up to {most} rounds"),
    ]
    return [*lines, *localcloud(figures)]


def localcloud(figures: Figures) -> list[str]:
    largest = max(figures.seats(["floor"]), default=0)
    ratio, memory = (figures.value(f"floor/{largest}", name) for name in ("ratio", "memory"))
    listed = figures.value("books/300", "seconds")
    lines = []
    if ratio is not None and memory is not None:
        lines.append(
            f"localcloud itself: {seats(largest)} by one RunInstances and an ssh to each take {ratio:.2f} times the "
            f"bare floor (wanted: at most 1.5); a host holds {memory:.1f} MB (at most 25)"
        )
    if listed is not None:
        lines.append(f"localcloud's DescribeInstances of 300 takes {listed:.2f} s (wanted: under 0.3)")
    return lines
