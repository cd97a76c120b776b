"""Hands Ansible's events to classlab.display.story and prints the lines that come back; all wording is there."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants as C  # noqa: N812 - Ansible's own name for it
from ansible.playbook.handler import Handler
from ansible.plugins.callback import CallbackBase
from ansible.utils.color import ANSIBLE_COLOR

from classlab import economy
from classlab.display import failures
from classlab.display.board import Board
from classlab.display.live import Live
from classlab.display.recap import Closing, fold
from classlab.display.story import Line, Mood, Story

if TYPE_CHECKING:
    from ansible.executor.stats import AggregateStats
    from ansible.executor.task_result import CallbackTaskResult
    from ansible.inventory.host import Host
    from ansible.playbook import Playbook
    from ansible.playbook.play import Play
    from ansible.playbook.task import Task

    from classlab.display.frame import Painter

DOCUMENTATION = """
name: classlab
type: stdout
short_description: what a teacher reads while a playbook runs
description:
  - On this computer, a line for each change. On hosts, a line for each role when all are through it, and each failure
    at once. At the end a table of the hosts in the group C(lab_seats), with the line that tries a failed one again.
  - On a terminal, below that, what each host does at this moment, a bar of all of them and the time left. Not where
    E(TERM) is C(dumb), nor with E(CI).
  - C(say) in a module's result, a list of lines, is printed as it is. A module that fails with C(told_all) says
    there why. C(lab) tells the lab's name and its end.
  - C(seat_failures) in a module's result, a list of C({student, reason}), goes into the table; so do the facts
    C(lab_seats_refused), C(seat_trust_failures) and C(seat_facts_failures). C(seats_asked), a list of students, puts
    those into the table whose seats no play has to enter.
  - Colours only on a terminal, and not with E(NO_COLOR).
  - With E(LAB_FORMAT=json) all this goes to standard error, and to standard output one JSON document at the end. What a
    module returns as C(document), a dictionary, is part of it. With E(LAB_FORMAT=csv) it is what a module returns as
    C(csv).
"""

COLOURS = {
    Mood.HEADING: C.config.get_config_value("COLOR_HIGHLIGHT"),
    Mood.CHANGED: C.config.get_config_value("COLOR_CHANGED"),
    Mood.FAILED: C.config.get_config_value("COLOR_ERROR"),
    Mood.GOOD: C.config.get_config_value("COLOR_OK"),
}
# Facts that tell of seats which are not as they should be -> the word for the table.
LACKING = {"lab_seats_refused": "no seat", "seat_trust_failures": "not trusted", "seat_facts_failures": "unreachable"}
# How a line that a module says is meant, by its first letter.
MARKED = {"✓": Mood.GOOD, "✗": Mood.FAILED}
UNTOLD = ("ansible.builtin.validate_argument_spec", "validate_argument_spec")
ASKING = ("pause", "ansible.builtin.pause")
# What is over sooner here needs no line that says so.
SHOWN_AFTER = 1.0


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "stdout"
    CALLBACK_NAME = "classlab"

    def __init__(self) -> None:
        super().__init__()
        self._form = os.environ.get("LAB_FORMAT", "")
        self._csv = ""
        self._board = Board()
        self._painter: Painter | None = None
        self._live = self._on_terminal()
        self._last_task = ""
        self._began: dict[tuple[str, str], float] = {}
        self._lab: dict[str, Any] = {}
        self._verb = ""
        width = self._display.columns if sys.stdout.isatty() else None
        self._story = Story(width)

    # The run

    def v2_playbook_on_start(self, playbook: Playbook) -> None:
        economy.read_vars_files_once()
        # up-without-ssh is a way of doing `up`.
        self._verb = Path(str(playbook._file_name)).stem.partition("-")[0]

    def v2_playbook_on_play_start(self, play: Play) -> None:
        known = play.get_variable_manager().get_vars(play=play)
        hosts = known.get("ansible_play_hosts_all", [])
        # Beside seats this computer is only there.
        hosts = [each for each in hosts if each != "localhost"] or hosts
        economy.look_for(0 if set(hosts) <= {"localhost"} else len(hosts))
        self._print(self._story.begin(play.get_name().strip(), hosts, known["groups"].get("lab_seats", [])))
        if self._live:
            tasks = [
                each for block in play.compile() for each in block.get_tasks() if each.action not in C._ACTION_META
            ]
            self._last_task = tasks[-1]._uuid if tasks else ""
            roster = {student: place for place, student in enumerate(known.get("lab_on_roster", []))}
            going = sorted(
                (each for each in known.get("ansible_play_hosts", hosts) if each in hosts),
                key=lambda host: roster.get(host, len(roster)),
            )
            with self._display._lock:
                self._board.begin(going, [_step(each) for each in tasks], here=set(hosts) <= {"localhost"})
            self._live.quiet(False)

    def v2_playbook_on_vars_prompt(self, *_words: Any, **_more: Any) -> None:
        if self._live:
            self._live.quiet()

    def v2_playbook_on_stats(self, _stats: AggregateStats) -> None:
        if self._live:
            self._live.stop()
        ssh_config = os.environ.get("LAB_FOLDER", "") and Path(os.environ["LAB_FOLDER"], "ssh_config")
        name = os.environ.get("LAB_CLASS", "demo")
        facts = Closing(
            lab=self._lab.get("name") or os.environ.get("LAB_NAME", ""),
            class_name=name,
            ssh_config=_near(ssh_config) if ssh_config else "",
            ends_at=self._lab.get("ends_at") or "",
            verb=self._verb,
        )
        self._print(self._story.end(facts))
        if self._form == "json":
            print(json.dumps(self._story.as_document(facts), indent=2))
        elif self._form == "csv":
            print(self._csv, end="")

    # Tasks

    def v2_runner_on_start(self, host: Host, task: Task) -> None:
        self._began[host.get_name(), task._uuid] = time.monotonic()
        with self._display._lock:
            self._board.start(host.get_name(), _step(task), "" if task.action in UNTOLD else _name(task))
        self._print(self._story.start(host.get_name(), _step(task)))
        # Whoever is asked a question must see the question.
        if self._live and task.action in ASKING:
            self._live.quiet()

    def v2_runner_on_ok(self, result: CallbackTaskResult) -> None:
        self._handle_warnings(result.result)
        self._over(result)
        looped = result.result.get("results") if result.task.loop is not None else None
        if looped is None:
            self._listen(result)
        changed = int(bool(result.result.get("changed")))
        if changed and looped:
            changed = sum(bool(each.get("changed")) for each in looped)
        took = time.monotonic() - self._began.get((result.host.get_name(), result.task._uuid), time.monotonic())
        self._print(self._story.ok(*_where(result), changed, took))

    def v2_runner_on_skipped(self, result: CallbackTaskResult) -> None:
        self._over(result)

    def v2_runner_on_failed(self, result: CallbackTaskResult, ignore_errors: bool = False) -> None:
        self._handle_warnings(result.result)
        if result.task.loop is None or "results" not in result.result:
            self._listen(result)
            told = result.result
        else:
            # One failure for the host, with the words of each item that failed.
            bad = [each for each in result.result["results"] if each.get("failed") or "exception" in each]
            said = [line for each in bad for line in failures.failed(each, self._again(result)).sentences]
            told = {"msg": "\n".join(said) or result.result.get("msg", "")}
        if ignore_errors or _rescued(result.task):
            self._over(result)
        else:
            self._story.told_all = bool(told.get("told_all"))
            self._failed(result, failures.failed(told, self._again(result)))

    def v2_runner_on_unreachable(self, result: CallbackTaskResult) -> None:
        self._handle_warnings(result.result)
        self._failed(result, failures.unreachable(result.result, self._again(result)), "unreachable")

    def v2_runner_item_on_ok(self, result: CallbackTaskResult) -> None:
        self._listen(result)

    def v2_runner_item_on_failed(self, result: CallbackTaskResult) -> None:
        self._listen(result)

    def _listen(self, result: CallbackTaskResult) -> None:
        """What a result tells besides its outcome."""
        told = [result.result.get("msg")] if result.task.action in C._ACTION_DEBUG else result.result.get("say")
        for line in map(str, told or []):
            mood = MARKED.get(line.strip()[:1], Mood.PLAIN)
            self._print([Line(part, mood) for part in fold(line, self._story.width, "")])
        self._story.document |= result.result.get("document") or {}
        self._csv += result.result.get("csv") or ""
        self._story.there(result.result.get("seats_asked") or [])
        self._story.lacking(result.result.get("seat_failures") or [])
        facts = result.result.get("ansible_facts") or {}
        self._lab = result.result.get("lab") or self._lab
        for fact, word in LACKING.items():
            self._story.lacking(facts.get(fact) or [], word)

    def _again(self, result: CallbackTaskResult) -> str:
        """What tries it once more: the same verb here, and on a seat `up`, which mends all that is amiss there."""
        host = result.host.get_name()
        this = Closing(class_name=os.environ.get("LAB_CLASS", "demo"))
        return this.make(self._verb) if host == "localhost" else this.make("up", host)

    def _over(self, result: CallbackTaskResult, *, last: bool = False) -> None:
        with self._display._lock:
            self._board.over(result.host.get_name(), last=last or result.task._uuid == self._last_task)
        if self._live and result.task.action in ASKING:
            self._live.quiet(False)

    def _failed(self, result: CallbackTaskResult, failure: failures.Failure, state: str = "failed") -> None:
        host, step, task = _where(result)
        with self._display._lock:
            self._board.failed(host, f"{step}: {failure.brief}")
        lines = self._story.failed(host, step, task, failure, state)
        self._print([] if self._story.told_all else lines)

    # The terminal

    def _on_terminal(self) -> Live | None:
        """Lines that move, for somebody who sees them: a program, a file or a CI's log has no use for them."""
        stream = sys.stderr if self._form else sys.stdout
        if not stream.isatty() or os.environ.get("TERM", "dumb") == "dumb" or os.environ.get("CI"):
            return None
        live = Live(stream, self._display._lock, self._frame)
        live.start()
        return live

    def _frame(self, width: int, height: int) -> list[str]:
        if self._painter is None:
            if self._board.here and self._board.clock() - self._board.since < SHOWN_AFTER:
                return []
            from classlab.display.frame import Painter  # with rich, for which a quick verb does not have to wait

            self._painter = Painter(colours=ANSIBLE_COLOR)
        return self._painter.lines(self._board, width, height)

    def _print(self, lines: list[Line]) -> None:
        for line in lines:
            self._display.display(line.text, color=COLOURS.get(line.mood), stderr=bool(self._form))
        sys.stdout.flush()
        if lines and self._live:
            self._live.draw()


def _where(result: CallbackTaskResult) -> tuple[str, str, str]:
    return result.host.get_name(), _step(result.task), _name(result.task)


def _step(task: Task) -> str:
    """A role's tasks are one step; its handlers come after all roles, each a step of its own."""
    if task._role is None or isinstance(task, Handler):
        return _name(task)
    return str(task._role.get_name(include_role_fqcn=False)).replace("_", " ")


def _name(task: Task) -> str:
    return str(task.name or task.action)


def _rescued(task: Task) -> bool:
    """Is there a `rescue` for it? Then it is not yet a failure."""
    inner, outer = task, task._parent
    while outer is not None:
        if getattr(outer, "rescue", None) and inner._uuid in {each._uuid for each in outer.block}:
            return True
        inner, outer = outer, outer._parent
    return False


def _near(path: Path) -> str:
    """As one would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
