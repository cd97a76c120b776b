"""apt and dpkg on a seat: what is installed, who holds a lock, what an error means."""

import fcntl
import gzip
import hashlib
import lzma
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from lone_apt import lone_apt
from small_server import serving

from localcloud import standin

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import apt, dpkg, locks, packages, policy
from seat.files import SeatError

STATUS = """\
Package: tmux
Status: install ok installed
Version: 3.4-1ubuntu0.1

Package: tmux-plugin
Status: deinstall ok config-files
Version: 1.0

Package: vim-tiny
Status: install ok installed
Provides: editor, vi (= 2)
Version: 2:9.1

Package: python3.11
Status: install ok installed
Version: 3.11.2-6

Package: libpython3.11-stdlib
Status: install ok unpacked
Version: 3.11.2-6

Package: libpython3.11
Status: hold ok installed
Version: 3.11.2-6
"""
POLICY = """\
python3.11:
  Installed: 3.11.0~rc1-1~22.04
  Candidate: 3.11.2-6
  Version table:
     3.11.2-6 500
        500 http://10.0.0.1:8311 jammy/main amd64 Packages
 *** 3.11.0~rc1-1~22.04 500
        500 http://archive.ubuntu.com/ubuntu jammy-updates/universe amd64 Packages
        100 /var/lib/dpkg/status
python3.12:
  Installed: (none)
  Candidate: 3.12.1
  Version table:
     3.12.1 -1
        500 http://archive.ubuntu.com/ubuntu jammy/main amd64 Packages
"""
HELD = "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n"


class Machine:
    """What a module's run_command would be: it says what it was told to say, and keeps what it was asked."""

    def __init__(self, *answers: tuple[int, str]) -> None:
        self.answers, self.asked = list(answers), list[list[str]]()

    def __call__(self, words: list[str], **_: Any) -> tuple[int, str, str]:
        self.asked.append(words)
        rc, err = self.answers.pop(0) if self.answers else (0, "")
        return rc, "", err

    @property
    def verbs(self) -> list[str]:
        return [
            next(word for word in words[1:] if word in ("update", "install", "--configure")) for words in self.asked
        ]


@pytest.fixture(autouse=True)
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A seat whose dpkg knows STATUS, with nobody at apt's locks and Ubuntu's lists fetched."""
    (tmp_path / "updates").mkdir()
    (tmp_path / "lists").mkdir()
    (tmp_path / "status").write_text(STATUS)
    (tmp_path / "lists" / "archive_dists_noble_InRelease").write_text("Hash: SHA512\n\nOrigin: Ubuntu\nLabel: Ubuntu\n")
    monkeypatch.setattr(dpkg, "STATUS", str(tmp_path / "status"))
    monkeypatch.setattr(dpkg, "UPDATES", str(tmp_path / "updates"))
    monkeypatch.setattr(apt, "LISTS", str(tmp_path / "lists"))
    monkeypatch.setattr(locks, "LOCKS", (str(tmp_path / "lock"),))
    monkeypatch.setattr(locks.time, "sleep", lambda _: None)
    return tmp_path


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process holds the lock, as apt does."""
    code = (
        "import fcntl, sys; file = open(sys.argv[1], 'w'); fcntl.lockf(file, fcntl.LOCK_EX);"
        "print('held', flush=True); sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout and process.stdout.readline() == "held\n"
    try:
        yield process.pid
    finally:
        process.communicate()


def test_what_is_installed_whole_is_known_from_dpkgs_own_file() -> None:
    asked = ["tmux", "tmux-plugin", "tmu", "libpython3.11-stdlib", "libpython3.11", "python3x11"]
    assert dpkg.installed(asked) == {"tmux": "3.4-1ubuntu0.1", "libpython3.11": "3.11.2-6"}
    assert sorted(dpkg.of_family(r"(?:lib)?python3\.11(?:-[\w.+-]+)?")) == ["libpython3.11", "python3.11"]


def test_a_package_is_there_when_another_stands_for_it() -> None:
    assert packages.missing({"names": ["tmux", "editor", "vi"]}) == ""
    assert packages.missing({"names": ["tmux", "edit", "htop"]}) == "edit, htop not installed"


@pytest.mark.parametrize("name", ["tmux; reboot", "Tmux", "--purge", "tmux=1", "a"])
def test_a_name_that_is_none_is_refused_before_apt_sees_it(name: str) -> None:
    machine = Machine()
    with pytest.raises(SeatError, match="no name of an Ubuntu package"):
        packages.ensure(machine, {"names": ["tmux", name]})
    assert machine.asked == []


def test_what_is_missing_is_installed_in_one_go(seat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "wait_for_boot", lambda _: None)

    def run(words: list[str], **_: Any) -> tuple[int, str, str]:
        assert words[-3:] == ["install", "htop", "tree"]
        (seat / "status").write_text(
            STATUS + "".join(f"\nPackage: {name}\nStatus: install ok installed\nVersion: 1\n" for name in words[-2:])
        )
        return 0, "", ""

    assert packages.ensure(run, {"names": ["tmux", "htop", "tree"]}) == ["htop", "tree"]
    assert packages.ensure(run, {"names": ["tmux", "htop", "tree"]}) == []


def test_what_apt_says_it_installed_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "wait_for_boot", lambda _: None)
    with pytest.raises(SeatError, match="installed htop, but dpkg does not know"):
        packages.ensure(Machine(), {"names": ["htop"]})


def test_the_holder_of_a_lock_is_named(seat: Path) -> None:
    assert locks.holder(str(seat / "lock")) == ""
    with held(seat / "lock") as process:
        assert locks.holder(str(seat / "lock")).startswith(f"process {process} ({sys.executable} -c import fcntl")
        with pytest.raises(SeatError, match=rf"apt's lock .*/lock has been held for 0 s by process {process} "):
            apt.apt_get(Machine(), ["update"], patience=0)
    with (seat / "lock").open("w") as mine:
        fcntl.lockf(mine, fcntl.LOCK_EX)  # our own lock is nobody else's
        assert locks.holder(str(seat / "lock")) == ""


def test_a_lock_that_is_let_go_is_waited_for(seat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with held(seat / "lock") as process:
        waited = []

        def pause(_: float) -> None:
            waited.append(1)
            if len(waited) == 3:
                monkeypatch.setattr(locks, "LOCKS", ())

        monkeypatch.setattr(locks.time, "sleep", pause)
        machine = Machine()
        apt.apt_get(machine, ["update"], patience=60)
        assert process
    assert len(waited) == 3
    assert machine.verbs == ["update"]


def test_somebody_who_is_quicker_at_the_lock_is_waited_for() -> None:
    machine = Machine((100, HELD), (100, HELD))
    apt.apt_get(machine, ["update"], patience=60)
    assert machine.verbs == ["update"] * 3
    with pytest.raises(SeatError, match=r"lock was held all the time: .*process 7 \(apt-get\)"):
        apt.apt_get(Machine((100, HELD)), ["update"], patience=0)


def test_an_interrupted_installation_is_finished_first(seat: Path) -> None:
    (seat / "updates" / "tmp.i").touch()
    machine = Machine()
    apt.apt_get(machine, ["install", "tmux"], patience=1)
    assert machine.verbs == ["install"]
    (seat / "updates" / "0001").touch()
    machine = Machine()
    apt.apt_get(machine, ["install", "tmux"], patience=1)
    assert machine.verbs == ["--configure", "install"]


def test_what_was_left_half_done_is_mended_once() -> None:
    broken = (100, "E: Unmet dependencies. Try 'apt --fix-broken install' with no packages\n")
    machine = Machine(broken)
    apt.apt_get(machine, ["install", "tmux"], patience=1)
    assert machine.verbs == ["install", "--configure", "install", "install"]
    assert "--fix-broken" in machine.asked[2]
    with pytest.raises(SeatError, match="apt failed: Unmet dependencies"):
        apt.apt_get(Machine(broken, (0, ""), (0, ""), broken), ["install", "tmux"], patience=1)


def test_a_dpkg_that_cannot_finish_says_so(seat: Path) -> None:
    (seat / "updates" / "0001").touch()
    with pytest.raises(SeatError, match="cannot finish it: dpkg: error processing package x"):
        apt.apt_get(Machine((1, "dpkg: error processing package x (--configure):\n it broke\n")), ["update"], 1)


def test_lists_are_fetched_where_ubuntus_are_missing(seat: Path) -> None:
    machine = Machine()
    apt.install(machine, ["tmux"], 1)
    assert machine.verbs == ["install"]
    for file in (seat / "lists").iterdir():
        file.write_text("Origin: LP-PPA-deadsnakes\nLabel: Ubuntu\n")
    machine = Machine()
    apt.install(machine, ["tmux"], 1)
    assert machine.verbs == ["update", "install"]


@pytest.mark.skipif(shutil.which("apt-get") is None, reason="needs apt-get")
@pytest.mark.parametrize("there", [[".gz", ".xz"], [".xz"]])
def test_lists_are_fetched_as_what_is_unpacked_sooner(
    seat: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str]
) -> None:
    """The real apt is asked, and the source says which of its files were wanted."""
    dist = tmp_path / "source" / "dists" / "noble"
    folder = dist / "main" / "binary-all"
    folder.mkdir(parents=True)
    entry = b"Package: hello\nVersion: 1\nArchitecture: all\nFilename: hello.deb\nSize: 1\n"
    packed = {"": entry, ".gz": gzip.compress(entry), ".xz": lzma.compress(entry)}
    release = ["Suite: noble", "Architectures: all", "Components: main", "SHA256:"]
    for kind in ("", *there):
        file = folder / f"Packages{kind}"
        release.append(f" {hashlib.sha256(packed[kind]).hexdigest()} {len(packed[kind])} {file.relative_to(dist)}")
        if kind:
            file.write_bytes(packed[kind])
    (dist / "Release").write_text("\n".join([*release, ""]))
    files = standin.application(tmp_path / "source")
    asked: list[str] = []

    def serve(environ: dict[str, Any], start_response: Any) -> Any:
        asked.append(environ["PATH_INFO"])
        return files(environ, start_response)

    def run(words: list[str], environ_update: dict[str, str]) -> tuple[int, str, str]:
        done = subprocess.run(words, env=os.environ | environ_update, capture_output=True, text=True)
        return done.returncode, done.stdout, done.stderr

    with serving(serve) as address:
        lists = lone_apt(tmp_path / "apt", f"{address} noble main", monkeypatch)
        apt.update(run, 1)
    assert [Path(path).name for path in asked if "Packages" in path] == [f"Packages{there[0]}"]
    [file] = lists.glob("*_Packages")
    assert file.read_bytes() == entry


def test_lists_that_are_out_of_date_are_fetched_once() -> None:
    gone = (100, "E: Failed to fetch http://a/x.deb  404  Not Found [IP: 1.2.3.4 80]\n")
    machine = Machine(gone)
    apt.install(machine, ["tmux"], 1)
    assert machine.verbs == ["install", "update", "install"]
    with pytest.raises(SeatError, match=r"http://a/x\.deb cannot be had: 404  Not Found"):
        apt.install(Machine(gone, (0, ""), gone), ["tmux"], 1)


def test_apt_is_never_asked_a_question() -> None:
    seen: dict[str, str] = {}

    def run(_: list[str], environ_update: dict[str, str]) -> tuple[int, str, str]:
        seen.update(environ_update)
        return 0, "", ""

    apt.install(run, ["tmux"], 1)
    assert (seen["DEBIAN_FRONTEND"], seen["NEEDRESTART_SUSPEND"]) == ("noninteractive", "1")


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("E: Unable to locate package tmuxx", "Ubuntu has no package called tmuxx: is the name right?"),
        ("E: Package 'vi' has no installation candidate", "Ubuntu has no package called vi: is the name right?"),
        ("E: You don't have enough free space in /var/cache/apt/archives/.", "too little room: set a larger lab_vol"),
        (
            "E: Conflicting values set for option Signed-By regarding source http://p/ noble: a != b\nE: The list",
            "Conflicting values set for option Signed-By regarding source http://p/ noble: a != b. Two files",
        ),
        ("Reading...\nE: First.\nE: Second", "apt failed: First"),
        ("", "apt failed: it said nothing"),
    ],
)
def test_what_apt_says_in_words(said: str, sentence: str) -> None:
    assert sentence in apt.explain(said)


def test_the_first_boot_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = locks.os.path.exists
    finished = tmp_path / "result.json"
    monkeypatch.setattr(locks.os.path, "exists", lambda path: path == "/usr/bin/cloud-init" or real(path))
    monkeypatch.setattr(locks, "FINISHED", str(finished))
    monkeypatch.setattr(locks, "UNUSED", (str(tmp_path / "disabled"),))
    with pytest.raises(SeatError, match="cloud-init has not finished its first boot within 0 s; does lab_user_data"):
        locks.wait_for_boot(0)
    monkeypatch.setattr(locks.time, "sleep", lambda _: finished.touch())
    began = time.monotonic()
    locks.wait_for_boot(60)
    finished.unlink()
    (tmp_path / "disabled").touch()
    locks.wait_for_boot(60)
    assert time.monotonic() - began < 5


def test_which_source_has_which_version() -> None:
    assert policy.parse(POLICY) == {
        "python3.11": {
            "3.11.2-6": ["http://10.0.0.1:8311"],
            "3.11.0~rc1-1~22.04": ["http://archive.ubuntu.com/ubuntu", "/var/lib/dpkg/status"],
        },
        "python3.12": {"3.12.1": ["http://archive.ubuntu.com/ubuntu"]},
    }

    def run(words: list[str], **_: Any) -> tuple[int, str, str]:
        return 0, "python3.12\npython3.11\npython3.11-dev\n" if "pkgnames" in words else POLICY, ""

    assert policy.offered(run, ["python3.11"], "http://10.0.0.1:8311") == {"python3.11": "3.11.2-6"}
    assert policy.pythons(run, "http://10.0.0.1:8311") == ["3.11"]
    assert policy.pythons(run, "http://archive.ubuntu.com/ubuntu") == ["3.11", "3.12"]
