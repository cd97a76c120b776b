"""What `classlab VERB` refuses before it asks or starts anything: one sentence, with the mend."""

import json
import os
import pty
import subprocess
from pathlib import Path

import pytest
from class_room import ClassRoom

from classlab.command.cli import VERBS
from classlab.command.clouds import program


@pytest.fixture
def room(tmp_path: Path) -> ClassRoom:
    room = ClassRoom(tmp_path, {})
    room.make()
    return room


def refused(room: ClassRoom, *words: str, **variables: str) -> str:
    """The one line that it says; and nothing was begun."""
    done = room.run(*words, **variables)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert not (room.root / ".lab" / "demo" / "cloud").exists()
    return line.removeprefix("classlab: ")


def test_a_missing_class_file_names_those_that_exist_and_the_nearest(room: ClassRoom) -> None:
    room.write("cs101", "lab_name: cs101\n")
    assert refused(room, "up", CLASS="cs102") == (
        "There is no class file classes/cs102.yml; those that exist: cs101, demo. Did you mean cs101? "
        "A new one begins as a copy of classes/demo.yml."
    )


@pytest.mark.parametrize("name", ["cs101", "cs101.yml", "classes/cs101.yml", "./classes/cs101.yml"])
def test_a_class_file_is_found_by_name_or_path(room: ClassRoom, name: str) -> None:
    room.write("cs101", "lab_name: Found It\n")
    assert refused(room, "up", CLASS=name).startswith("classes/cs101.yml: lab_name 'Found It' has")


@pytest.mark.parametrize("name", ["../demo", "/etc/passwd", "a/b", ".hidden", ".."])
def test_a_class_file_elsewhere_is_refused(room: ClassRoom, name: str) -> None:
    assert "is no name of a class: class files are in classes/; those that exist: demo." in refused(
        room, "up", CLASS=name
    )


@pytest.mark.parametrize(
    "value", ["", '""', "null", "Demo", "-demo", "demo-", "1demo", "a" * 33, "101", "[a]", "{{ x }}"]
)
def test_an_empty_or_illegal_lab_name_is_refused_before_anything(room: ClassRoom, value: str) -> None:
    room.write("demo", f"lab_name: {value}\nlab_students: [ada]\n")
    assert "lab_name" in refused(room, "down")


def test_a_lab_name_of_32_letters_is_taken(room: ClassRoom) -> None:
    room.write("demo", f"lab_name: {'a' * 32}\nlab_cloud: elsewhere\n")
    assert "lab_cloud: elsewhere is no cloud" in refused(room, "up")


def test_an_unknown_cloud_is_refused(room: ClassRoom) -> None:
    assert refused(room, "up", CLOUD="asw") == "CLOUD=asw is no cloud: it is localcloud or aws. Did you mean aws?"


@pytest.mark.parametrize(
    ("verb", "variables", "told"),
    [
        (
            "down",
            {"CLAS": "cs101"},
            "make down takes no CLAS: it takes CLASS, CLOUD, VERBOSE, FORMAT, YES, FORCE, KEEP_IMAGE. "
            "Did you mean CLASS?",
        ),
        (
            "down",
            {"PRUNE": "yes"},
            "make down takes no PRUNE: it takes CLASS, CLOUD, VERBOSE, FORMAT, YES, FORCE, KEEP_IMAGE.",
        ),
        ("up", {"class": "demo"}, "Did you mean CLASS?"),
        ("up", {"PRUNE": "maybe"}, "PRUNE=maybe is neither yes nor no: write PRUNE=yes, or leave it away."),
        ("up", {"SSH": "maybe"}, "SSH=maybe is neither yes nor no: write SSH=no, or leave it away."),
        ("up", {"YES": "y"}, "YES=y is neither yes nor no"),
        ("up", {"FORCE": "2"}, "FORCE=2 is neither yes nor no"),
        ("up", {"VERBOSE": "very"}, "VERBOSE=very is neither yes nor no"),
        ("extend", {}, "make extend needs HOURS: for example, make extend HOURS=2."),
        ("extend", {"HOURS": "two"}, "HOURS=two is no number of hours: write, for example, HOURS=2."),
        ("extend", {"HOURS": "0"}, "HOURS=0 is no number"),
        ("extend", {"HOURS": "-1"}, "HOURS=-1 is no number"),
        ("extend", {"HOURS": "nan"}, "HOURS=nan is no number"),
        ("extend", {"HOURS": "inf"}, "HOURS=inf is no number"),
        ("allow", {"CIDR": "1.2.3.4/24"}, "CIDR=1.2.3.4/24 is no range of IPv4 addresses: write CIDR=1.2.3.0/24."),
        (
            "allow",
            {"CIDR": "home"},
            "CIDR=home is no range of IPv4 addresses: write, for example, CIDR=203.0.113.7/32.",
        ),
        (
            "up",
            {"STUDENT": "adda"},
            "STUDENT=adda is not on the roster of demo. Did you mean ada? There are ada, grace.",
        ),
        ("up", {"STUDENT": "ada,linus"}, "STUDENT=linus is not on the roster of demo. There are ada, grace."),
        ("status", {"STUDENT": "x*"}, "STUDENT=x* is not on the roster of demo. There are ada, grace."),
        ("status", {"FORMAT": "csv"}, "FORMAT=csv is none: it is text or json."),
        ("audit", {"CLOUD": "aws", "FORMAT": "cvs"}, "FORMAT=cvs is none: it is text, json or csv. Did you mean csv?"),
        ("audit", {}, "make audit needs CLOUD: for example, make audit CLOUD=aws."),
        ("audit", {"CLOUD": "asw"}, "CLOUD=asw is no cloud: it is localcloud or aws. Did you mean aws?"),
        ("audit", {"CLOUD": "aws", "CLASS": "demo"}, "make audit takes no CLASS: it takes CLOUD, VERBOSE, FORMAT."),
        ("status", {"FORMAT": "jsn"}, "FORMAT=jsn is none: it is text or json. Did you mean json?"),
    ],
)
def test_a_variable_of_make_that_means_nothing_is_refused(
    room: ClassRoom, verb: str, variables: dict[str, str], told: str
) -> None:
    assert told in refused(room, verb, **variables)


def test_a_mistake_is_told_to_a_program_as_well(room: ClassRoom) -> None:
    done = room.run("status", FORMAT="json", STUDENT="adda")
    assert json.loads(done.stdout) == {
        "ok": False,
        "error": "STUDENT=adda is not on the roster of demo. Did you mean ada? There are ada, grace.",
    }
    assert "Did you mean ada?" in done.stderr
    assert done.returncode == 2


def test_a_program_on_a_terminal_is_not_asked_and_nothing_is_removed_unasked(room: ClassRoom) -> None:
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [program("classlab"), "down"],
        env=room.environment(FORMAT="json"),
        cwd=room.root,
        stdin=theirs,
        capture_output=True,
        text=True,
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == 2
    assert "FORMAT=json has no place for a question: add YES=yes." in json.loads(done.stdout)["error"]


def test_where_no_localcloud_ever_was_there_is_nothing_to_look_at(room: ClassRoom) -> None:
    done = room.run("status", CLOUD="localcloud")
    assert done.returncode == 0
    assert done.stdout == "localcloud has nothing on this machine, so the lab demo is not there.\n"
    done = room.run("status", CLOUD="localcloud", FORMAT="json")
    assert json.loads(done.stdout) == {"verb": "status", "class": "demo", "lab": "demo", "ok": True}


def test_an_account_is_looked_through_without_any_class(room: ClassRoom) -> None:
    (room.root / "classes" / "demo.yml").unlink()
    done = room.run("audit", CLOUD="localcloud")
    assert (done.returncode, done.stdout) == (0, "localcloud has nothing on this machine.\n")
    done = room.run("audit", CLOUD="localcloud", FORMAT="json")
    assert json.loads(done.stdout) == {"verb": "audit", "ok": True}
    assert room.run("audit", CLOUD="localcloud", FORMAT="csv").stdout == ""
    assert not (room.root / ".lab").exists()


def test_a_variable_of_the_shell_that_this_verb_does_not_take_is_nobodys_mistake(room: ClassRoom) -> None:
    room.settings["HOURS"] = "many"
    assert "There is no class file" in refused(room, "up", CLASS="none")


def test_an_unknown_verb_names_those_that_exist(room: ClassRoom) -> None:
    assert refused(room, "dwon") == f"classlab is called by make, with one of: {', '.join(VERBS)}. Did you mean down?"
    assert "with one of: up, down" in refused(room)


def test_outside_of_classlab_it_says_where_to_go(tmp_path: Path) -> None:
    assert "is not in a folder of classlab" in refused(ClassRoom(tmp_path, {}), "up")


def test_a_copied_class_file_with_the_old_lab_name_is_refused_while_that_lab_is_up(room: ClassRoom) -> None:
    room.write("cs101", (room.root / "classes" / "demo.yml").read_bytes())
    memory = room.remembers("localcloud")
    done = room.run("down", CLASS="cs101")
    assert done.returncode == 2
    assert "classes/cs101.yml has the lab_name of classes/demo.yml (demo), whose lab is up: give it" in done.stderr
    assert memory.exists()


def test_up_on_another_cloud_than_the_lab_is_up_on_is_refused(room: ClassRoom) -> None:
    room.remembers("aws")
    done = room.run("up", CLOUD="localcloud")
    assert done.returncode == 2
    assert "The lab of demo is up on aws, and CLOUD=localcloud would make a second one." in done.stderr
    assert "make down CLASS=demo" in done.stderr


def test_aws_from_a_shell_that_is_set_for_localcloud_is_refused(room: ClassRoom) -> None:
    room.settings |= {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4580",
        "AWS_ACCESS_KEY_ID": "LKIALOCALCLOUD000000",
        "AWS_SECRET_ACCESS_KEY": "localcloud",
    }
    line = refused(room, "up", CLOUD="aws")
    assert "This shell is set for localcloud" in line
    assert line.endswith("unset AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY")


def test_nothing_of_localcloud_is_started_to_remove_nothing(room: ClassRoom) -> None:
    """With CLOUD=, or without where there are no credentials to ask AWS: then it says that AWS was not asked."""
    done = room.run("down", CLOUD="localcloud")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "localcloud has nothing on this machine, so the lab demo is not there.\n"
    done = room.run("down")
    assert done.returncode == 0
    assert (
        "AWS was not asked (no AWS credentials were found); if the lab of demo is there, add CLOUD=aws." in done.stdout
    )
    assert room.run("extend", HOURS="1", CLOUD="localcloud").returncode == 1
    assert not (room.root / "none").exists()


def test_the_memory_of_a_localcloud_that_is_gone_goes_too(room: ClassRoom) -> None:
    memory = room.remembers("localcloud")
    assert room.run("down").returncode == 0
    assert not memory.exists()
