"""
Do the tests bite? Each breakage of tests/mutants.yml is made in a copy of the tree, and its test must go red there.

    scripts/mutants.py [--workers 4] [WORD …]      those whose place or description has one of the words; else all

One that stays green, or turns red at another step than the one that should notice, fails the run.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "mutants.yml"
TABLE = ROOT / "docs" / "testing.md"
BEGIN, END = "<!-- mutants -->", "<!-- end of mutants -->"


@dataclass(frozen=True)
class Mutant:
    """`old` becomes `new` in `file`; then `test`, a scenario or a pytest node, must fail: a scenario at `step`."""

    breaks: str
    file: str
    old: str
    new: str
    test: str
    step: str = ""

    @property
    def notices(self) -> str:
        return f"`{self.test}`" + (f", {self.step}" if self.step else "")


@dataclass(frozen=True)
class Verdict:
    mutant: Mutant
    red: bool
    where: str
    seconds: float
    said: str

    @property
    def caught(self) -> bool:
        return self.red and self.where == self.mutant.step


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--workers", type=int, default=2 * (os.cpu_count() or 1))
    words.add_argument("word", nargs="*")
    asked = words.parse_args()
    everything = [Mutant(**each) for each in yaml.safe_load(LIST.read_text())]
    chosen = [each for each in everything if not asked.word or any(word in f"{each}" for word in asked.word)]
    for each in chosen:
        if (ROOT / each.file).read_text().count(each.old) != 1:
            where = LIST.relative_to(ROOT)
            print(f"{each.file} has not exactly one {each.old!r}, so {each.breaks!r} cannot be tried: mend {where}.")
            return 2
    verdicts: list[Verdict] = []
    with ThreadPoolExecutor(asked.workers) as pool:
        for verdict in pool.map(judge, chosen):
            verdicts.append(verdict)
            write_table(everything, verdicts)
    missed = [each for each in verdicts if not each.caught]
    for verdict in missed:
        print(f"\n== {verdict.mutant.breaks} ({verdict.mutant.file})\n{verdict.said[-4000:]}")
    print(f"\n{len(verdicts) - len(missed)} breakages noticed, {len(missed)} not noticed")
    return 1 if missed else 0


def judge(mutant: Mutant) -> Verdict:
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="mut-") as folder:
        copy = Path(folder) / "classlab"
        copy_tree(copy)
        file = copy / mutant.file
        file.write_text(file.read_text().replace(mutant.old, mutant.new))
        done = subprocess.run(
            command(mutant),
            cwd=copy,
            # The copy's own code comes before that which is installed.
            env={**os.environ, "PYTHONPATH": str(copy / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
        )
    verdict = Verdict(
        mutant, done.returncode != 0, failed_at(mutant, done.stdout), time.monotonic() - began, done.stdout
    )
    word = "noticed" if verdict.caught else f"NOT NOTICED ({verdict.where or 'green'})"
    print(f"  {word:<11} {verdict.seconds:>4.0f} s  {mutant.test}: {mutant.breaks}", flush=True)
    return verdict


def copy_tree(copy: Path) -> None:
    """What git has or would have, and this .venv."""
    words = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    told = subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    for name in told.stdout.decode().split("\0"):
        if name and os.path.lexists(ROOT / name):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name, follow_symlinks=False)
    (copy / ".venv").symlink_to(ROOT / ".venv")


def command(mutant: Mutant) -> list[str]:
    if mutant.test.startswith("tests/"):
        return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test]
    return [sys.executable, "scripts/molecule.py", mutant.test]


def failed_at(mutant: Mutant, said: str) -> str:
    """The step at which a scenario failed; of pytest nothing, unless the test could not be run at all."""
    plain = re.sub(r"\x1b\[[0-9;]*m", "", said)
    if mutant.test.startswith("tests/"):
        return "" if re.search(r"^FAILED ", plain, re.MULTILINE) else "not run"
    found = re.search(r"➜ (\w+): Executed: Failed", plain)
    return found[1] if found else "idempotence" if "Idempotence test failed" in plain else ""


def write_table(everything: list[Mutant], verdicts: list[Verdict]) -> None:
    """In the list's order. A row stays until its breakage is tried again; what was never tried so has none."""
    before, _, rest = TABLE.read_text().partition(BEGIN)
    table, _, after = rest.partition(END)
    former = table.splitlines()
    tried = {each.mutant: each.caught for each in verdicts}
    rows = ["| what was broken | in | noticed by |", "|---|---|---|"]
    for each in everything:
        if each in tried:
            rows.append(row(each, tried[each]))
        else:
            rows += [told for told in (row(each, True), row(each, False)) if told in former]
    TABLE.write_text(before + BEGIN + "\n" + "\n".join(rows) + "\n" + END + after)


def row(mutant: Mutant, caught: bool) -> str:
    return f"| {mutant.breaks} | `{mutant.file}` | {mutant.notices if caught else '**nobody**'} |"


if __name__ == "__main__":
    sys.exit(main())
