"""Hand-outs: what is in a student's folder and zip, what is not, and what ssh and an HTML parser make of it."""

import html
import io
import re
import stat
import subprocess
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
import yaml

from classlab import clock
from classlab.cards import handout
from classlab.cards.handout import Handout, files, zipped
from classlab.cards.make import OURS, Lesson, Made, make_cards
from classlab.cards.page import commands, page
from classlab.cloud import seats
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.roster import Student
from classlab.trust import keys
from classlab.trust.pins import Pin, Pins
from classlab.trust.sshconfig import Seat

HOST_KEY = "AAAAC3NzaC1lZDI1NTE5AAAAIJ1vnTgIm8mQH0XHnQXv1oT2sEw4n4GLpV4lGkYk3Zgx"
END = datetime(2026, 11, 20, 18, tzinfo=UTC)
ADA = Handout("cs", Seat("ada", "i-0a", "203.0.113.7"), HOST_KEY, "ada's key\n", ends_at=END)
PORT = Handout("cs", Seat("ben", "i-0b", "127.0.0.1", 32768), HOST_KEY, "", notebook_port=8888)
LESSON = Lesson("cs", "cs")


class Read(HTMLParser):
    """Tags with their attributes, and the text that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.shown = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.shown += data


def asked(folder: Path, config: str, host: str) -> dict[str, str]:
    done = subprocess.run(["ssh", "-G", "-F", config, host], cwd=folder, capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize("name", ["seat", "cs-ben"])
def test_ssh_finds_the_seat_and_asks_for_its_own_key(tmp_path: Path, name: str) -> None:
    for file, (text, _) in files(PORT, "").items():
        (tmp_path / file).write_text(text)
    told = asked(tmp_path, "ssh_config", name)
    assert (told["user"], told["hostname"], told["port"], told["hostkeyalias"]) == (
        "ubuntu",
        "127.0.0.1",
        "32768",
        "i-0b",
    )
    assert (told["stricthostkeychecking"], told["userknownhostsfile"]) == ("true", "known_hosts")
    # The key that this student has given is their own, wherever they keep it.
    assert told["identitiesonly"] == "no"
    known = ["ssh-keygen", "-F", "i-0b", "-f", str(tmp_path / "known_hosts")]
    assert HOST_KEY in subprocess.run(known, capture_output=True, text=True, check=True).stdout


def test_where_it_is_copied_to_for_vscode_it_works_from_any_folder(tmp_path: Path) -> None:
    (tmp_path / "vscode_config").write_text(files(ADA, "")["vscode_config"][0])
    told = asked(tmp_path, "vscode_config", "cs-ada")
    assert told["identityfile"] == "~/.ssh/cs-ada/key.pem"
    assert told["userknownhostsfile"].endswith("/.ssh/cs-ada/known_hosts")
    assert told["identitiesonly"] == "yes"
    # `seat` would be one lab's alone; this file is one of several.
    assert asked(tmp_path, "vscode_config", "seat")["hostname"] == "seat"


def test_the_zip_has_the_key_for_nobody_but_its_owner() -> None:
    archive = zipfile.ZipFile(io.BytesIO(zipped(files(ADA, "the card"))))
    modes = {each.filename: each.external_attr >> 16 for each in archive.infolist()}
    assert modes.pop("key.pem") == stat.S_IFREG | 0o400
    assert set(modes.values()) == {stat.S_IFREG | 0o600}
    assert {each.create_system for each in archive.infolist()} == {3}
    assert archive.read("key.pem") == b"ada's key\n"
    assert archive.read("card.html") == b"the card"
    assert zipped(files(ADA, "the card")) == zipped(files(ADA, "the card"))


def test_a_card_shows_what_a_student_needs() -> None:
    shown = Read(page("cards", [ADA])).shown
    for each in ("cs-ada", "203.0.113.7", clock.on_paper(END), "ssh -F ssh_config seat", ADA.fingerprint):
        assert each in shown
    assert "port 22" not in shown
    assert "jupyter" not in shown
    assert "icacls key.pem" in shown
    shown = Read(page("cards", [PORT])).shown
    assert "port 32768" in shown and "icacls" not in shown
    assert "ssh -F ssh_config -N -L 8888:localhost:8888 seat" in shown


def test_a_card_needs_nothing_from_elsewhere_and_runs_nothing() -> None:
    read = Read(page("cards", [ADA, PORT]))
    assert {tag for tag, _ in read.tags} & {"script", "link", "img", "iframe", "object", "a"} == set()
    assert [attrs for _, attrs in read.tags if {"src", "href", "onload", "onclick"} & set(attrs)] == []
    assert "url(" not in page("cards", [ADA]) and "@import" not in page("cards", [ADA])


@pytest.mark.parametrize("name", ["<script>alert(1)</script> & Co", "محمد عبد الرحمن", "王小明", "Αλεξάνδρα"])
def test_a_name_is_shown_as_it_is_written(name: str) -> None:
    text = page("cards", [Handout("cs", ADA.seat, HOST_KEY, full_name=name)])
    assert f"<bdi>{html.escape(name, quote=False)}</bdi>" in text
    assert name in Read(text).shown
    assert "script" not in {tag for tag, _ in Read(text).tags}


def test_folders_with_blanks_are_typed_in_quotes() -> None:
    typed = commands(Handout("cs", ADA.seat, HOST_KEY, place="my project", results="my project/out put"))
    assert typed["scp_to"] == "scp -F ssh_config notes.txt 'seat:my project'"
    assert typed["rclone_from"] == "rclone --config rclone.conf copy 'seat:my project/out put' 'out put'"


def test_the_end_is_told_in_the_teachers_zone_and_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    for zone, told in (
        ("UTC", "Friday 20 November 2026, 18:00 UTC"),
        ("Europe/Berlin", "Friday 20 November 2026, 19:00 CET (18:00 UTC)"),
        ("Asia/Tokyo", "Saturday 21 November 2026, 03:00 JST (Friday 18:00 UTC)"),
    ):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert clock.on_paper(END) == told
    monkeypatch.delenv("TZ")
    time.tzset()


# The hand-outs of a lab


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    """With the keys of a teacher and of two students, whose seats are trusted."""
    folder = LabFolder(tmp_path / ".lab" / "cs")
    keys.ensure_all(folder, "cs", keys.ED25519, ["ada", "ben"])
    pins = Pins(folder)
    pins.set(Seat("ada", "i-ada", ""), Pin(HOST_KEY))
    pins.set(Seat("ben", "i-ben", ""), Pin(HOST_KEY))
    return folder


def seat(student: str, state: str = "running", address: str = "203.0.113.7") -> seats.Seat:
    return seats.Seat(f"i-{student}", student, state, address, "", {"EndsAt": "2026-11-20T18:00:00Z"})


def made(folder: LabFolder, *found: seats.Seat, only: Sequence[str] = (), students: str = "ada ben") -> Made:
    return make_cards(folder, LESSON, [Student(each) for each in students.split()], only, found, "")


def there(folder: LabFolder) -> list[str]:
    return sorted(each.name for each in folder.cards.iterdir())


def test_each_has_a_folder_and_a_zip_and_all_have_a_page(folder: LabFolder) -> None:
    done = made(folder, seat("ada"), seat("ben"))
    assert there(folder) == ["all.html", "cs-ada", "cs-ada.zip", "cs-ben", "cs-ben.zip"]
    assert (done.refused, done.changed, list(done.places)) == ({}, True, ["ada", "ben"])
    key = folder.cards / "cs-ada" / "key.pem"
    assert key.stat().st_mode & 0o777 == 0o400
    assert folder.cards.stat().st_mode & 0o777 == 0o700
    assert {each.stat().st_mode & 0o077 for each in folder.cards.rglob("*")} == {0}
    assert (folder.cards / "all.html").read_text().count("<article") == 2
    assert not made(folder, seat("ada"), seat("ben")).changed


def test_nobody_is_handed_anothers_secret_nor_the_teachers(folder: LabFolder) -> None:
    made(folder, seat("ada"), seat("ben"))
    secrets = {who: folder.student_key(who).read_bytes() for who in ("ada", "ben")}
    secrets["teacher"] = folder.teacher_key.read_bytes()
    lines = {line: who for who, text in secrets.items() for line in text.splitlines() if not line.startswith(b"--")}
    for who in ("ada", "ben"):
        archive = zipfile.ZipFile(folder.cards / f"cs-{who}.zip")
        given = [(each, archive.read(each)) for each in archive.namelist()]
        given += [(each.name, each.read_bytes()) for each in (folder.cards / f"cs-{who}").iterdir()]
        # Of the lines of all keys that are no key's own: the format's first ones are the same for everybody.
        common = {line for line in lines if sum(line in text for text in secrets.values()) > 1}
        found = {lines[line] for _, text in given for line in lines if line in text and line not in common}
        assert found == {who}
        other = {"ada": b"ben", "ben": b"ada"}[who]
        assert not [
            name
            for name, text in given
            if name != "key.pem" and (other in text or (b"teacher" in text and name != "card.html"))
        ]
    assert not [line for line in lines if line in (folder.cards / "all.html").read_bytes()]


def test_who_can_have_none_is_named_and_what_they_had_goes(folder: LabFolder) -> None:
    made(folder, seat("ada"), seat("ben"))
    done = made(folder, seat("ada", address="203.0.113.9"), seat("ben", "stopped", ""), students="ada ben zoe")
    assert done.refused == {
        "ben": "The seat is stopped, and will have another address: `make start CLASS=cs STUDENT=ben` wakes it.",
        "zoe": "There is no seat: `make up CLASS=cs STUDENT=zoe` makes one.",
    }
    assert there(folder) == ["all.html", "cs-ada", "cs-ada.zip"]
    # The others' follow their seats.
    assert "203.0.113.9" in (folder.cards / "cs-ada" / "ssh_config").read_text()
    assert "203.0.113.7" not in (folder.cards / "all.html").read_text()


def test_one_alone_leaves_the_others_in_place(folder: LabFolder) -> None:
    made(folder, seat("ada"), seat("ben"))
    before = (folder.cards / "cs-ben.zip").stat().st_mtime_ns
    done = made(folder, seat("ada"), seat("ben"), only=["ada"], students="ada ben zoe")
    assert (list(done.places), done.refused) == (["ada"], {})
    assert (folder.cards / "cs-ben.zip").stat().st_mtime_ns == before
    assert (folder.cards / "all.html").read_text().count("<article") == 2


def test_what_a_teacher_has_put_beside_stays(folder: LabFolder) -> None:
    made(folder, seat("ada"), seat("ben"))
    (folder.cards / "cs-ben" / "note.txt").write_text("sent on Monday")
    made(folder, seat("ada"))
    assert [each.name for each in (folder.cards / "cs-ben").iterdir()] == ["note.txt"]
    assert "cs-ben.zip" not in there(folder)


@pytest.mark.parametrize(
    ("pins", "problem"),
    [
        ([], "host key is not pinned yet"),
        ([Pin(HOST_KEY, one_use=True)], "host key is not pinned yet"),
        ([Pin(HOST_KEY, one_use=True), Pin(HOST_KEY)], "host key is not pinned yet"),
    ],
)
def test_a_seat_that_was_never_met_has_no_card(folder: LabFolder, pins: list[Pin], problem: str) -> None:
    Pins(folder).set(Seat("ben", "i-ben", ""), *pins)
    assert problem in made(folder, seat("ada"), seat("ben")).refused["ben"]


def test_a_seat_that_nobody_enters_has_a_card_with_the_key_it_was_born_with(folder: LabFolder) -> None:
    Pins(folder).set(Seat("ben", "i-ben", ""), Pin(HOST_KEY, one_use=True))
    one = seat("ben")
    ready = replace(one, tags={**one.tags, "Ready": "2026-11-21T08:00:00Z"})
    assert made(folder, seat("ada"), ready).refused == {}
    assert HOST_KEY in (folder.cards / "cs-ben" / "known_hosts").read_text()


def test_a_lost_key_a_second_seat_and_one_that_boots(folder: LabFolder) -> None:
    folder.student_key("ben").unlink()
    assert (
        "keys/ben.pem is not there: put it back, or `make up" in made(folder, seat("ben"), seat("ada")).refused["ben"]
    )
    assert "There are 2 seats" in made(folder, seat("ben"), seat("ben"), seat("ada")).refused["ben"]
    assert "wait a minute" in made(folder, seat("ben", "pending"), seat("ada")).refused["ben"]


def test_a_student_with_a_key_of_their_own_is_given_none(folder: LabFolder) -> None:
    made(folder, seat("ada"), seat("ben"))
    make_cards(folder, LESSON, [Student("ada"), Student("ben", ssh_key="ssh-ed25519 A")], [], [seat("ben")], "")
    assert "key.pem" not in {each.name for each in (folder.cards / "cs-ben").iterdir()}
    assert "key.pem" not in zipfile.ZipFile(folder.cards / "cs-ben.zip").namelist()
    assert "IdentityFile" not in (folder.cards / "cs-ben" / "ssh_config").read_text()
    assert "key_file" not in (folder.cards / "cs-ben" / "rclone.conf").read_text()


def test_a_lab_without_seats(folder: LabFolder) -> None:
    with pytest.raises(ClasslabError, match="has no seats: `make up CLASS=cs` brings it up"):
        made(folder, seat("ada", "terminated", ""))
    assert not folder.cards.exists()


def test_every_file_that_is_written_is_known_as_ours_and_told_of() -> None:
    told = set(re.findall(r"^ *([a-z_]+(?:\.\w+)?)  ", str(handout.__doc__), re.MULTILINE))
    assert set(files(ADA, "")) == set(OURS) == told


def test_the_card_tells_of_the_port_at_which_the_role_has_it_listen() -> None:
    root = Path(__file__).parents[2]
    role = yaml.safe_load((root / "roles" / "jupyter" / "defaults" / "main.yml").read_text())
    [told] = re.findall(r"^PORT = (\d+)$", (root / "plugins" / "modules" / "lab_cards.py").read_text(), re.MULTILINE)
    assert role["jupyter_port"] == int(told)
