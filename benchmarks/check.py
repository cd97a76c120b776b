"""Is a seat ready? The same questions to each seat of each way; a seat that fails one of them fails the measurement."""

import hashlib
import re
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.room import PACKAGES, PROJECT, PYTHON, Failed
from benchmarks.ways import Way

ASKS = Path(__file__).with_name("check.sh")
PATIENCE = 300  # the first import compiles what it imports, on all seats at once


def check(way: Way, students: list[str]) -> None:
    def to_seat(student: str) -> list[str]:
        return [
            "ssh",
            "-F",
            str(way.ssh_config),
            "-o",
            "ControlPath=none",
            "-o",
            "BatchMode=yes",
            student,
            "bash -l -s",
        ]

    everywhere(students, to_seat, lambda student: wanted(way.key(student).read_text()))


def everywhere(students: list[str], to_seat: Callable[[str], list[str]], values: Callable[[str], str]) -> None:
    asked = {}
    for student in students:
        with tempfile.TemporaryFile("w+") as text:
            text.write(values(student) + ASKS.read_text())
            text.seek(0)
            asked[student] = subprocess.Popen(
                to_seat(student), stdin=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
    said = {student: answer(program) for student, program in asked.items()}
    wrong = [f"{student}: {told}" for student, told in said.items() if told.splitlines()[-1:] != ["proven"]]
    if wrong:
        raise Failed(f"{len(wrong)} of {len(students)} seats are not ready. " + "\n".join(wrong))


def answer(program: subprocess.Popen[str]) -> str:
    try:
        return program.communicate(timeout=PATIENCE)[0].strip()
    except subprocess.TimeoutExpired:
        program.kill()
        return f"It did not answer within {PATIENCE} s."


def wanted(public_key: str) -> str:
    """The values before the questions, in shell."""
    files = sorted(each for each in PROJECT.rglob("*") if each.is_file() and "__pycache__" not in each.parts)
    values = {
        "python": PYTHON,
        "project": f"{PROJECT.name}",
        "student_key": " ".join(public_key.split()[:2]),
        "requirements": " ".join(re.findall(r"^[\w.-]+==[\w.]+", (PROJECT / "requirements.txt").read_text(), re.M)),
        "imports": " ".join(re.findall(r"^[\w.-]+", (PROJECT / "requirements.in").read_text(), re.M)),
        "digests": "\n".join(
            f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.relative_to(PROJECT)}" for each in files
        ),
    }
    lines = [f"{name}={shlex.quote(value)}\n" for name, value in values.items()]
    return "".join([*lines, f"packages=({shlex.join(PACKAGES)})\n"])
