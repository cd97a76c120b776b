"""`make up` killed in the middle (SIGKILL, all of its processes): the next `up` finishes it, and `down` removes it."""

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from aws_hosts import Lab
from school import School

LAUNCHED = "one of the seats is launched"


def proved(school: School, shown: str) -> bool:
    pins = school.folder / "known_hosts"
    return pins.exists() and any(not line.endswith(" one-use") for line in pins.read_text().splitlines())


MOMENTS: dict[str, Callable[[School, str], bool]] = {
    "the key is in the cloud, nothing else": lambda school, shown: "Tell EC2 the teacher's public key" in shown,
    LAUNCHED: lambda school, shown: bool(school.seats()),
    "a seat has proved who it is": proved,
    "a seat is being set up": lambda school, shown: "deadsnakes python" in shown,
}


def test_killed_again_and_again(lab: Lab) -> None:
    # Not tmp_path: that has the test's name in it, and ssh's sockets want short paths.
    with tempfile.TemporaryDirectory() as folder:
        school = School(lab.cloud, Path(folder))
        try:
            before: dict[str, str] = {}
            for moment, come in MOMENTS.items():
                shown = school.kill("up", lambda shown, come=come: come(school, shown))
                assert "are ready" not in shown
                now = school.seats()
                assert before.items() <= now.items(), f"what was launched is used: {moment}"
                before = now
                removed(school, moment)
            assert "2 seats of cs are ready" in school.make("up")
            assert school.seats() == before
            assert set(before) == {"ada", "ben"}
            for student in before:
                assert school.ssh(student, "bash -lc 'cd lesson && python main.py'").startswith("3.11.")
        finally:
            school.clear()


def removed(school: School, moment: str) -> None:
    """What was left behind at this moment, `down` removes, with or without the lab folder."""
    with school.in_the_books() as there:
        assert there.left() != [], moment
        if moment == LAUNCHED:
            shutil.rmtree(there.folder)
        assert "cs is gone" in there.make("down", YES="yes")
        assert there.left() == [], moment
