"""What moves at the foot of the terminal: who does what, how far the lab is, how long it still takes."""

import random
import time

import pytest
from rich.cells import cell_len

from classlab.display.board import Board, State
from classlab.display.frame import Painter, left
from classlab.display.pace import Pace, Place

STEPS = ["seat facts", "packages", "deadsnakes python", "pip", "venv", "project"]


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def board(clock: Clock, *students: str, steps: list[str] = STEPS) -> Board:
    shown = Board(clock)
    shown.begin(students, steps, here=False)
    return shown


def drawn(shown: Board, width: int = 80, height: int = 24, colours: bool = False) -> list[str]:
    return Painter(colours=colours).lines(shown, width, height)


def wide(begin: str, end: str) -> str:
    return f"{begin}{end:>{79 - len(begin)}}"


def test_a_line_for_each_seat_and_one_for_the_lab(clock: Clock) -> None:
    shown = board(clock, "ada", "bob", "cy", "dora")
    for student in ("ada", "bob", "cy"):
        shown.start(student, "pip", "Install pip3.11")
    clock.now += 4
    shown.failed("bob", "pip: The disk is full.")
    shown.over("ada", last=True)
    clock.now += 3
    assert [line.rstrip() for line in drawn(shown)[:4]] == [
        wide("  ✓ ada   done", "4 s"),
        "  ✗ bob   pip: The disk is full.",
        wide("  … cy    pip                Install pip3.11", "7 s"),
        "  · dora  waiting",
    ]
    assert drawn(shown)[4].endswith("  1 of 4 seats done, 1 failed")
    assert len(drawn(shown)) == 5


def test_on_this_computer_it_is_one_line(clock: Clock) -> None:
    shown = Board(clock)
    shown.begin(["localhost"], ["lab seats"], here=True)
    assert drawn(shown) == []
    shown.start("localhost", "lab seats", "Launch the seats")
    clock.now += 12
    assert drawn(shown) == [wide("  … Launch the seats", "12 s")]
    shown.over("localhost")
    assert drawn(shown) == []


def test_seconds_are_those_of_the_step_however_many_tasks_it_has(clock: Clock) -> None:
    shown = board(clock, "ada")
    shown.start("ada", "pip", "Look for pip")
    clock.now += 2
    shown.over("ada")
    shown.start("ada", "pip", "Install pip")
    clock.now += 130
    assert drawn(shown)[0] == wide("  … ada  pip                Install pip", "2 min 12 s")


def test_of_three_hundred_those_that_move_are_shown_and_the_others_counted(clock: Clock) -> None:
    shown = board(clock, *(f"s{number}" for number in range(300)))
    for number in range(300):
        if number % 2:
            shown.start(f"s{number}", "seat facts", "Look")
            shown.over(f"s{number}", last=number > 20)
    shown.start("s200", "pip", "Install pip")
    shown.failed("s299", "pip: The disk is full.")
    clock.now += 5
    for number in range(10):
        shown.start(f"s{number}", "pip", "Install pip")
    lines = drawn(shown)
    assert len(lines) == 22, "one line above stays, and the cursor has its own"
    names = [line.split()[1] for line in lines[:20]]
    assert names[:11] == [*(f"s{number}" for number in range(10)), "s200"]
    assert names[11:17] == ["s11", "s13", "s15", "s17", "s19", "s299"]
    assert lines[20] == "  … and 280 more: 141 waiting, 139 done"
    assert " of 300 seats done, 1 failed" in lines[21]


@pytest.mark.parametrize("height", [1, 2, 3, 4, 5, 24])
@pytest.mark.parametrize("width", [1, 2, 10, 40, 41, 79, 80, 200])
def test_nothing_is_wider_or_higher_than_the_terminal(clock: Clock, width: int, height: int) -> None:
    shown = board(clock, "ada", "a-name-that-is-as-long-as-a-name-may-be", *(f"s{number}" for number in range(30)))
    for student in ("ada", "s1"):
        shown.start(student, "deadsnakes python", "Bring the project 天気の計算/погода into the student's home" * 2)
    shown.failed(
        "s1", "project: 天気の計算のためのプログラム.py が見つかりません。もう一度やってみてください。そしてまた。"
    )
    clock.now += 100
    lines = drawn(shown, width, height)
    assert 1 <= len(lines) <= max(height - 2, 1)
    assert all(cell_len(line) <= max(width - 1, 1) for line in lines)


def test_what_a_program_said_moves_no_cursor(clock: Clock) -> None:
    shown = board(clock, "ada")
    shown.failed("ada", "pip: \x1b[2J\x07gone\r\nindeed")
    assert drawn(shown)[0] == "  ✗ ada  pip:  [2J gone  indeed"


def test_colours_are_left_away_where_they_are_not_wanted(clock: Clock) -> None:
    shown = board(clock, "ada", "bob")
    shown.failed("ada", "pip: No.")
    assert "\x1b" not in "".join(drawn(shown))
    assert "\x1b[31m" in drawn(shown, colours=True)[0]


def test_the_time_left_is_not_told_before_there_is_a_ground_for_it() -> None:
    pace = Pace(STEPS)
    assert pace.left([Place(0, 5)]) is None
    pace.through(0, 2)
    assert pace.left([Place(1, 5)]) is None, "a short step tells nothing of the long ones"
    pace.through(1, 8)
    pace.through(2, 16)
    # Twice as long as usual until here: so pip, venv and project will take twice as long, too.
    assert pace.left([Place(3, 0), Place(5, 1)]) == pytest.approx(2 * (3 + 2 + 3))


def test_what_had_nothing_to_do_tells_nothing() -> None:
    pace = Pace(STEPS)
    for step in range(5):
        pace.through(step, 0.1)
    assert pace.left([Place(5, 3)]) is None


def test_those_who_wait_come_after_the_others() -> None:
    pace = Pace(["make it"])
    pace.through(0, 10)
    assert pace.left([Place(0, 0)] * 50) == 10
    assert pace.left([Place(0, 0)] * 50, waiting=250) == 60


def test_one_that_takes_much_too_long_cannot_be_reckoned_with() -> None:
    pace = Pace(["make it"])
    pace.through(0, 10)
    assert pace.left([Place(0, 12)]) == 0
    assert pace.left([Place(0, 60)]) is None


def test_who_is_late_in_a_step_will_be_late_in_the_next() -> None:
    pace = Pace(["make it", "start it"])
    pace.through(0, 10)
    assert pace.left([Place(0, 5)]) == 15
    assert pace.left([Place(0, 15)]) == 15


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3, "a few seconds"), (12, "about 10 s"), (54, "about 55 s"), (56, "about 1 min"), (400, "about 7 min")],
)
def test_a_guess_is_told_as_one(seconds: float, words: str) -> None:
    assert left(seconds) == f"{words} left"


@pytest.mark.parametrize("seats", [1, 5, 30, 300])
@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_is_near_what_comes_and_the_bar_only_grows(clock: Clock, seats: int, seed: int) -> None:
    """Classes as they may be: of a third to three times the usual pace, each seat of its own, 50 of them at once."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    usual, speed = {"packages": 4, "deadsnakes python": 8, "pip": 3, "venv": 2, "project": 3}, chance.uniform(0.3, 3)
    shown = board(clock, *(f"s{number}" for number in range(seats)))
    events = []  # when, who, step
    free = [clock.now] * 50
    for number in range(seats):
        free.sort()
        at = free.pop(0)
        for place, step in enumerate(STEPS):
            events.append((at, f"s{number}", place))
            at += usual.get(step, 1) * speed * chance.uniform(0.6, 1.7)
        events.append((at, f"s{number}", len(STEPS)))
        free.append(at)
    end = max(at for at, _, _ in events)
    told, bar, tick = [], 0.0, clock.now
    for at, who, place in sorted(events):
        while tick < at:
            clock.now = tick = tick + 1
            now = shown.sum()
            assert now.share >= bar
            bar = now.share
            if now.left is not None:
                told.append((now.left, end - clock.now))
        clock.now = at
        shown.over(who, last=True) if place == len(STEPS) else shown.start(who, STEPS[place], "Do it")
    wrong = [(guess, truth) for guess, truth in told if abs(guess - truth) > max(truth, 5 * speed)]
    assert len(told) > (end - 100) / 3, "it is told for a good part of the time"
    assert not wrong


def test_a_frame_of_three_hundred_costs_as_much_as_one_of_twenty(clock: Clock) -> None:
    def cost(seats: int) -> float:
        shown = board(clock, *(f"s{number}" for number in range(seats)))
        for student in shown.seats:
            shown.start(student, "pip", "Install pip3.11")
        painter = Painter(colours=True)
        painter.lines(shown, 80, 24)
        costs = []
        for _ in range(15):
            before = time.thread_time()
            painter.lines(shown, 80, 24)
            costs.append(time.thread_time() - before)
        return min(costs)

    # Were each of them drawn, it would be fifteen times as much.
    assert cost(300) < 4 * cost(20)


def test_a_step_that_was_not_to_be_foreseen_is_one_all_the_same(clock: Clock) -> None:
    shown = board(clock, "ada", steps=["pip"])
    shown.start("ada", "Restart the notebook", "Restart the notebook")
    assert "Restart the notebook" in drawn(shown)[0]
    assert shown.sum().share == pytest.approx(3 / 4), "pip is usually three times as long as any other"


def test_a_seat_that_goes_on_after_its_last_task_is_not_done(clock: Clock) -> None:
    shown = board(clock, "ada", steps=["pip"])
    shown.start("ada", "pip", "Install pip")
    shown.over("ada", last=True)
    assert shown.rows(9)[0].state is State.DONE
    shown.start("ada", "Restart it", "Restart it")
    assert shown.rows(9)[0].state is State.MOVES
