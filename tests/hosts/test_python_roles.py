"""Real seats get their Python, its pip and the environment; a second run changes nothing; refusals change nothing."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_hosts import Lab

ROOT = Path(__file__).parents[2]
ROLES = ["packages", "deadsnakes_python", "pip", "venv"]
WANTED: dict[str, Any] = {
    "seat_facts_packages": {"names": "{{ packages_names }}"},
    "seat_facts_python": {
        "version": "{{ deadsnakes_python_version }}",
        "url": "{{ deadsnakes_python_url }}",
        "fingerprint": "{{ deadsnakes_python_fingerprint }}",
    },
    "seat_facts_pip": {"python": "{{ pip_python }}", "version": "{{ pip_version }}"},
    "seat_facts_venv": {"path": "{{ venv_path }}", "owner": "{{ venv_owner }}", "python": "{{ venv_python }}"},
}
# What must be as it was: the system's Python, its modules, and what dpkg has of them.
OWN = """
real=$(readlink -f /usr/bin/python3); echo "$real"; sha256sum "$real"
find /usr/lib/python3 /usr/lib/${real##*/} -path '*/__pycache__' -prune -o -type f -print | sort | sha256sum
ls /usr/lib/${real##*/}/EXTERNALLY-MANAGED
dpkg-query -W python3 python3-minimal ${real##*/} lib${real##*/}-stdlib
"""
# Holds apt's lock as apt does, until it is stopped.
HOLD = (
    """python3 -c 'import fcntl, time; lock = open("/var/lib/dpkg/lock-frontend", "w"); """
    """fcntl.lockf(lock, fcntl.LOCK_EX); time.sleep(3600)'"""
)
# apt and dpkg end in the middle of an installation, as soon as dpkg has begun to write down what it does.
SWITCHED_OFF = (
    "(apt-get install -qy python3.11-dev >/dev/null 2>&1 &) ; until ls /var/lib/dpkg/updates | grep -q ^0; do :; done;"
    "pkill -9 -x apt-get; pkill -9 -x dpkg; sleep 0.5"
)


@dataclass
class Ran:
    status: int
    said: str

    @property
    def counts(self) -> dict[str, int]:
        recap = self.said.partition("PLAY RECAP")[2]
        return {name: int(number) for name, number in re.findall(r"(ok|changed|failed|skipped)=(\d+)", recap)}

    def refuses(self, sentence: str) -> None:
        assert self.status == 2, self.said
        assert re.search(sentence, self.said), self.said


@dataclass
class Seat:
    lab: Lab
    instance: str
    folder: Path
    release: str

    def ssh(self, command: str, *, check: bool = True) -> str:
        return self.lab.ssh(self.instance, command, check=check)

    def play(self, *roles: str, **settings: Any) -> Ran:
        """What `make up` does on this seat, with these roles alone."""
        env = self.lab.cloud.env
        own = {
            "deadsnakes_python_url": env.get("LOCALCLOUD_PPA_URL", ""),
            "deadsnakes_python_key_url": env.get("LOCALCLOUD_PPA_KEY_URL", ""),
            "deadsnakes_python_fingerprint": env.get("LOCALCLOUD_PPA_FINGERPRINT", ""),
        }
        given = {name: value for name, value in own.items() if value} | WANTED | settings
        play = {"hosts": "seat", "gather_facts": False, "become": True, "vars": given, "roles": list(roles)}
        book = self.folder / "play.yml"
        book.write_text(json.dumps([play]))
        words = self.lab.ssh_words(self.instance)
        host = {
            "ansible_host": self.lab.describe(self.instance)["PublicIpAddress"],
            "ansible_user": "ubuntu",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.lab.private_key),
            "ansible_ssh_args": "-F none " + " ".join(word for word in words if word.startswith("-o")),
        }
        inventory = self.folder / "seats.json"
        inventory.write_text(json.dumps({"all": {"hosts": {"seat": host}}}))
        done = subprocess.run(
            [Path(sys.executable).with_name("ansible-playbook"), "-v", "-i", inventory, book],
            env={
                **os.environ,
                "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
                "ANSIBLE_ROLES_PATH": str(ROOT / "roles"),
                "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
                "ANSIBLE_NOCOLOR": "1",
            },
            cwd=ROOT,
            capture_output=True,
            text=True,
        )
        assert "Traceback" not in done.stdout + done.stderr
        return Ran(done.returncode, done.stdout + done.stderr)

    def missing(self) -> list[str]:
        """What the seat says is missing; it is brought then."""
        ran = self.play("seat_facts", *ROLES)
        assert ran.status == 0, ran.said
        [names] = re.findall(r'"seat_missing": (\[.*?\])', ran.said)
        return list(json.loads(names))


@pytest.fixture(scope="module", params=["24.04", "22.04"])
def seat(request: pytest.FixtureRequest, lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """A host that has just booted."""
    [instance] = lab.launch(release=request.param)
    lab.wait_ok(instance)
    yield Seat(lab, instance, tmp_path_factory.mktemp("seat"), request.param)
    lab.terminate(instance)


def test_what_cannot_be_is_told_and_nothing_is_installed(seat: Seat) -> None:
    before = seat.ssh(OWN)
    other = "F23C5A6CF475977595C89F51BA6932366A755776"
    seat.play("deadsnakes_python", deadsnakes_python_fingerprint=other).refuses(
        rf"has fingerprint [0-9A-F]{{40}}, pinned is {other}: nothing was installed"
    )
    assert seat.ssh("ls /etc/apt/sources.list.d /etc/apt/keyrings | grep deadsnakes", check=False) == ""

    seat.play("deadsnakes_python", deadsnakes_python_version="3.99").refuses(
        r"has no python3\.99 for Ubuntu \S+ (noble|jammy) \(it has .*3\.11\S*\): choose one"
    )

    seat.play("deadsnakes_python", deadsnakes_python_url="http://127.0.0.1:9/ubuntu").refuses(
        r"launchpad \(http://127\.0\.0\.1:9/ubuntu\) does not answer: .*try again later"
    )

    seat.ssh(f"sudo systemd-run --quiet --unit=hold-apt {HOLD}")
    seat.play("deadsnakes_python", deadsnakes_python_patience=1).refuses(
        r"apt's lock /var/lib/\S+ has been held for 1 s by process \d+ \(/usr/bin/python3 -c"
    )

    seat.play("pip").refuses(r"There is no python3\.11 on this seat; the role deadsnakes_python installs it\.")
    seat.play("venv").refuses(r"There is no python3\.11 on this seat; the role deadsnakes_python installs it\.")
    assert seat.ssh("command -v python3.11 pip3.11", check=False) == ""
    assert seat.ssh(OWN) == before


def test_a_seat_gets_its_python_its_pip_and_the_environment(seat: Seat) -> None:
    before = seat.ssh(OWN)
    # Ubuntu's own update, say, is still at it when the roles come.
    seat.ssh("sudo systemd-run --quiet --on-active=15 systemctl stop hold-apt")
    ran = seat.play(*ROLES)
    assert ran.status == 0, ran.said
    assert seat.ssh("systemctl is-active hold-apt", check=False) == "inactive"
    assert ran.counts["changed"] == 3  # tmux comes with Ubuntu
    assert re.fullmatch(r"Python 3\.11\.\d+", seat.ssh("python3.11 --version"))
    assert re.fullmatch(r"pip \S+ from /opt/classlab/pip3\.11/pip \(python 3\.11\)", seat.ssh("pip3.11 --version"))
    assert seat.ssh("tmux -V").startswith("tmux ")
    version = seat.ssh("pip3.11 --version").split()[1]
    assert int(version.partition(".")[0]) >= 25  # newer than the one that Python brings

    there = seat.ssh("bash -lc 'command -v python pip; python --version; pip --version'").splitlines()
    assert there[:2] == ["/home/ubuntu/venv/bin/python", "/home/ubuntu/venv/bin/pip"]
    assert there[2].startswith("Python 3.11.")
    assert there[3].startswith(f"pip {version} from /home/ubuntu/venv/lib/python3.11/")
    assert seat.ssh("bash -ic 'command -v python' 2>/dev/null") == "/home/ubuntu/venv/bin/python"
    assert seat.ssh("find ~ ! -user ubuntu", check=False) == ""
    assert seat.ssh("test -f $(python3.11-config --includes | sed 's/^-I//; s/ .*//')/Python.h && echo headers")

    policy = seat.ssh("apt-cache policy python3.11")
    [installed] = re.findall(r"Installed: (\S+)", policy)
    assert re.search(rf"\*\*\* {re.escape(installed)} \d+\n\s+\d+ {seat.lab.cloud.env['LOCALCLOUD_PPA_URL']}", policy)
    assert seat.ssh(OWN) == before


def test_a_second_run_changes_nothing(seat: Seat) -> None:
    state = "find / -xdev -newermt \"$(cat /tmp/then)\" -type f ! -path '/proc/*' ! -path '/var/log/*' ! -path '/run/*'"
    seat.ssh("date '+%F %T.%N' >/tmp/then")
    ran = seat.play(*ROLES)
    assert (ran.status, ran.counts["changed"]) == (0, 0), ran.said
    ran = seat.play("seat_facts", *ROLES)
    assert (ran.status, ran.counts["changed"]) == (0, 0), ran.said
    assert set(re.findall(r"TASK \[(\w+) : ", ran.said)) == {"seat_facts"}
    touched = seat.ssh(f"sudo {state} | grep -E '^/(etc|usr|opt|home)'", check=False)
    assert [path for path in touched.splitlines() if not path.endswith(".sudo_as_admin_successful")] == []


def test_what_students_do_with_pip_never_reaches_pythons_own_folder(seat: Seat) -> None:
    listing = "find /usr/lib/python3.11 -path '*/__pycache__' -prune -o -type f -print | sort | sha256sum"
    before = seat.ssh(listing)
    # Outside of environments pip refuses a Python that is marked as externally managed, which not every one is.
    free = "PIP_BREAK_SYSTEM_PACKAGES=1"
    seat.ssh(f"{free} pip3.11 install -q toolz && sudo {free} pip3.11 install -q toolz six==1.17.0 2>/dev/null")
    assert seat.ssh("python3.11 -c 'import toolz; print(toolz.__file__)'").startswith(
        "/home/ubuntu/.local/lib/python3.11/"
    )
    assert "/usr/local/lib/python3.11/" in seat.ssh("cd / && sudo python3.11 -c 'import six; print(six.__file__)'")
    assert seat.ssh(listing) == before
    assert seat.missing() == []


def test_what_was_harmed_is_asked_for_and_mended(seat: Seat) -> None:
    seat.ssh("touch ~/venv/own.txt && rm ~/venv/bin/python* && sed -i '/classlab/d' ~/.bashrc")
    assert seat.missing() == ["venv"]
    assert seat.ssh("ls -d ~/venv.20*/own.txt").endswith("/own.txt")
    assert seat.ssh("bash -ic 'python --version' 2>/dev/null").startswith("Python 3.11.")
    assert seat.missing() == []

    # As when a seat is switched off while apt works.
    seat.ssh("sudo apt-get purge -qy python3.11-dev libpython3.11-dev >/dev/null")
    seat.ssh(f"sudo bash -c '{SWITCHED_OFF}'")
    assert "dpkg was interrupted" in seat.ssh("sudo apt-get install -qy tree 2>&1", check=False)
    assert seat.missing() == ["python"]
    assert seat.ssh("sudo dpkg --audit; dpkg-query -W -f '${Status}' python3.11-dev") == "install ok installed"
    assert seat.missing() == []


def test_packages_come_with_one_name_wrong_or_all_right(seat: Seat) -> None:
    seat.play("packages", packages_names=["tmux", "tre", "no-such-package"]).refuses(
        r"Ubuntu has no package called (tre|no-such-package): is the name right\?"
    )
    ran = seat.play("packages", packages_names=["tmux", "tree"])
    assert ran.counts["changed"] == 1
    assert seat.ssh("tree --version").startswith("tree v")
    assert seat.play("packages", packages_names=["tmux", "tree"]).counts["changed"] == 0
