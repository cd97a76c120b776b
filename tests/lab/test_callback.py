"""What is seen on a terminal and in a pipe when playbooks run under the callback `classlab`."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from screen import Screen

from classlab.command import clouds
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
ANSIBLE_PLAYBOOK = Path(sys.executable).with_name("ansible-playbook")
OWN_SETTINGS = ("AWS_", "ANSIBLE_", "LAB_", "NO_COLOR", "FORCE_COLOR", "CI")

# A module of the test's own, that behaves as it is told.
MODULE = """
import json
import sys
import time
from ansible.module_utils.basic import AnsibleModule
crash, takes = {"type": "bool", "default": False}, {"type": "float", "default": 0}
module = AnsibleModule({"result": {"type": "dict", "default": {}}, "crash": crash, "takes": takes})
time.sleep(module.params["takes"])
if module.params["crash"]:
    raise ZeroDivisionError("division by zero")
result = module.params["result"]
if result.get("warn"):
    module.warn(result.pop("warn"))
(module.fail_json if result.pop("failed", False) else module.exit_json)(**result)
"""

HERE = "hosts: localhost\n  connection: local\n  gather_facts: false\n"
SEATS = "hosts: lab_seats\n  gather_facts: false\n  strategy: ansible.builtin.free\n"

Command = Callable[..., list[str]]
Play = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "modules").mkdir()
    (tmp_path / "modules" / "behave.py").write_text(f"#!/usr/bin/python\n{MODULE}")
    return tmp_path


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    own = {
        "HOME": str(folder),
        "TERM": "xterm",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_INVENTORY_ENABLED": "ini,amazon.aws.aws_ec2",
        "ANSIBLE_LIBRARY": str(folder / "modules"),
        "LAB_CLASS": "cs101",
        "LAB_NAME": "cs",
        "LAB_FOLDER": str(ROOT / ".lab" / "cs101"),
    }
    return {**kept, **own, **more}


@pytest.fixture
def command(folder: Path, warm: Path) -> Command:
    """The playbook as a file, and the seats as an inventory, all of them this computer."""

    def words(playbook: str, hosts: str = "ada", name: str = "up") -> list[str]:
        (folder / f"{name}.yml").write_text(playbook)
        seats = "".join(f"{line} ansible_connection=local\n" for line in hosts.splitlines())
        (folder / "hosts").write_text(f"[lab_seats]\n{seats}")
        quick = f"ansible_python_interpreter={warm}"
        return [str(ANSIBLE_PLAYBOOK), "-i", str(folder / "hosts"), str(folder / f"{name}.yml"), "-e", quick]

    return words


@pytest.fixture
def play(folder: Path, command: Command) -> Play:
    def run(*playbook: str, **options: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command(*playbook, **options), env=environment(folder), cwd=ROOT, capture_output=True, text=True
        )

    return run


def untimed(told: str) -> list[str]:
    return re.sub(r"  \(\d+ s\)| in \d+ s(?=:)", "", told).splitlines()


def tasks(*lines: str) -> str:
    return "  tasks:\n" + "".join(f"    - {line}\n" for line in lines)


def role(folder: Path, name: str, *lines: str) -> None:
    place = folder / "roles" / name / "tasks"
    place.mkdir(parents=True)
    (place / "main.yml").write_text("".join(f"- {line}\n" for line in lines))


def test_only_changes_are_told_and_say_is_printed_as_it_is(play: Play) -> None:
    done = play(
        f"- name: Bring up the cloud side\n  {HERE}"
        + tasks(
            "{name: Ask the cloud, behave: {result: {changed: false}}}",
            "{name: Make the key, behave: {result: {changed: true, say: ['2 keys: about $0.02', '  indented']}}}",
            "{name: Never, behave: {result: {changed: true}}, when: false}",
            "{name: Make the rules, behave: {result: {changed: '{{ item }}'}}, loop: [true, false, true]}",
        )
    )
    assert untimed(done.stdout) == [
        "2 keys: about $0.02",
        "  indented",
        "Bring up the cloud side",
        "  + Make the key",
        "  + Make the rules (2)",
        "done: 2 changes, 0 failures",
    ]
    assert done.stderr == ""
    assert not re.search("[\x1b\r]", done.stdout), "no colours in a pipe"


def test_nothing_to_do_is_one_line_but_a_modules_warning_is_not_hidden(play: Play) -> None:
    done = play(f"- name: Look\n  {HERE}" + tasks("{name: Look, behave: {result: {warn: The clock is wrong.}}}"))
    assert untimed(done.stdout) == ["done: 0 changes, 0 failures"]
    assert "The clock is wrong." in done.stderr


def test_what_a_module_says_when_it_gives_up_is_a_list_without_json(play: Play) -> None:
    failing = r'{name: Check everything, behave: {result: {failed: true, msg: "- No name.\n- No student."}}}'
    done = play(f"- name: Plan the lab\n  {HERE}" + tasks(failing))
    assert done.stdout.splitlines()[:3] == [
        "Plan the lab",
        "  ✗ Check everything: No name.",
        "    - No student.",
    ]
    assert "{" not in done.stdout
    assert done.returncode == 2
    assert done.stderr == ""


def test_a_crash_is_a_bug(play: Play) -> None:
    done = play(f"- name: Plan the lab\n  {HERE}" + tasks("{name: Check everything, behave: {crash: true}}"))
    assert "This is a bug in classlab, not in your class file: Module failed: division by zero." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.fixture
def in_place(folder: Path) -> dict[str, str]:
    """The test's module runs as those of this computer do."""
    (folder / "actions").mkdir()
    (folder / "actions" / "behave.py").write_text("from classlab.inplace import ActionModule")
    return environment(folder, ANSIBLE_ACTION_PLUGINS=str(folder / "actions"))


def test_in_ansibles_own_process_a_module_does_as_it_does_elsewhere(
    play: Play, folder: Path, command: Command, in_place: dict[str, str]
) -> None:
    # Some are ignored, so that the play goes on and there is more to compare.
    playbook = f"- name: Plan the lab\n  {HERE}" + tasks(
        "{name: Warn, behave: {result: {warn: The clock is wrong., changed: true, say: [One., Two.]}}}",
        "{name: Again, behave: {result: {changed: '{{ item }}'}}, loop: [true, false, true]}",
        "{name: Misspell, behave: {results: {}}, ignore_errors: true}",
        "{name: Pass it by, behave: {result: {failed: true, msg: 'No.'}}, ignore_errors: true}",
        "{name: Give up, behave: {result: {failed: true, msg: 'No room.'}}}",
    )
    elsewhere = play(playbook)
    done = subprocess.run(command(playbook), env=in_place, cwd=ROOT, capture_output=True, text=True)
    assert untimed(done.stdout) == untimed(elsewhere.stdout)
    assert "✗ Give up: No room." in done.stdout
    assert (done.returncode, done.stderr) == (elsewhere.returncode, elsewhere.stderr)


def test_a_crash_in_ansibles_own_process_is_a_bug_as_well(
    folder: Path, command: Command, in_place: dict[str, str]
) -> None:
    words = command(f"- name: Plan the lab\n  {HERE}" + tasks("{name: Check everything, behave: {crash: true}}"))
    done = subprocess.run(words, env=in_place, cwd=ROOT, capture_output=True, text=True)
    assert "This is a bug in classlab, not in your class file: " in done.stdout
    assert "division by zero." in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 2


def test_what_is_ignored_or_rescued_is_no_failure(play: Play) -> None:
    failing = "behave: {result: {failed: true, msg: 'No.'}}"
    done = play(
        f"- name: Plan the lab\n  {HERE}"
        + tasks(
            f"{{name: Try, {failing}, ignore_errors: true}}",
            f"{{name: Either, block: [{{name: This, {failing}}}], rescue: [{{name: Or that, behave: {{}}}}]}}",
        )
    )
    assert "✗" not in done.stdout
    assert "0 failures" in done.stdout
    assert done.returncode == 0


def test_what_failed_in_a_loop_is_told_once_with_all_reasons(play: Play) -> None:
    failing = (
        "{name: Remove it, behave: {result: {failed: '{{ item.bad }}', msg: '{{ item.why }} is in use.'}}, "
        "loop: [{bad: true, why: sg-1}, {bad: false, why: sg-2}, {bad: true, why: sg-3}]}"
    )
    done = play(f"- name: Take it down\n  {HERE}" + tasks(failing), name="down")
    assert done.stdout.splitlines()[:3] == ["Take it down", "  ✗ Remove it: sg-1 is in use.", "    - sg-3 is in use."]
    assert untimed(done.stdout)[-1] == "ended: 0 changes, 1 failure"


def test_seats_are_told_by_role_and_end_in_a_table(play: Play, folder: Path) -> None:
    role(
        folder,
        "deadsnakes_python",
        "{name: Install Python, behave: {result: {changed: true}}}",
        "{name: See it, behave: {}}",
    )
    bad = "{changed: false, failed: '{{ bad is defined }}', msg: 'The disk is full. Make room.'}"
    role(folder, "venv", f"{{name: Make the venv, behave: {{result: {bad}}}}}")
    role(folder, "project", "{name: Copy the project, behave: {result: {changed: true}}}")
    lab = "{name: Know the lab, behave: {result: {lab: {name: cs, ends_at: '2099-11-20T18:00:00Z'}}}}"
    look = "{name: Look into the seats, behave: {result: {seats_asked: [ada, bob, cy, dora]}}}"
    done = play(
        f"- name: Plan the lab\n  {HERE}{tasks(lab, look)}"
        # Nothing is missing on cy's.
        f"- name: Set up the seats\n  {SEATS.replace('lab_seats', 'lab_seats:!cy')}"
        + tasks(
            "{ansible.builtin.import_role: {name: deadsnakes_python}}",
            "{ansible.builtin.import_role: {name: venv}}",
            "{ansible.builtin.import_role: {name: project}}",
        ),
        hosts="ada bad=1\nbob\ncy\ndora",
    )
    lines = untimed(done.stdout)
    assert sorted(lines[1:5]) == sorted(
        [
            "  + deadsnakes python  3 seats",
            "  ✗ ada: Make the venv: The disk is full. Make room.",
            "  ✗ venv               failed: ada",
            "  + project            2 seats",
        ]
    )
    assert lines[0] == "Set up the seats"
    assert lines[5:13] == [
        "",
        "student  seat     state   what failed",
        "ada      cs-ada   failed  venv: The disk is full.",
        "                          make up CLASS=cs101 STUDENT=ada",
        "bob      cs-bob   ready",
        "cy       cs-cy    ready",
        "dora     cs-dora  ready",
        "",
    ]
    assert (
        "3 seats of cs are ready. To log in to bob's, for example:\n  ssh -F .lab/cs101/ssh_config bob\n" in done.stdout
    )
    assert "The lab ends itself on Fri 20 Nov at " in done.stdout
    assert "make down CLASS=cs101" in done.stdout
    assert done.returncode == 2
    assert done.stderr == ""


def test_a_second_run_says_that_nothing_changed(play: Play) -> None:
    done = play(f"- name: Set up the seats\n  {SEATS}" + tasks("{name: See it, behave: {}}"), hosts="ada\nbob")
    assert "Nothing changed: 2 seats of cs are ready." in done.stdout
    assert "0 changes, 0 failures" in done.stdout


def test_thirty_seats_are_no_thirty_lines(play: Play) -> None:
    hosts = "\n".join(f"s{number}" for number in range(30))
    done = play(
        f"- name: Set up the seats\n  {SEATS}" + tasks("{name: Make it, behave: {result: {changed: true}}}"),
        hosts=hosts,
    )
    assert "  + Make it            30 seats" in done.stdout
    assert "30 seats of cs are ready" in done.stdout
    assert len(done.stdout.splitlines()) < 10


def test_a_seat_without_ssh_is_told_in_a_sentence(play: Play) -> None:
    away = "ada ansible_host=127.0.0.1 ansible_port=1 ansible_connection=ssh #"
    done = play(f"- name: Set up the seats\n  {SEATS}" + tasks("{name: Make it, behave: {}}"), hosts=away)
    assert "✗ ada: Make it: It runs, but its SSH does not answer yet." in done.stdout
    assert re.search(r"^ada +cs-ada +unreachable +Make it: It runs", done.stdout, re.MULTILINE)
    assert done.returncode == 4


def test_seats_that_the_cloud_side_lacks_are_in_the_table(play: Play) -> None:
    refused = "[{student: bob, reason: No zone has room for a t3.large.}]"
    untrusted = "[{student: cy, reason: Another key answered.}]"
    done = play(
        f"- name: Bring up the cloud side\n  {HERE}"
        + tasks(
            f"{{name: Launch, ansible.builtin.set_fact: {{lab_seats_refused: {refused}}}}}",
            f"{{name: Pin, ansible.builtin.set_fact: {{seat_trust_failures: {untrusted}}}}}",
            "{name: Copy, behave: {result: {seat_failures: [{student: dora, reason: Gone.}]}}}",
        )
    )
    assert re.search(r"^bob +cs-bob +no seat +No zone has room for a t3.large.$", done.stdout, re.MULTILINE)
    assert re.search(r"^cy +cs-cy +not trusted +Another key answered.$", done.stdout, re.MULTILINE)
    assert re.search(r"^dora +cs-dora +failed +Gone.$", done.stdout, re.MULTILINE)


def test_a_program_gets_one_document_and_nothing_else(folder: Path, command: Command) -> None:
    playbook = f"- name: Bring up the cloud side\n  {HERE}" + tasks(
        "{name: Make the key, behave: {result: {changed: true, say: [One key.], document: {keys: 1}}}}",
        "{name: Trust, behave: {result: {seat_failures: [{student: cy, reason: Another key answered.}]}}}",
    )
    playbook += f"- name: Set up the seats\n  {SEATS}" + tasks(
        "{name: Look, behave: {result: {failed: '{{ inventory_hostname == \"bob\" }}', msg: No room.}}}"
    )
    words = command(playbook, hosts="ada\nbob")
    done = subprocess.run(words, env=environment(folder, LAB_FORMAT="json"), cwd=ROOT, capture_output=True, text=True)
    assert json.loads(done.stdout) == {
        "verb": "up",
        "class": "cs101",
        "lab": "cs",
        "ok": False,
        "changes": 1,
        "failures": [
            {"student": "bob", "step": "Look", "said": ["No room."]},
            {"student": "cy", "step": "failed", "said": ["Another key answered."]},
        ],
        "keys": 1,
    }
    assert "One key." in done.stderr
    assert "  + Make the key" in done.stderr


def test_a_class_without_seats_is_no_noise(folder: Path, cloud: LocalCloud, command: Command) -> None:
    """What Ansible says of an inventory without hosts is no teacher's concern: the plan tells of them."""
    look = tasks("{name: Look, behave: {}}")
    words = command(f"- name: Look\n  {HERE}{look}- name: Set up the seats\n  {SEATS}{look}")
    words[2:3] = ["inventory/lab.aws_ec2.yml", "-i", "inventory/localhost.yml"]
    told = clouds.localcloud_environment(os.environ, cloud.env, ROOT, "us-east-1")
    settings = {**environment(folder), **told, "LAB_NAME": "cs", "LAB_FOLDER": str(folder)}
    del settings["ANSIBLE_INVENTORY_ENABLED"]
    done = subprocess.run(words, env=settings, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# Two steps of three seats; bob fails in the second one, and cy is through with it sooner than ada.
MOVING = f"- name: Set up the seats\n  {SEATS}" + tasks(
    "{name: Make it, behave: {takes: 2, result: {changed: true}}}",
    "{name: Start it, behave: {takes: '{{ takes | default(3) }}', "
    "result: {changed: true, msg: No room., failed: '{{ bad is defined }}'}}}",
)
THREE = "ada takes=4\nbob bad=1 takes=3\ncy takes=1"


def test_a_terminal_shows_what_moves_and_in_the_end_what_a_pipe_gets(
    folder: Path, command: Command, play: Play
) -> None:
    words = command(MOVING, hosts=THREE)
    frames: list[str] = []
    with Screen() as screen:
        status = screen.watch(screen.start(words, environment(folder), ROOT), frames.append)
        seen = screen.read()
        assert screen.cursor_shown
    assert status == 2
    moving = next(each for each in frames if re.search(r"… ada +Make it +Make it +1 s\n", each))
    assert re.search(r"^  … bob +Make it +Make it", moving, re.MULTILINE)
    assert re.search(r"^  ━+.*  0 of 3 seats done", moving, re.MULTILINE)
    assert any(re.search(r"^  ✓ cy +done(?s:.*)  1 of 3 seats done", each, re.MULTILINE) for each in frames)
    failed = next(each for each in frames if "1 failed" in each)
    assert re.search(r"^  ✗ bob +Start it: No room\.$", failed, re.MULTILINE)
    piped = play(MOVING, hosts=THREE)
    assert not re.search("[\x1b\r]", piped.stdout)
    assert sorted(untimed(seen)) == sorted(untimed(piped.stdout))
    assert "\x1b[0;33m  + Make it" in screen.written.decode()


def test_many_seats_and_many_forks_leave_nothing_behind(folder: Path, command: Command) -> None:
    hosts = "\n".join(f"s{number}" for number in range(40))
    look = [f"{{name: Look {number}, behave: {{result: {{warn: The clock is wrong.}}}}}}" for number in range(3)]
    words = command(f"- name: Set up the seats\n  {SEATS}" + tasks(*look), hosts=hosts)
    with Screen(80, 12) as screen:
        heights: set[int] = set()

        def glance(seen: str) -> None:
            if bar := re.search(r"^(  […·✓✗].*\n)+  ━*.* of 40 seats done", seen, re.MULTILINE):
                heights.add(bar[0].count("\n") + 1)

        assert screen.watch(screen.start(words, environment(folder), ROOT), glance) == 0
        seen = screen.read()
    assert heights and max(heights) == 10
    assert "seats done" not in seen
    assert "40 seats of cs are ready" in seen
    assert seen.count("The clock is wrong.") == 1


@pytest.mark.parametrize("settings", [{"TERM": "dumb"}, {"CI": "true"}])
def test_where_lines_cannot_be_drawn_over_or_nobody_looks_they_are_not(
    folder: Path, command: Command, settings: dict[str, str]
) -> None:
    with Screen() as screen:
        program = screen.start(command(MOVING, hosts=THREE), environment(folder, NO_COLOR="1", **settings), ROOT)
        assert screen.watch(program) == 2
        assert b"\x1b" not in screen.written


def test_a_terminal_without_colours_gets_none(folder: Path, command: Command) -> None:
    with Screen() as screen:
        screen.watch(screen.start(command(MOVING, hosts=THREE), environment(folder, NO_COLOR="1"), ROOT))
        assert b"of 3 seats done" in screen.written
        assert not re.search(rb"\x1b\[[0-9;]*m", screen.written)


def test_a_program_reads_its_document_while_a_teacher_watches(folder: Path, command: Command) -> None:
    with Screen() as screen:
        words = ["sh", "-c", 'exec "$@" >document', "sh", *command(MOVING, hosts=THREE)]
        settings = environment(folder, LAB_FORMAT="json")
        screen.watch(screen.start(words, {**settings, "PWD": str(folder)}, folder))
        assert b"of 3 seats done" in screen.written
        assert "student  seat" in screen.read()
    assert json.loads((folder / "document").read_text())["changes"] == 5


def test_a_question_is_not_drawn_over(folder: Path, command: Command) -> None:
    asking = "{name: Ask, ansible.builtin.pause: {prompt: 'Remove all this? [y/N]'}, register: said}"
    after = "{name: Heed it, behave: {takes: 1.5, result: {changed: true, say: ['{{ said.user_input }} it is.']}}}"
    before = "{name: Look, behave: {takes: 1.5}}"
    with Screen() as screen:
        words = command(f"- name: Remove it\n  {HERE}" + tasks(before, asking, after))
        program = screen.start(words, environment(folder), ROOT)
        screen.wait_for("  … Look")
        screen.wait_for("[y/N]:")
        screen.read()
        before_answer = len(screen.written)
        with pytest.raises(subprocess.TimeoutExpired):
            program.wait(1.5)
        assert screen.read().endswith("[y/N]:")
        assert len(screen.written) == before_answer
        screen.type("yes\r")
        screen.wait_for("  … Heed it")
        assert screen.watch(program) == 0
        assert "yes it is." in screen.read()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda each: each.name)
def test_however_it_ends_the_terminal_is_one_to_work_in(folder: Path, command: Command, number: signal.Signals) -> None:
    playbook = f"- name: Set up the seats\n  {SEATS}" + tasks("{name: Make it, behave: {takes: 20}}")
    with Screen() as screen:
        program = screen.start(command(playbook, hosts="ada\nbob"), environment(folder), ROOT)
        screen.wait_for("0 of 2 seats done")
        if number == signal.SIGINT:
            screen.type("\x03")
        else:
            program.send_signal(number)
        screen.watch(program)
        seen = screen.read()
        assert screen.cursor_shown
        assert screen.at_line_begin
    # Where Ansible is ended at once, nobody can take the lines away any more.
    assert ("seats done" in seen) == (number != signal.SIGINT)
