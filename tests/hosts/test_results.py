"""What students have made is brought here and kept, whatever happens to their seats. The tests go through one day."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_hosts import Lab, until
from school import School, in_session

from classlab.command.clouds import program


@pytest.fixture(scope="module")
def school(lab: Lab) -> Iterator[School]:
    with in_session(lab.cloud, lab_results=["plots", "out/tables"], lab_spares=1) as school:
        yield school


def results(school: School, student: str) -> Path:
    return school.folder / "results" / student


def kept(folder: Path) -> dict[str, str]:
    """Path -> content, of all files in it."""
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


def test_before_anybody_has_worked_there_is_nothing_to_collect(school: School) -> None:
    assert "Nothing new. All results are in" in school.make("collect")


def test_result_folders_and_runs_come_here(school: School) -> None:
    school.ssh("ada", "cd lesson && mkdir -p 'plots/a b' out/tables && echo one >'plots/a b/it'\\''s.txt'")
    school.ssh("ada", "cd lesson && echo x >notes.txt && ln -s /etc plots/etc && ln -s /etc/hostname plots/host")
    school.make("run", SCRIPT="echo table >out/tables/t.csv; echo said", STUDENT="ada")
    document = json.loads(school.ask("collect", FORMAT="json"))
    of_ada, of_ben = document["seats"]
    # Not of the spare seat, which nobody works on.
    assert (of_ada["student"], of_ada["links"], of_ada["why"]) == ("ada", 2, "")
    assert (of_ben["student"], of_ben["files"]) == ("ben", 0)
    found = kept(results(school, "ada"))
    runs = {name: content for name, content in found.items() if name.startswith("runs/")}
    assert found.items() - runs.items() == {("plots/a b/it's.txt", "one\n"), ("out/tables/t.csv", "table\n")}
    assert of_ada["files"] == len(found)
    assert next(content for name, content in runs.items() if name.endswith("/log")) == "said\n"
    assert next(content for name, content in runs.items() if name.endswith("/ended")).startswith("0 ")
    # They are the teacher's alone, and none of them can be run here by mistake.
    assert {each.stat().st_mode & 0o777 for each in results(school, "ada").rglob("*") if each.is_file()} == {0o600}
    assert "Nothing new." in school.make("collect")


def test_what_a_newer_file_replaces_and_what_is_gone_on_the_seat_stays_here(school: School) -> None:
    school.ssh("ada", "cd lesson && echo another >'plots/a b/it'\\''s.txt' && rm out/tables/t.csv")
    assert "1 replaced, the earlier ones are kept" in school.make("collect", STUDENT="ada")
    found = kept(results(school, "ada"))
    assert found["plots/a b/it's.txt"] == "another\n"
    assert found["out/tables/t.csv"] == "table\n"
    assert [content for name, content in found.items() if name.startswith("earlier/")] == ["one\n"]


def test_a_collection_that_is_killed_goes_on(school: School) -> None:
    school.ssh("ben", "mkdir -p lesson/plots && truncate -s 500M lesson/plots/large && echo small >lesson/plots/small")
    coming = school.folder / "results" / ".coming-ben"
    with subprocess.Popen(
        [program("classlab"), "collect"],
        env=school.environment,
        cwd=school.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        until(lambda: coming.exists() and any(each.stat().st_size for each in coming.iterdir()), 60)
        os.killpg(running.pid, signal.SIGKILL)
    assert not (results(school, "ben") / "plots" / "large").exists()
    school.make("collect")
    large = results(school, "ben") / "plots" / "large"
    assert large.stat().st_size == 500 * 2**20
    assert not coming.exists()
    large.unlink()
    school.ssh("ben", "rm lesson/plots/large")


def test_no_room_is_said_and_nothing_is_lost(school: School) -> None:
    if os.geteuid():
        pytest.skip("a small disk can be had by root alone")
    school.ssh("ben", "truncate -s 3M lesson/plots/too-large")
    folder = results(school, "ben")
    before = kept(folder)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "small", folder], check=True)
    try:
        said = school.make("collect", fails=True)
        assert "There is no room left for ben's results" in said
        assert "make some, then `make collect CLASS=cs STUDENT=ben`." in said
        assert kept(folder)["plots/small"] == "small\n"
    finally:
        subprocess.run(["umount", folder], check=True)
    assert kept(folder) == before
    school.ssh("ben", "rm lesson/plots/too-large")


def test_what_cannot_be_read_is_named_and_the_rest_comes(school: School) -> None:
    school.ssh("ben", "cd lesson/plots && echo x >other && echo x >closed && chmod 000 closed")
    said = school.make("collect", fails=True, STUDENT="ben")
    assert "Not all of ben's results could be read, the others are here." in said
    assert kept(results(school, "ben"))["plots/other"] == "x\n"
    school.ssh("ben", "rm -f lesson/plots/closed")


def test_a_results_folder_outside_of_the_project_is_refused(school: School) -> None:
    school.roster("ada", "ben", lab_results=["../../etc"])
    said = school.make("collect", fails=True)
    assert "lab_results has '../../etc', which lies outside of the project" in said
    school.roster("ada", "ben", lab_results=["plots", "out/tables"], lab_spares=1)


def test_a_lab_is_not_removed_while_results_are_not_here(school: School) -> None:
    before = school.seats()
    school.ssh("ben", "echo new >lesson/plots/new")
    said = school.make("down", fails=True)
    assert "Not collected yet: ben (1 file)." in said
    assert "`make collect CLASS=cs` brings results here" in said
    assert school.seats() == before
    school.make("collect")
    school.make("stop", STUDENT="ben")
    said = school.make("down", fails=True)
    assert "Whether all is collected cannot be seen: ben's seat is stopped: `make start CLASS=cs STUDENT=ben`" in said
    assert school.seats() == before


def test_without_a_way_in_a_lab_can_still_be_removed(school: School) -> None:
    with school.in_the_books() as books:
        (books.folder / "known_hosts").unlink()
        books.make("down")
        assert books.left() == []
        assert kept(results(books, "ben"))["plots/new"] == "new\n"


def test_force_removes_what_was_not_collected(school: School) -> None:
    with school.in_the_books() as books:
        books.make("down", FORCE="yes")
        assert books.left() == []
        assert "The lab cs has no seats: `make up CLASS=cs` brings it up." in books.make("collect", fails=True)


def test_a_spare_seat_becomes_a_students(school: School) -> None:
    school.make("start")
    before = school.seats()
    school.ssh("ada", "echo last >lesson/plots/last && echo broken >lesson/main.py")
    said = school.make("reset", STUDENT="ada")
    assert "1 seat ended: ada." in said
    assert "ada has the spare seat spare-1" in said
    assert kept(results(school, "ada"))["plots/last"] == "last\n"
    after = school.seats()
    assert after == {"ada": before["spare-1"], "ben": before["ben"]}
    # It is hers: by name, with the class's project, and with her key alone.
    assert "sys.version" in school.ssh("ada", "cat lesson/main.py")
    key = (school.folder / "keys" / "ada.pem.pub").read_text().split()[1]
    keys = school.ssh("ada", "cat .ssh/authorized_keys")
    assert key in keys
    assert (school.folder / "keys" / "spare-1.pem.pub").read_text().split()[1] not in keys


def test_a_seat_whose_results_cannot_be_had_is_not_reset(school: School) -> None:
    before = school.seats()
    school.make("stop", STUDENT="ben")
    said = school.make("reset", fails=True, STUDENT="ben")
    assert "ben's seat is stopped: `make start CLASS=cs STUDENT=ben` wakes it." in said
    assert "Nothing was changed. Without their results: `make reset CLASS=cs STUDENT=ben FORCE=yes`." in said
    assert school.seats() == before


def test_without_a_spare_seat_a_new_one_is_launched(school: School) -> None:
    before = school.seats()
    school.make("reset", STUDENT="ben", FORCE="yes")
    after = school.seats()
    assert sorted(after) == ["ada", "ben"]
    assert after["ada"] == before["ada"]
    assert after["ben"] != before["ben"]
    assert "sys.version" in school.ssh("ben", "cat lesson/main.py")
    # Results that came from seats before are all still here.
    assert kept(results(school, "ben"))["plots/small"] == "small\n"
