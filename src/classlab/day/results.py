"""Students' results, brought from their seats into the lab folder.

    .lab/<class>/results/<student>/   the class's result folders, as they are in the project
                                      runs/<id>/            what each `make run` ran, said, and ended with
                                      earlier/<time>/       what a newer file of the same name has replaced

rsync brings what is new or has changed, and goes on where it was cut off. Nothing is ever removed here, whatever became
of it on the seat. And since it can also say what it would bring, nobody has to keep a record of what was collected.
"""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from classlab.day.ways import FAILED_TO_ENTER, Way, ssh
from classlab.display import failures
from classlab.errors import ClasslabError, UsageError
from classlab.gone.bill import natural
from classlab.gone.listing import columns
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.plan.files import results_problem
from classlab.project.bundle import name_of

# What is between /./ and the end is the path here.
RUNS = ".classlab/./runs"
AT_ONCE = 16
# A seat is asked which of these it has, with a file in them. Only a listed one can be asked of rsync.
HAS_FILES = 'for each; do [ -z "$(find "$each/" -type f -print -quit 2>/dev/null)" ] || printf "%s\\0" "$each"; done'
# A student may make links, to anything: they are not followed, and none is made here. What was executable is only read.
OPTIONS = (
    *("--recursive", "--times", "--relative", "--protect-args", "--perms", "--chmod=Du=rwx,Dgo=,Fu=rw,Fgo="),
    *("--backup", "--partial-dir=.partial", "--timeout=60", "--out-format=%i|%l"),
)
# rsync's exit statuses.
VANISHED, DISK_FULL = 24, 11
CUT_OFF = (10, 12, 30, 35, FAILED_TO_ENTER)


@dataclass(frozen=True)
class Place:
    """Where results are on a seat, and where they go here."""

    folder: LabFolder
    lab: str
    class_name: str
    sources: tuple[str, ...]

    def of(self, student: str) -> Path:
        return self.folder.results / student


@dataclass(frozen=True)
class Collected:
    """What came from one seat, or would; `why` it could not come, or not all of it."""

    student: str
    files: int = 0
    bytes: int = 0
    replaced: int = 0
    links: int = 0
    why: str = ""


def place(folder: LabFolder, lab: str, class_name: str, project: str, base: Path, results: list[str]) -> Place:
    if problem := results_problem(results, project):
        raise UsageError(problem)
    ours = [f"{name_of(project, base)}/./{each}" for each in results] if project else []
    return Place(folder, lab, class_name, (*ours, RUNS))


def collect(where: Place, found: Mapping[str, Way], now: datetime, *, look: bool = False) -> list[Collected]:
    """From all these seats. `look`: nothing is brought, it is only seen what would be."""

    def one(student: str) -> Collected:
        if found[student].why:
            return Collected(student, why=found[student].why)
        return _one(where, student, now, look)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, sorted(found, key=natural)))


def _one(where: Place, student: str, now: datetime, look: bool) -> Collected:
    words = ssh(where.folder, where.lab, student, "-o", "BatchMode=yes")
    asked = subprocess.run(
        [*words, "sh", "-s", "--", *map(_quoted, where.sources)],
        input=f"cd && {HAS_FILES}",
        capture_output=True,
        text=True,
        errors="surrogateescape",
    )
    if asked.returncode:
        return Collected(student, why=_unreachable(where, student, asked.stderr))
    sources = [each for each in asked.stdout.split("\0") if each]
    if not sources:
        return Collected(student)
    if not shutil.which("rsync"):
        raise ClasslabError(
            "There is no rsync on this computer, which brings the results: install it (sudo apt install rsync, or brew "
            f"install rsync), then `{make('collect', where.class_name)}`."
        )
    here, coming = where.of(student), where.folder.results / f".coming-{student}"
    if not look:
        where.folder.make()
        coming.mkdir(mode=0o700, parents=True, exist_ok=True)
        here.mkdir(mode=0o700, exist_ok=True)
    alias = words[-1]
    done = subprocess.run(
        [
            *("rsync", *OPTIONS, *(["--dry-run"] if look else [f"--temp-dir={coming}"])),
            f"--backup-dir=earlier/{now:%Y%m%d-%H%M%S}",
            # Called where the lab's ssh_config is, so that its path need not be quoted for rsync's own reading of it.
            *("-e", f"ssh -F {where.folder.ssh_config.name} -o BatchMode=yes"),
            *(f"{alias}:{each}" if number == 0 else f":{each}" for number, each in enumerate(sources)),
            f"{here}/",
        ],
        cwd=where.folder.path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
    )
    if not look:
        shutil.rmtree(coming)  # empty, unless an earlier rsync was killed
    lines = done.stdout.splitlines()
    files = [line for line in lines if line.startswith(">f")]
    return Collected(
        student,
        files=len(files),
        bytes=sum(int(line.rpartition("|")[2]) for line in files),
        replaced=sum(not line.startswith(">f+++") for line in files),
        links=sum(line.startswith("skipping non-regular file") for line in lines),
        why=_why(where, student, done),
    )


def _why(where: Place, student: str, done: subprocess.CompletedProcess[str]) -> str:
    again = f"`{make('collect', where.class_name, student)}`"
    if done.returncode in (0, VANISHED):  # what vanished while it was read was not yet a result
        return ""
    if done.returncode == DISK_FULL or "No space left" in done.stderr:
        return f"There is no room left for {student}'s results in {where.folder.results}: make some, then {again}."
    if done.returncode == 127 or "rsync: command not found" in done.stderr:
        return f"There is no rsync on {student}'s seat: add rsync to lab_packages, `make up`, then {again}."
    said = next((line for line in done.stderr.splitlines() if line.strip()), "").removeprefix("rsync: ")
    if done.returncode in CUT_OFF:
        return f"The connection to {student}'s seat broke off; what came stays, and {again} goes on ({said})."
    return f"Not all of {student}'s results could be read, the others are here. {said}"


def _unreachable(where: Place, student: str, said: str) -> str:
    return failures.unreachable({"msg": said}, make("up", where.class_name, student)).sentences[0]


def _quoted(word: str) -> str:
    """For the seat's shell, which reads what ssh hands it once more."""
    return "'" + word.replace("'", "'\\''") + "'"


@dataclass(frozen=True)
class Brought:
    """How a collection went, on all seats."""

    where: Place
    each: Sequence[Collected]

    @property
    def bad(self) -> list[Collected]:
        return [each for each in self.each if each.why]

    @property
    def changed(self) -> bool:
        return any(each.files for each in self.each)

    def as_document(self) -> dict[str, Any]:
        return {"folder": str(self.where.folder.results), "seats": [asdict(each) for each in self.each]}

    def say(self) -> list[str]:
        rows = [("student", "new files", "size", "")]
        rows += [(each.student, str(each.files), size(each.bytes), _remarks(each)) for each in self.each]
        files, total = sum(each.files for each in self.each), sum(each.bytes for each in self.each)
        new = f"{_files(files)}, {size(total)}" if files else "Nothing new"
        return [*columns(rows, right={1, 2}), f"{new}. All results are in {self.where.folder.results}"]


def _remarks(this: Collected) -> str:
    if this.why:
        return "✗ " + this.why.partition(": ")[0].partition(". ")[0].rstrip(".")
    remarks = [f"{this.replaced} replaced, the earlier ones are kept"] if this.replaced else []
    if this.links:
        remarks.append("1 link not followed" if this.links == 1 else f"{this.links} links not followed")
    return "; ".join(remarks)


def not_collected(seen: Iterable[Collected], class_name: str) -> str:
    """Why a lab must not be removed yet: '' when all results are here."""
    seen = list(seen)
    lost = [f"{each.student} ({_files(each.files)})" for each in seen if each.files]
    unknown = [each.why for each in seen if each.why and not each.files]
    sentences = [f"Not collected yet: {', '.join(lost)}."] if lost else []
    sentences += [f"Whether all is collected cannot be seen: {why}" for why in unknown]
    if not sentences:
        return ""
    first, force = make("collect", class_name), f"{make('down', class_name)} FORCE=yes"
    return "\n".join(
        [*sentences, f"Nothing was removed. `{first}` brings results here; `{force}` removes all the same."]
    )


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def size(count: float) -> str:
    """1.5 MB"""
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} GB"
