"""Who gets a seat: `lab_students` in the class file, or a CSV file that `lab_roster` names."""

import csv
import io
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from classlab.names import did_you_mean, student_name_problem
from classlab.trust.sshkeys import public_key_problem

NEEDED = ("name", "email")
KNOWN = ("name", "email", "ssh_key", "full_name")
# What fits on a card.
MOST_FULL_NAME = 80


@dataclass(frozen=True)
class Student:
    name: str
    email: str = ""
    ssh_key: str = ""
    full_name: str = ""  # in any script; for people alone, the seat is called by `name`

    def as_dict(self) -> dict[str, str]:
        return asdict(self)


def students(settings: dict[str, Any], folder: Path) -> tuple[list[Student], list[str]]:
    """
    Who gets a seat, students in the order given and then the spare ones, and every problem with them. `folder` is the
    class file's.
    """
    listed, roster = settings.get("lab_students"), settings.get("lab_roster")
    if listed and roster:
        return [], ["Both lab_students and lab_roster are given: keep one of them, the list or the file."]
    if roster:
        entries, problems = _from_file(roster, folder)
    elif listed:
        entries, problems = _from_list(listed)
    else:
        return [], ["The class has no students: list them in lab_students, or name a CSV file in lab_roster."]
    problems += [problem for where, student in entries for problem in _problems(where, student)]
    problems += _duplicates(entries)
    return [student for _, student in entries] + _spares(settings.get("lab_spares")), problems


def _spares(number: object) -> list[Student]:
    """Nobody's yet. What is no number is told of by whoever reads the other settings."""
    return [Student(f"spare-{each}") for each in range(1, number + 1)] if isinstance(number, int) else []


def _from_list(listed: object) -> tuple[list[tuple[str, Student]], list[str]]:
    if not isinstance(listed, list):
        return [], [f"lab_students is {listed!r}, but it is a list: write each student on a line, as '  - ada'."]
    entries: list[tuple[str, Student]] = []
    problems: list[str] = []
    for number, each in enumerate(listed, 1):
        where = f"lab_students, entry {number}"
        values = each if isinstance(each, dict) else {"name": each}
        for key in values:
            if key not in KNOWN:
                problems.append(
                    f"{where}: '{key}' is not known; a student has {', '.join(KNOWN)}.{did_you_mean(str(key), KNOWN)}"
                )
        name = values.get("name")
        if not isinstance(name, str):
            problems.append(f"{where}: {student_name_problem(name)}")
            continue
        texts = {}
        for key in KNOWN[1:]:
            value = values.get(key) or ""
            if not isinstance(value, str):
                problems.append(f"{where}: {key} of '{name}' is {value!r}: put a text between quotes.")
            texts[key] = value if isinstance(value, str) else ""
        entries.append((where, Student(name, **{key: text.strip() for key, text in texts.items()})))
    return entries, problems


def _from_file(roster: object, folder: Path) -> tuple[list[tuple[str, Student]], list[str]]:
    if not isinstance(roster, str):
        return [], [f"lab_roster is {roster!r}, but it is the name of a CSV file: for example lab_roster: cs101.csv."]
    file = folder / Path(roster).expanduser()
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        return [], [f"lab_roster '{roster}' {what} ({file}): name a CSV file beside the class file."]
    try:
        text = _decoded(file.read_bytes())
    except UnicodeDecodeError:
        return [], [f"The roster {roster} is not in UTF-8: save it anew, in Excel as 'CSV UTF-8 (comma delimited)'."]
    except OSError as error:
        return [], [f"The roster {roster} cannot be read: {error.strerror}."]
    if "PRIVATE KEY" in text or "PuTTY-User-Key-File" in text:  # before its lines are taken for names, and shown
        return [], [f"The ssh_key of a student in {roster} {public_key_problem(text)}"]
    try:
        return _rows(roster, text)
    except csv.Error as error:
        return [], [f"The roster {roster} is not a CSV file ({error}): save it anew, in Excel as 'CSV UTF-8'."]


def _decoded(content: bytes) -> str:
    """Excel writes UTF-8 with a mark in front, or, as 'Unicode text', UTF-16."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16")
    return content.decode("utf-8-sig")


def _rows(roster: str, text: str) -> tuple[list[tuple[str, Student]], list[str]]:
    first, _, rest = text.partition("\n")
    separator = ""
    if first.strip().lower().startswith("sep=") and len(first.strip()) == 5:  # a line that Excel itself writes
        separator, text = first.strip()[-1], rest
        first = rest.partition("\n")[0]
    separator = separator or max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    columns = [each.strip().lower() for each in next(reader, [])]
    if not any(columns):
        return [], [f"The roster {roster} is empty: its first line is name,email, then one line for each student."]
    if missing := [each for each in NEEDED if each not in columns]:
        return [], [
            f"The roster {roster} has no column {' and no column '.join(missing)}; found: {', '.join(columns)}. "
            "Its first line must name the columns name, email and, if wanted, ssh_key and full_name."
        ]
    offset = 1 if text is rest else 0
    entries = []
    for row in reader:
        values = dict(zip(columns, (each.strip() for each in row), strict=False))
        if any(values.values()):
            student = Student(**{key: values.get(key, "") for key in KNOWN})
            entries.append((f"{roster}, line {reader.line_num + offset}", student))
    if not entries:
        return [], [f"The roster {roster} names no student: add a line for each below {separator.join(columns)}."]
    return entries, []


def _problems(where: str, student: Student) -> Iterable[str]:
    if problem := student_name_problem(student.name):
        yield f"{where}: {problem}"
    if student.email and not re.fullmatch(r"[^@\s]+@[^@\s]+", student.email):
        yield f"{where}: the email of '{student.name}' is '{student.email}': write it as ada@example.org, or leave it."
    if student.ssh_key and (problem := public_key_problem(student.ssh_key)):
        yield f"{where}: the ssh_key of '{student.name}' {problem}"
    if len(student.full_name) > MOST_FULL_NAME or not student.full_name.isprintable():
        yield (
            f"{where}: the full_name of '{student.name}' is for a card, and has more than {MOST_FULL_NAME} letters or "
            "some that cannot be shown: write it on one line, shorter."
        )


def _duplicates(entries: list[tuple[str, Student]]) -> list[str]:
    seen: dict[str, list[str]] = {}
    for _, student in entries:
        if student.name:
            seen.setdefault(student.name.casefold(), []).append(student.name)
    problems = []
    for names in seen.values():
        if len(names) > 1:
            spelt = " and ".join(dict.fromkeys(names))
            problems.append(
                f"The student {spelt} is named {len(names)} times, and a seat is found by its student's name: "
                f"write one as {names[0].lower()}-2, or remove it."
            )
    return problems
