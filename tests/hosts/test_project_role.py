"""The class's project on a real seat: brought, kept up to date, run by the student, whose own work is safe."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from aws_hosts import Lab

ROOT = Path(__file__).parents[2]
WEATHER = ROOT / "examples" / "weather"
# The wheel of six 1.17.0: small, and not among what the demo installs.
SIX = "4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
PYTHON = """
- hosts: seats
  gather_facts: false
  vars:
    deadsnakes_python_url: "{{ lookup('env', 'LOCALCLOUD_PPA_URL') }}"
    deadsnakes_python_key_url: "{{ lookup('env', 'LOCALCLOUD_PPA_KEY_URL') }}"
    deadsnakes_python_fingerprint: "{{ lookup('env', 'LOCALCLOUD_PPA_FINGERPRINT') }}"
  roles: [deadsnakes_python, pip, venv]
"""
BRING = """
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [project_bundle]
- hosts: seats
  gather_facts: false
  vars:
    project_bundle: "{{ hostvars['localhost'].lab_bundle }}"
  roles: [project]
"""


@dataclass
class Seat:
    """A booted host that Ansible knows as "ada", and the folder of its teacher."""

    lab: Lab
    instance: str
    folder: Path

    def ssh(self, command: str, check: bool = True) -> str:
        return self.lab.ssh(self.instance, command, check=check)

    def play(self, book: str, *, fails: bool = False, **variables: object) -> dict[str, Any]:
        """Run a playbook; what came of its last task, and how many tasks changed something."""
        [_, *words, address] = self.lab.ssh_words(self.instance)
        user, _, host = address.partition("@")
        common = {"ansible_host": host, "ansible_user": user, "ansible_ssh_common_args": " ".join(words)}
        inventory = {"seats": {"hosts": {"ada": common}}}
        (self.folder / "inventory.yml").write_text(yaml.safe_dump(inventory))
        (self.folder / "book.yml").write_text(book)
        ansible = [str(ROOT / ".venv/bin/ansible-playbook"), "-i", str(self.folder / "inventory.yml")]
        environment = {
            **os.environ,
            **self.lab.cloud.env,
            "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
            "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        }
        done = subprocess.run(
            [*ansible, str(self.folder / "book.yml"), "-e", json.dumps(variables)],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
        )
        assert done.stdout.startswith("{"), done.stdout + done.stderr
        told = json.loads(done.stdout)
        messages = re.findall(r'^ +"msg": "(.*)"', done.stdout, re.MULTILINE)
        assert (done.returncode != 0) == fails, "\n".join(messages)
        last: dict[str, Any] = told["plays"][-1]["tasks"][-1]["hosts"].get("ada", {})
        return {**last, "changes": sum(each["changed"] for each in told["stats"].values())}

    def bring(self, source: Path = WEATHER, *, fails: bool = False, **variables: object) -> dict[str, Any]:
        folder = {"project_bundle_folder": str(self.folder / "lab"), "project_bundle_results": ["plots"]}
        return self.play(BRING, fails=fails, project_bundle_source=str(source), **{**folder, **variables})


@pytest.fixture(scope="module")
def seat(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seat]:
    """With Python 3.11 and the virtual environment, as the roles before `project` leave it."""
    [instance] = lab.launch()
    lab.wait_ok(instance)
    seat = Seat(lab, instance, tmp_path_factory.mktemp("teacher"))
    seat.play(PYTHON)
    yield seat
    lab.terminate(instance)


@pytest.fixture
def lesson(seat: Seat, request: pytest.FixtureRequest) -> Path:
    """A small project without requirements; each test has one of its own."""
    folder = seat.folder / str(request.node.name).split("[")[0]
    put(folder, {"main.py": "print(1)\n", "data/a.csv": "1\n", "run.sh": "#!/bin/sh\necho run\n"})
    (folder / "run.sh").chmod(0o755)
    return folder


def put(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def test_the_demo_project_is_brought_and_runs(seat: Seat) -> None:
    """In a login shell, as the student types it; and it prints what its README shows."""
    done = seat.bring()
    assert done["put"] == len(
        subprocess.check_output(["git", "ls-files", "-co", "--exclude-standard"], cwd=WEATHER).split()
    )
    again = seat.bring()
    assert (again["changes"], again["changed"]) == (0, False)
    printed, _, worked = seat.ssh("bash -lc 'cd weather && python main.py && echo times && times'").partition("times\n")
    # The second line is of what the shell has started: seconds of processor time, which are the same on a busy machine.
    parts = re.findall(r"(\d+)m([\d.]+)s", worked.splitlines()[1])
    assert sum(60 * int(minutes) + float(seconds) for minutes, seconds in parts) < 10
    shown = (WEATHER / "README.md").read_text().split("$ python main.py\n")[1].split("```")[0]
    assert printed.splitlines() == shown.strip().splitlines()
    kinds = seat.ssh("file -b weather/plots/* || head -c 4 weather/plots/*.png | grep -ac PNG")
    assert kinds.count("PNG") == 2 or kinds == "2"
    assert seat.ssh("find weather ! -user ubuntu -o ! -group ubuntu") == ""
    assert seat.ssh("stat -c %a weather weather/main.py") == "755\n644"
    # What the student makes there does not make the next `up` busy.
    assert seat.bring()["changes"] == 0


def test_hashes_are_enforced(seat: Seat, lesson: Path) -> None:
    put(lesson, {"requirements.txt": f"six==1.17.0 --hash=sha256:{'0' * 64}\n"})
    assert "hash" in seat.bring(lesson, fails=True)["msg"]
    # The files are there all the same, and the next run goes on.
    assert seat.ssh(f"cat {lesson.name}/main.py; venv/bin/python -c 'import six' 2>&1 | tail -1").startswith(
        "print(1)\nModule"
    )
    put(lesson, {"requirements.txt": f"six==1.17.0 --hash=sha256:{SIX}\n"})
    assert seat.bring(lesson)["changed"]
    assert seat.ssh("venv/bin/python -c 'import six; print(six.__version__)'") == "1.17.0"


def test_a_students_requirements_are_not_installed(seat: Seat, lesson: Path) -> None:
    put(lesson, {"requirements.txt": "cycler==0.12.1\n"})
    seat.bring(lesson)
    seat.ssh(f"echo no-such-package-at-all > {lesson.name}/requirements.txt; venv/bin/pip -q uninstall -y cycler")
    assert seat.bring(lesson)["changed"]
    assert "0.12.1" in seat.ssh("venv/bin/pip show cycler")
    assert seat.ssh("stat -c %U venv/lib/python3.11/site-packages/cycler/__init__.py") == "ubuntu"


def test_a_students_change_is_kept_and_force_sets_it_aside(seat: Seat, lesson: Path) -> None:
    name = lesson.name
    seat.bring(lesson)
    seat.ssh(f"echo mine > {name}/main.py; echo own > {name}/own.py; rm {name}/data/a.csv")
    put(lesson, {"main.py": "print(2)\n"})
    done = seat.bring(lesson)
    assert done["say"] == ["ada: kept the student's own main.py; FORCE=yes sets them aside and puts the class's."]
    assert seat.ssh(f"cat {name}/main.py {name}/own.py {name}/data/a.csv") == "mine\nown\n1"
    assert seat.bring(lesson)["changes"] == 0
    done = seat.bring(lesson, project_force=True)
    assert done["say"] == [f"ada: the student's own main.py is now in {done['aside']}."]
    assert seat.ssh(f"cat {name}/main.py {done['aside']}/main.py {name}/own.py") == "print(2)\nmine\nown"
    assert seat.bring(lesson, project_force=True)["changes"] == 0


def test_files_that_left_the_project(seat: Seat, lesson: Path) -> None:
    name = lesson.name
    put(lesson, {"old/a.py": "a\n", "old/b.py": "b\n"})
    seat.bring(lesson)
    seat.ssh(f"echo mine > {name}/old/b.py")
    for each in ("old/a.py", "old/b.py", "data/a.csv"):
        (lesson / each).unlink()
    assert seat.bring(lesson)["removed"] == ["old/a.py", "data/a.csv"]
    assert seat.ssh(f"cd {name} && find . -type f | sort") == "./main.py\n./old/b.py\n./run.sh"


def test_a_link_that_a_student_puts_in_the_way_leads_root_nowhere(seat: Seat, lesson: Path) -> None:
    name = lesson.name
    seat.bring(lesson)
    seat.ssh(f"rm -r {name}/data && ln -s /etc/cron.d {name}/data && ln -sf /etc/passwd {name}/main.py")
    before = seat.ssh("ls /etc/cron.d; sha256sum /etc/passwd")
    put(lesson, {"data/a.csv": "* * * * * root id\n", "data/b.csv": "* * * * * root id\n", "main.py": "print(2)\n"})
    done = seat.bring(lesson)
    assert sorted(done["kept"]) == ["data", "main.py"]
    assert seat.ssh("ls /etc/cron.d; sha256sum /etc/passwd") == before
    seat.bring(lesson, project_force=True)
    assert seat.ssh("ls /etc/cron.d; sha256sum /etc/passwd") == before
    assert seat.ssh(f"cat {name}/data/b.csv {name}/main.py") == "* * * * * root id\nprint(2)"


def test_what_root_owns_is_named_with_the_mend(seat: Seat, lesson: Path) -> None:
    seat.bring(lesson)
    seat.ssh(f"sudo chown root: {lesson.name}/data; sudo chmod 755 {lesson.name}/data")
    put(lesson, {"data/a.csv": "2\n", "run.sh": "#!/bin/sh\necho again\n"})
    told = seat.bring(lesson, fails=True)["msg"]
    assert "data/a.csv (Permission denied)" in told
    mend = told[told.index("sudo chown") :].rstrip(".")
    assert seat.ssh(f"{lesson.name}/run.sh") == "again"
    seat.ssh(mend)
    seat.bring(lesson)
    assert seat.ssh(f"cat {lesson.name}/data/a.csv") == "2"


def test_a_large_project_travels_once(seat: Seat, lesson: Path) -> None:
    (lesson / "data" / "noise.bin").write_bytes(os.urandom(3_000_000))
    assert seat.bring(lesson)["put"] == 4
    assert seat.bring(lesson)["changes"] == 0
    sums = subprocess.check_output(["sha256sum", "noise.bin"], cwd=lesson / "data", text=True).strip()
    assert seat.ssh(f"cd {lesson.name}/data && sha256sum noise.bin") == sums
    assert seat.ssh("ls -A .ansible/tmp 2>/dev/null") == ""


def test_killed_on_the_way_the_next_run_goes_on(seat: Seat, lesson: Path) -> None:
    def change() -> None:
        for number in range(100, 140):
            (lesson / "data" / f"{number}.bin").write_bytes(os.urandom(500_000))

    def differing() -> int:
        sums = "sha256sum data/*.bin"
        here = subprocess.check_output(sums, shell=True, cwd=lesson, text=True).split("\n")  # noqa: S602 - a glob
        return len(set(here) - set(seat.ssh(f"cd {lesson.name} && {sums}").split("\n"))) - 1

    change()
    seat.bring(lesson)
    change()
    # The seat ends the work as soon as the first of the new files is there.
    seat.ssh(
        f"touch mark; sudo nohup sh -c 'until [ {lesson.name}/data/100.bin -nt mark ]; do :; done;"
        ' pkill -KILL -f "^/usr/bin/python3[.0-9]*$"\' >/dev/null 2>&1 &'
    )
    seat.bring(lesson, fails=True)
    assert 0 < differing() < 40, "it was not killed in the middle"
    change()
    done = seat.bring(lesson)
    assert (done["kept"], done["put"], differing()) == ([], 40, 0)
    assert seat.ssh(f"find {lesson.name} -name '.*'") == ""


def test_without_a_project_nothing_is_done(seat: Seat) -> None:
    done = seat.play(BRING, project_bundle_source="", project_bundle_folder=str(seat.folder / "lab"))
    assert (done["changes"], done["skipped"]) == (0, True)
