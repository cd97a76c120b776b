"""Make the hand-outs of a lab, from what the cloud and the lab folder tell at this moment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from classlab.cards.handout import CARD, KEY, KNOWN_HOSTS, RCLONE, SSH_CONFIG, VSCODE, Handout, files, zipped
from classlab.cards.page import page
from classlab.cloud.seats import Seat, by_student
from classlab.cloud.signals import TAG
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.roster import Student
from classlab.trust import sshconfig
from classlab.trust.pins import Pins

ALL = "all.html"
OURS = (KEY, SSH_CONFIG, VSCODE, KNOWN_HOSTS, RCLONE, CARD)


@dataclass(frozen=True)
class Lesson:
    """What the class file says that a card tells of."""

    lab: str
    class_name: str
    place: str = ""
    results: str = "results"
    notebook_port: int = 0


@dataclass
class Made:
    """By student: where the hand-out is; who can have none now, and why; whether any file was written or removed."""

    places: dict[str, Path] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    changed: bool = False

    def as_document(self, folder: LabFolder) -> dict[str, Any]:
        cards = [
            {"student": who, "folder": str(place), "zip": f"{place}.zip", "card": str(place / CARD)}
            for who, place in self.places.items()
        ]
        return {"cards": cards, "all": str(folder.cards / ALL) if cards else ""}


def make_cards(
    folder: LabFolder,
    lesson: Lesson,
    students: Sequence[Student],
    only: Collection[str],
    found: Iterable[Seat],
    port_tag: str,
) -> Made:
    """
    The hand-outs of the students in `only`, or of all; and the page of all, always of the whole class. What is there of
    somebody who can have none now would lead to where nobody is, so it goes.
    """
    living = by_student(each for each in found if each.living)
    pins = Pins(folder)
    made, cards = Made(), {}
    if not any(living.get(each.name) for each in students):
        raise ClasslabError(f"The lab {lesson.lab} has no seats: `{make('up', lesson.class_name)}` brings it up.")
    for student in students:
        card = _card(folder, lesson, student, living.get(student.name, []), pins, port_tag)
        if isinstance(card, Handout):
            cards[student.name] = card
        elif not only or student.name in only:
            made.refused[student.name] = card
    made.changed |= _clear(folder, lesson.lab, keep={each.name for each in cards.values()})
    if cards:
        made.changed |= _put(folder, folder.cards / ALL, page(f"{lesson.lab}: cards", list(cards.values())).encode())
    for name, card in cards.items():
        if not only or name in only:
            made.places[name] = folder.cards / card.name
            made.changed |= _write(folder, made.places[name], card)
    return made


def _card(
    folder: LabFolder, lesson: Lesson, student: Student, seats: Sequence[Seat], pins: Pins, port_tag: str
) -> Handout | str:
    """The hand-out, or a sentence about why there can be none."""
    mend = make("up", lesson.class_name, student.name)
    if not seats:
        return f"There is no seat: `{mend}` makes one."
    if len(seats) > 1:
        return (
            f"There are {len(seats)} seats ({', '.join(each.id for each in seats)}), and a card is of one: terminate "
            "in the cloud those that are not wanted."
        )
    [seat] = seats
    if seat.state in ("stopping", "stopped"):
        return (
            f"The seat is {seat.state}, and will have another address: "
            f"`{make('start', lesson.class_name, student.name)}` wakes it."
        )
    address, port = seat.reached(port_tag)
    if seat.state != "running" or not address:
        return f"The seat is {seat.state} and cannot be reached yet: wait a minute, then try again."
    reached = sshconfig.Seat(student.name, seat.id, address, port)
    # A seat that nobody enters keeps the key that it was born with.
    own = [each for each in pins.of(reached) if not each.one_use or TAG in seat.tags]
    if len(own) != 1 or len(pins.of(reached)) != 1:
        return f"The seat's host key is not pinned yet: `{mend}` meets it."
    key = folder.student_key(student.name)
    if not student.ssh_key and not key.exists():
        return f"The student's key {key} is not there: put it back, or `{mend}` makes another."
    return Handout(
        lab=lesson.lab,
        seat=reached,
        host_key=own[0].key,
        key="" if student.ssh_key else key.read_text(),
        full_name=student.full_name,
        ends_at=seat.end,
        place=lesson.place,
        results=lesson.results,
        notebook_port=lesson.notebook_port,
    )


def _write(folder: LabFolder, place: Path, card: Handout) -> bool:
    content = files(card, page(f"{card.name}: how to connect", [card]))
    changed = [_put(folder, place / name, text.encode(), mode) for name, (text, mode) in content.items()]
    changed += [_remove(place / name) for name in OURS if name not in content]
    return any([*changed, _put(folder, _zip(place), zipped(content))])


def _put(folder: LabFolder, file: Path, content: bytes, mode: int = 0o600) -> bool:
    if file.exists() and file.read_bytes() == content and file.stat().st_mode & 0o777 == mode:
        return False
    folder.write(file, content, mode)
    return True


def _clear(folder: LabFolder, lab: str, keep: Collection[str]) -> bool:
    """Only what is ours goes: a folder in which a teacher has put something else keeps that."""
    changed = False
    for place in {each.with_suffix("") for each in folder.cards.glob(f"{lab}-*")} if folder.cards.is_dir() else ():
        if place.name not in keep:
            changed |= any([_remove(_zip(place)), *(_remove(place / name) for name in OURS)])
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()
    return changed


def _remove(file: Path) -> bool:
    there = file.exists()
    file.unlink(missing_ok=True)
    return there


def _zip(place: Path) -> Path:
    return place.with_name(f"{place.name}.zip")
