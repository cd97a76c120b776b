"""A class between up and down: each verb as its teacher types it, on seats that boot. The tests go through one day."""

import base64
import html
import http.client
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from aws_hosts import Lab, until
from school import School, in_session

from classlab.command.clouds import program


@pytest.fixture(scope="module")
def school(lab: Lab) -> Iterator[School]:
    with in_session(lab.cloud) as school:
        yield school


def told(school: School, verb: str, fails: bool = False, **variables: str) -> Any:
    """What a program is told."""
    return json.loads(school.ask(verb, fails=fails, FORMAT="json", **variables))


def test_status_of_a_lab_that_is_up(school: School) -> None:
    document = told(school, "status")
    assert [(each["student"], each["state"], each["ssh"]) for each in document["seats"]] == [
        ("ada", "running", True),
        ("ben", "running", True),
    ]
    assert "2 of 2 running, 2 answer by SSH." in school.make("status")
    assert [each["student"] for each in told(school, "status", STUDENT="b*")["seats"]] == ["ben"]


def test_what_it_costs(school: School) -> None:
    document = told(school, "cost")
    assert [each["student"] for each in document["seats"]] == ["ada", "ben"]
    assert document["an_hour"] > 0
    assert "It goes on to cost about $" in school.make("cost")


def test_one_command_on_all_seats_and_on_one(school: School) -> None:
    said = school.make("ssh", CMD="whoami; which python")
    python = "/home/ubuntu/venv/bin/python"
    assert said.splitlines() == ["ada  ubuntu", f"     {python}", "ben  ubuntu", f"     {python}"]
    assert school.make("ssh", STUDENT="b*", CMD="whoami") == "ben  ubuntu\n"


def test_a_command_that_fails_on_one_seat_names_it(school: School) -> None:
    school.ssh("ben", "touch spoiled")
    said = school.make("ssh", fails=True, CMD="test ! -e spoiled || { echo it is spoiled; exit 3; }")
    assert "ben  ✗ ended with 3: it is spoiled" in said
    assert "1 of 2 failed: ben." in said
    document = told(school, "ssh", fails=True, CMD="cat spoiled")
    assert [(each["student"], each["status"]) for each in document["seats"]] == [("ada", 1), ("ben", 0)]
    assert not document["ok"]


def test_a_changed_project_is_pushed_and_a_students_own_change_is_kept(school: School) -> None:
    school.ssh("ben", "echo '# mine' >>lesson/main.py")
    (school.root / "classes" / "lesson" / "main.py").write_text("import sys\nprint('new', sys.version)\n")
    said = school.make("push")
    assert "ben: kept the student's own main.py; FORCE=yes sets them aside and puts the class's." in said
    assert school.ssh("ada", "cat lesson/main.py").endswith("print('new', sys.version)")
    assert school.ssh("ben", "tail -1 lesson/main.py") == "# mine"
    assert "0 changes, 0 failures" in school.make("push")
    school.make("push", STUDENT="ben", FORCE="yes")
    assert "new" in school.ssh("ben", "cat lesson/main.py")
    assert school.ssh("ben", "tail -1 lesson.set-aside/*/main.py") == "# mine"


def test_the_class_runs_its_program_and_sees_how_it_went(school: School) -> None:
    school.ssh("ben", "mv spoiled lesson/")
    said = school.make("run", fails=True, SCRIPT="python main.py; test ! -e spoiled || exit 7")
    assert re.search(r"^  ada +0 +\d+\.\d  new 3\.11\.", said, re.MULTILINE)
    assert re.search(r"^  ben +7 +\d+\.\d  new 3\.11\.", said, re.MULTILINE)
    assert "Not well on 1 of 2 seats: ben." in said
    school.ssh("ben", "rm lesson/spoiled")
    document = told(school, "run", SCRIPT="echo one; which python; echo two")
    assert [(each["student"], each["status"], each["last"]) for each in document["seats"]] == [
        ("ada", 0, "two"),
        ("ben", 0, "two"),
    ]
    # All that it said is kept, and the class's environment was active.
    log = school.ssh("ada", f"cat ~/.classlab/runs/{document['run']['id']}/log")
    assert log.splitlines() == ["one", "/home/ubuntu/venv/bin/python", "two"]


def test_what_there_is_to_run_must_be_said(school: School) -> None:
    assert "There is nothing to run: write lab_run into the class file" in school.make("run", fails=True)


class Student:
    """One who has saved their zip where browsers do, and types what the card in it says."""

    def __init__(self, zipped: Path, home: Path) -> None:
        downloads = home / "Downloads"
        downloads.mkdir()
        shutil.copy(zipped, downloads)
        self.home, self.folder = home, downloads / zipped.stem
        card = zipfile.ZipFile(zipped).read("card.html").decode()
        told = re.findall(r'<(pre|code)[^>]* data-command="(\w+)">(.*?)</\1>', card)
        self.commands = {
            name: html.unescape(re.sub("<code>|</code>", "", text.replace("</code><code>", "\n")))
            for _, name, text in told
        }

    def types(self, command: str, then: str = "") -> str:
        """`then`: what is typed where the command has led to."""
        done = subprocess.run(
            ["bash", "-e", "-c", self.commands[command]],
            cwd=self.folder if self.folder.exists() else self.home,
            env={"PATH": os.environ["PATH"], "HOME": str(self.home)},
            input=then,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture
def ada(school: School, tmp_path: Path) -> Student:
    document = told(school, "cards", STUDENT="ada")
    return Student(Path(document["cards"][0]["zip"]), tmp_path)


def test_a_student_goes_in_by_what_the_card_says(ada: Student) -> None:
    assert ada.types("unpack", "hostname; whoami\n").splitlines()[-1] == "ubuntu"
    assert (ada.folder / "key.pem").stat().st_mode & 0o777 == 0o400
    (ada.folder / "key.pem").chmod(0o644)
    ada.types("mend")
    assert "lesson" in ada.types("sftp", "ls\nbye\n")
    (ada.folder / "notes.txt").write_text("mine")
    ada.types("scp_to")
    ada.types("scp_from")
    assert (ada.folder / "lesson" / "notes.txt").read_text() == "mine"
    assert (ada.folder / "lesson" / "main.py").exists()
    for _ in range(2):  # a hand-out that was made anew is put over the old one
        ada.types("unpack")
        ada.types("vscode")
    assert (ada.home / ".ssh" / "cs-ada" / "key.pem").stat().st_mode & 0o777 == 0o400
    assert (ada.home / ".ssh" / ada.commands["include"].removeprefix("Include ")).exists()


def test_a_student_copies_with_rclone_as_the_card_says(ada: Student) -> None:
    ada.types("unpack")
    ada.types("rclone_from")
    (ada.folder / "lesson" / "more.txt").write_text("more")
    conf = (ada.folder / "rclone.conf").read_text()
    ada.types("rclone_to")
    (ada.folder / "lesson" / "more.txt").unlink()
    ada.types("rclone_from")
    assert (ada.folder / "lesson" / "more.txt").read_text() == "more"
    assert (ada.folder / "rclone.conf").read_text() == conf


def test_a_card_leads_to_the_seat_that_it_was_made_for_and_to_no_other(school: School, ada: Student) -> None:
    ada.types("unpack")
    known = ada.folder / "known_hosts"
    other = next(line for line in (school.folder / "known_hosts").read_text().splitlines() if "ben" in line)
    known.write_text(" ".join([known.read_text().split()[0], *other.split()[1:3]]) + "\n")
    for command in ("sftp", "rclone_from"):
        with pytest.raises(AssertionError, match=r"Host key verification failed|key mismatch|knownhosts"):
            ada.types(command)


def begin_and_kill(school: School, **variables: str) -> None:
    """`make run`, and SIGKILL for all of its processes as soon as a seat has begun."""
    with subprocess.Popen(
        [program("classlab"), "run"],
        env={**school.environment, **variables},
        cwd=school.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        # As long as tmux has no server, there is no session to wait for.
        until(lambda: "run-" in school.ssh("ada", "tmux list-sessions 2>/dev/null || true"), 60)
        os.killpg(running.pid, signal.SIGKILL)


def test_a_run_survives_the_end_of_the_computer_that_began_it(school: School) -> None:
    slow = {"SCRIPT": "sleep 10; date +%s >>times; echo over", "STUDENT": "ada"}
    begin_and_kill(school, **slow)
    document = told(school, "run", **slow)
    assert [each["last"] for each in document["seats"]] == ["over"]
    assert len(school.ssh("ada", "cat lesson/times").splitlines()) == 1
    # It has been shown: the same command is now a new run.
    assert told(school, "run", **slow)["run"]["id"] != document["run"]["id"]
    assert len(school.ssh("ada", "cat lesson/times").splitlines()) == 2


def test_a_second_run_does_not_begin_while_another_is_under_way(school: School) -> None:
    # Long enough after the second has come to the seat for it to ask what is under way.
    first = "until test -e over; do sleep 0.2; done; sleep 10; echo the first"
    begin_and_kill(school, SCRIPT=first, STUDENT="ada")
    asking = "BECOME-SUCCESS"  # stands in the command line of whatever Ansible does there
    school.ssh(
        "ada", f"sudo pkill -f [B]{asking[1:]} || true"
    )  # the killed one's question may still wait for its answer
    with ThreadPoolExecutor(1) as beside:
        second = beside.submit(school.make, "run", SCRIPT="echo the second", STUDENT="ada")
        try:
            until(lambda: asking in school.ssh("ada", "ps axww") or second.done(), 120)
        finally:
            school.ssh("ada", "touch lesson/over")
        said = second.result()
    assert re.search(r"^  ada +0 +\d+\.\d  the first$", said, re.MULTILINE)
    assert f"Under way was another run, so nothing was begun there: {first}" in said


def test_a_run_that_was_cut_off_is_said_to_be(school: School) -> None:
    begin_and_kill(school, SCRIPT="sleep 60", STUDENT="ada")
    school.ssh("ada", "tmux kill-server")
    said = school.make("run", fails=True, SCRIPT="sleep 60", STUDENT="ada")
    assert re.search(r"^  ada +cut off ", said, re.MULTILINE)


def test_the_terminal_is_handed_over(school: School) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [program("classlab"), "ssh"],
        env={**school.environment, "STUDENT": "ada", "TERM": "xterm"},
        cwd=school.root,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    ) as running:
        os.close(theirs)
        os.write(ours, b"test -t 0 && echo a $((6*7)) terminal; exit 5\r")
        seen = b""
        try:
            while part := os.read(ours, 4096):
                seen += part
        except OSError:  # the other end was closed: that is how a terminal's end is told
            os.close(ours)
    assert b"a 42 terminal" in seen
    assert running.returncode == 5


def test_which_seat_is_not_guessed(school: School) -> None:
    assert "make ssh opens one seat, and 2 are meant: add STUDENT=" in school.make("ssh", fails=True)


# What `make jupyter` needs of a seat, without the minute that JupyterLab takes: molecule/jupyter has the real one.
NOTEBOOK = """
mkdir -p www && echo '{"version": "test"}' >www/api
told='{"IdentityProvider": {"token": "not-so-secret"}, "ServerApp": {"port": 8765}}'
echo "$told" | sudo tee /etc/classlab/jupyter.json
sudo systemd-run --quiet --unit=notebook python3 -m http.server --bind 127.0.0.1 --directory /home/ubuntu/www 8765
"""


def version(near: str) -> Any:
    """What a notebook server says to everybody."""
    asked = http.client.HTTPConnection(urlsplit(near).netloc, timeout=10)
    try:
        asked.request("GET", "/api")
        return json.load(asked.getresponse())["version"]
    finally:
        asked.close()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_way_to_a_notebook_is_open_until_it_is_closed(school: School, sent: signal.Signals) -> None:
    school.roster("ada", "ben", lab_jupyter=True)
    if "notebook" not in school.ssh("ada", "systemctl list-units --plain notebook.service"):
        school.ssh("ada", NOTEBOOK)
    with subprocess.Popen(
        [program("classlab"), "jupyter"],
        env={**school.environment, "STUDENT": "ada", "FORMAT": "json"},
        cwd=school.root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout
        url = json.loads(running.stdout.readline())["url"]
        near, token = url.split("lab?token=")
        assert token == "not-so-secret"
        assert version(near) == "test"
        listed = subprocess.run(["ps", "-A", "-o", "args="], capture_output=True, text=True, check=True).stdout
        assert "not-so-secret" not in listed
        running.send_signal(sent)
        assert running.wait(20) == 0
    with pytest.raises(ConnectionRefusedError):
        version(near)
    assert school.ssh("ada", "curl -s http://127.0.0.1:8765/api") == '{"version": "test"}'
    school.roster("ada", "ben")


def test_a_notebook_that_is_not_there_is_told_of(school: School) -> None:
    assert "The class cs has no notebook servers: write lab_jupyter: true into classes/cs.yml" in school.make(
        "jupyter", fails=True, STUDENT="ben"
    )
    school.roster("ada", "ben", lab_jupyter=True)
    assert "ben's seat has no notebook server yet: `make up CLASS=cs STUDENT=ben` brings it." in school.make(
        "jupyter", fails=True, STUDENT="ben"
    )
    school.ssh("ada", "sudo systemctl stop notebook")
    assert "ada's notebook server does not answer: `make up CLASS=cs STUDENT=ada` mends it." in school.make(
        "jupyter", fails=True, STUDENT="ada"
    )
    assert "make jupyter leads to one seat, and 2 are meant" in school.make("jupyter", fails=True)
    school.roster("ada", "ben")


def test_a_seat_sleeps_and_wakes_and_keeps_its_work(school: School) -> None:
    school.ssh("ada", "echo mine >work.txt")
    before = school.seats()
    assert "1 seat stopped: ada." in school.make("stop", STUDENT="ada")
    assert "ada's seat is stopped: `make start CLASS=cs STUDENT=ada` wakes it." in school.make(
        "ssh", fails=True, STUDENT="ada"
    )
    assert school.make("ssh", fails=True, CMD="whoami").endswith("1 of 2 failed: ada.\n")
    document = told(school, "cards", fails=True)
    assert [each["student"] for each in document["cards"]] == ["ben"]
    assert "The seat is stopped, and will have another address" in json.dumps(document)
    assert "1 seat started: ada." in school.make("start")
    assert school.seats() == before
    assert school.ssh("ada", "cat work.txt") == "mine"
    assert "Nothing changed: 2 seats of cs are ready." in school.make("up")


def test_a_deadline_that_passed_in_sleep_can_be_moved_and_costs_no_work(school: School) -> None:
    # As if the seat had been born to end in half a minute. Its timer has not heard of it.
    soon = (datetime.now(UTC) + timedelta(seconds=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    ada = school.seats()["ada"]
    ends = school.ssh("ada", "cut -d' ' -f1 /etc/classlab/deadline")
    school.ssh("ada", f"sudo sed -i s/{ends}/{soon}/g /etc/classlab/deadline")
    calendar = [each.replace("T", " ").rstrip("Z") for each in (ends, soon)]
    timer = "/etc/systemd/system/classlab-deadline.timer"
    school.ssh("ada", f"sudo sed -i 's/{calendar[0]}/{calendar[1]}/' {timer} && grep -q '{calendar[1]}' {timer}")
    school.make("stop", STUDENT="ada")
    known = school.ec2.describe_instance_attribute(InstanceId=ada, Attribute="userData")["UserData"]["Value"]
    told = base64.b64decode(known).decode().replace(f"set -- {ends}", f"set -- {soon}")
    school.ec2.modify_instance_attribute(InstanceId=ada, UserData={"Value": told.encode()})
    school.ec2.create_tags(Resources=[ada], Tags=[{"Key": "EndsAt", "Value": soon}])
    until(lambda: datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") > soon, 60)
    assert "its deadline" in school.make("start", fails=True, STUDENT="ada")
    school.make("extend", HOURS="2")
    school.make("start", STUDENT="ada")
    assert school.ssh("ada", "cut -d' ' -f1 /etc/classlab/deadline") == school.ssh(
        "ben", "cut -d' ' -f1 /etc/classlab/deadline"
    )
    assert school.ssh("ada", "systemctl is-active classlab-deadline.timer; cat work.txt") == "active\nmine"


def test_a_seat_becomes_larger_and_keeps_its_work(school: School) -> None:
    before = school.seats()
    assert "1 seat is t3.small now: ada." in school.make("resize", TYPE="t3.small", STUDENT="ada")
    assert school.seats() == before
    assert school.ssh("ada", "cat work.txt") == "mine"
    assert [each["type"] for each in told(school, "status")["seats"]] == ["t3.small", "t3.micro"]
    assert "make resize needs TYPE: for example, make resize TYPE=t3.large." in school.make("resize", fails=True)
    assert "TYPE=large is no type" in school.make("resize", fails=True, TYPE="large")


def test_an_address_that_has_changed_behind_our_back_is_followed(school: School) -> None:
    ben = school.seats()["ben"]
    school.ec2.stop_instances(InstanceIds=[ben])
    school.ec2.get_waiter("instance_stopped").wait(InstanceIds=[ben], WaiterConfig={"Delay": 1})
    school.ec2.start_instances(InstanceIds=[ben])
    assert "All run already." in school.make("start")
    assert school.make("ssh", STUDENT="ben", CMD="whoami") == "ben  ubuntu\n"
    # Cards made anew lead there, too.
    said = school.make("cards")
    assert "2 hand-outs in .lab/cs/cards: ada, ben." in said
    with tempfile.TemporaryDirectory() as home:
        student = Student(school.folder / "cards" / "cs-ben.zip", Path(home))
        assert student.types("unpack", "whoami\n").splitlines()[-1] == "ubuntu"


def test_a_seat_that_has_ended_is_missed(school: School) -> None:
    school.ec2.terminate_instances(InstanceIds=[school.seats()["ben"]])
    assert "Without a seat: ben. `make up CLASS=cs` brings them up." in school.make("status")
    assert "ben has no seat: `make up CLASS=cs STUDENT=ben` makes one." in school.make("ssh", fails=True, STUDENT="ben")
    said = school.make("stop", fails=True, STUDENT="ben")
    assert "ben: There is no seat: `make up` makes one." in said
