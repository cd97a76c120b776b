"""What a teacher reads: the lines that come of a run's events."""

from classlab.display.failures import Failure
from classlab.display.recap import Closing
from classlab.display.story import Line, Mood, Story


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def story(hosts: list[str]) -> Story:
    told = Story(clock=Clock())
    told.begin("Set up the seats", hosts, hosts)
    return told


def text(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


def step(told: Story, host: str, name: str, changed: int = 1) -> list[str]:
    return text([*told.start(host, name), *told.ok(host, name, "Make it", changed)])


FULL = Failure(("The disk is full.",))


def test_a_change_here_is_a_line_under_the_plays_heading() -> None:
    told = Story(clock=Clock())
    assert told.begin("Cloud", ["localhost"]) == []
    assert told.ok("localhost", "key", "See the key", 0) == []
    lines = told.ok("localhost", "key", "Make the key", 1, seconds=3.4)
    assert lines == [Line("Cloud", Mood.HEADING), Line("  + Make the key  (3 s)", Mood.CHANGED)]
    assert text(told.ok("localhost", "key", "Make the students' keys", 2)) == ["  + Make the students' keys (2)"]


def test_a_step_of_the_seats_is_told_once_when_the_last_seat_is_through() -> None:
    told = story(["ada", "bob"])
    assert step(told, "ada", "pip") == []
    assert step(told, "ada", "venv") == []
    assert step(told, "bob", "pip") == []
    assert text(told.start("bob", "venv")) == ["Set up the seats", "  + pip                2 seats"]


def test_unchanged_steps_are_not_told() -> None:
    told = story(["ada"])
    for name in ("probe", "pip", "venv"):
        assert step(told, "ada", name, 0) == []
    assert text(told.end(Closing()))[-1] == "done in 0 s: 0 changes, 0 failures"


def test_a_step_says_how_long_it_took() -> None:
    told = story(["ada"])
    told.start("ada", "pip")
    told.clock.now = 12  # type: ignore[attr-defined]
    told.ok("ada", "pip", "Make it", 1)
    assert text(told.start("ada", "venv"))[-1] == "  + pip                1 seat  (12 s)"


def test_a_failure_is_told_at_once_and_the_step_counts_it() -> None:
    told = story(["ada", "bob"])
    told.start("ada", "pip")
    told.start("bob", "pip")
    assert text(told.failed("ada", "pip", "Install pip", FULL)) == [
        "Set up the seats",
        "  ✗ ada: Install pip: The disk is full.",
    ]
    told.ok("bob", "pip", "Install pip", 1)
    assert text(told.start("bob", "venv")) == ["  ✗ pip                1 seat, failed: ada"]
    step(told, "bob", "venv")
    assert "  + venv               1 seat" in text(told.end(Closing()))


def test_thirty_seats_that_fail_alike_are_two_lines() -> None:
    hosts = [f"s{number}" for number in range(30)]
    told = story(hosts)
    lines = []
    for host in hosts:
        told.start(host, "python")
    for host in hosts:
        lines += told.failed(host, "python", "Install Python", Failure((f"Launchpad is down. Then `make up {host}`.",)))
    assert text(lines)[1:] == [
        "  ✗ s0: Install Python: Launchpad is down. Then `make up s0`.",
        "  ✗ s1, s2, s3, s4, s5 and 24 more: Install Python: the same as s0",
        "  ✗ python             failed: s0, s1, s2, s3, s4 and 25 more",
    ]


def test_a_short_name_inside_of_words_does_not_hide_that_failures_are_alike() -> None:
    told = story(["a", "b"])
    told.start("a", "pip")
    told.start("b", "pip")
    told.failed("a", "pip", "Install", Failure(("What a bad day.",)))
    assert "  ✗ b: Install: the same as a" in text(told.failed("b", "pip", "Install", Failure(("What b bad day.",))))


def test_several_sentences_are_a_list() -> None:
    told = Story(clock=Clock())
    told.begin("Plan", ["localhost"])
    lines = told.failed("localhost", "lab plan", "Check everything", Failure(("No name.", "No student.")))
    assert text(lines) == ["Plan", "  ✗ Check everything: No name.", "    - No student."]


def test_long_sentences_are_broken_on_a_terminal_only() -> None:
    sentence = Failure(("word " * 40 + "end.",))
    wide = Story(clock=Clock()).failed("localhost", "", "Try", sentence)
    narrow = Story(width=80, clock=Clock()).failed("localhost", "", "Try", sentence)
    assert len(wide) == 1
    assert len(narrow) == 3
    assert all(len(line.text) <= 80 for line in narrow)


def test_the_last_line_counts_and_says_done_only_when_all_is_well() -> None:
    told = story(["ada", "bob"])
    step(told, "ada", "pip")
    told.start("bob", "pip")
    told.failed("bob", "pip", "Install pip", FULL)
    last = told.end(Closing())[-1]
    assert last == Line("ended in 0 s: 1 change, 1 failure", Mood.FAILED)


def test_seats_that_never_came_are_in_the_table() -> None:
    told = story(["ada"])
    told.lacking([{"student": "bob", "reason": "No zone has room."}], "no seat")
    lines = text(told.end(Closing(lab="demo")))
    assert any(line.startswith("bob") and "no seat" in line and "No zone has room." in line for line in lines)


def test_the_first_cause_of_a_seats_trouble_is_the_one_in_the_table() -> None:
    told = Story(clock=Clock())
    told.lacking([{"student": "ada", "reason": "Another key answered."}], "not trusted")
    told.begin("Set up the seats", ["ada"], ["ada"])
    told.start("ada", "probe")
    told.failed("ada", "probe", "Ask the seat", Failure(("It does not answer.",)), "unreachable")
    assert told.seats["ada"].state == "not trusted"
