"""Is a seat's deadline armed for the right time? Asked of files, as the script that arms it leaves them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from classlab.cloud.userdata import with_argument

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import deadline
from seat.files import SeatError

SCRIPT = Path(__file__).parents[2] / "roles/deadline/files/arm-deadline.sh"
TIME, LATER = "2099-11-20T18:00:00Z", "2099-11-20T20:00:00Z"


class Disk:
    """A seat's disk in a folder: the script runs on it, with a systemctl that only notes what it was told."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for folder in ("etc/systemd/system", "run", "usr/local/sbin", "var/lib/cloud/data", "bin"):
            (root / folder).mkdir(parents=True)
        self.born("i-0a")
        (root / "bin/systemctl").write_text(f'#!/bin/sh\necho "$@" >>{root}/told\n')
        (root / "bin/systemctl").chmod(0o755)

    def born(self, instance: str) -> None:
        (self.root / "var/lib/cloud/data/instance-id").write_text(f"{instance}\n")

    def at_home(self, text: str) -> str:
        for path in ("/etc/", "/usr/local/", "/var/lib/", "/run/"):
            text = text.replace(path, f"{self.root}{path}")
        return text

    def run(self, script: str, *words: str) -> tuple[int, str, str]:
        return self._sh("-c", self.at_home(script), "arm-deadline", *words)

    def _sh(self, *words: str) -> tuple[int, str, str]:
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        done = subprocess.run(["sh", *words], env=environment, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    def boot(self, ends_at: str = TIME) -> None:
        assert self.run(with_argument(SCRIPT.read_text(), ends_at))[0] == 0

    def told(self) -> list[str]:
        """What systemctl was told since the last time."""
        file = self.root / "told"
        lines = file.read_text().splitlines() if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def check(self) -> int:
        return self._sh(str(self.root / "usr/local/sbin/classlab-deadline"))[0]

    def checking(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"}
        return subprocess.Popen(["sh", self.root / "usr/local/sbin/classlab-deadline"], env=environment)

    def record(self, text: str) -> None:
        (self.root / "etc/classlab/deadline").write_text(text)


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Disk:
    disk = Disk(tmp_path)
    for name in ("RECORD", "SEAT", "UNITS"):
        monkeypatch.setattr(deadline, name, disk.at_home(getattr(deadline, name) + "/").rstrip("/"))
    return disk


def missing(ends_at: str = TIME) -> str:
    return str(deadline.missing({"ends_at": ends_at}))


def ensure(disk: Disk, ends_at: str, script: str = "") -> str:
    def run(words: list[str]) -> tuple[int, str, str]:
        return disk.run(words[2], *words[4:])

    return str(deadline.ensure(run, {"ends_at": ends_at}, script or SCRIPT.read_text()))


def test_what_the_boot_arms_is_armed(disk: Disk) -> None:
    assert missing() == "no deadline is armed"
    disk.boot()
    assert missing() == ""
    assert missing(LATER) == f"the deadline is {TIME}, not {LATER}"
    assert disk.told() == ["daemon-reload", "--no-block restart classlab-deadline.timer"]
    timer = (disk.root / "etc/systemd/system/classlab-deadline.timer").read_text()
    assert "OnCalendar=2099-11-20 18:00:00 UTC\nPersistent=true\n" in timer


def test_a_reboot_changes_nothing_and_does_not_undo_a_move(disk: Disk) -> None:
    disk.boot()
    disk.told()
    disk.boot()
    assert disk.told() == ["--no-block start classlab-deadline.timer"]
    assert ensure(disk, LATER) == f"the deadline is {TIME}, not {LATER}"
    assert ensure(disk, LATER) == ""
    disk.boot()
    assert missing(LATER) == ""
    assert ensure(disk, TIME) != ""  # an earlier time counts just as well
    assert missing(TIME) == ""


def test_user_data_that_says_another_time_than_before_counts(disk: Disk) -> None:
    disk.boot()
    ensure(disk, "2099-11-20T19:00:00Z")
    disk.boot(LATER)  # it was stopped, and its user data replaced
    assert missing(LATER) == ""
    ensure(disk, TIME)
    disk.boot(LATER)  # what was said once is not said anew
    assert missing(TIME) == ""


def test_a_deadline_that_is_over_at_a_boot_waits_for_what_user_data_tells(disk: Disk) -> None:
    disk.boot()
    disk.told()
    disk.record("2020-01-01T00:00:00Z i-0a 2020-01-01T00:00:00Z\n")
    (disk.root / "run" / "classlab-deadline").unlink()  # as a boot does
    with disk.checking() as check:
        time.sleep(1.5)
        assert check.poll() is None
        disk.boot(LATER)
        assert check.wait(timeout=30) == 0
    assert "poweroff" not in disk.told()
    disk.record("2020-01-01T00:00:00Z i-0a 2020-01-01T00:00:00Z\n")
    disk.check()
    assert "poweroff" in disk.told()


@pytest.mark.parametrize("record", ["", "\n", "2020-01-01T00:00:00Z\n", "2020-01-01T00:00:00Z i-other\n"])
def test_half_a_record_or_another_seats_neither_counts_nor_ends_it(disk: Disk, record: str) -> None:
    disk.boot()
    disk.told()
    disk.record(record)
    assert missing() == "no deadline is armed"
    disk.check()
    assert disk.told() == []
    disk.boot()
    assert missing() == ""


def test_a_move_that_was_killed_halfway_is_finished(disk: Disk) -> None:
    disk.boot()
    disk.record(f"{LATER} i-0a\n")
    assert missing(LATER) == "the deadline's timer has another time than its record"
    ensure(disk, LATER)
    assert missing(LATER) == ""
    (disk.root / "etc/systemd/system/timers.target.wants/classlab-deadline.timer").unlink()
    assert missing(LATER) == "the deadline's timer is not enabled"
    ensure(disk, LATER)
    assert missing(LATER) == ""


@pytest.mark.parametrize(("time", "told"), [(TIME, []), ("2020-01-01T00:00:00Z", ["poweroff"])])
def test_the_check_powers_off_when_the_time_has_come(disk: Disk, time: str, told: list[str]) -> None:
    disk.boot(time)
    disk.told()
    assert disk.check() == 0
    assert disk.told() == told


def test_what_is_no_time_is_refused_and_changes_nothing(disk: Disk) -> None:
    disk.boot()
    assert disk.run(SCRIPT.read_text(), "--move", "tomorrow-ish")[0] != 0
    disk.record("rubbish i-0a\n")
    disk.told()
    assert disk.check() != 0
    assert disk.told() == []


def test_a_failure_says_what_it_means(disk: Disk) -> None:
    with pytest.raises(SeatError, match=r"could not be armed: no room\. Until it is, this seat does not end by itself"):
        ensure(disk, TIME, "echo no room >&2; exit 1")
    with pytest.raises(SeatError, match="could not be armed: no deadline is armed"):
        ensure(disk, TIME, "exit 0")
