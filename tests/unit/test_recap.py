"""The end of a run: the table, and what can be done now."""

from datetime import datetime, timedelta, timezone

from classlab.display.recap import Closing, Seat, closing, fold, listed, table

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone(timedelta(hours=1)))
DEMO = Closing(lab="demo", ssh_config=".lab/demo/ssh_config", ends_at="2026-11-20T18:30:00Z", verb="up", now=NOW)
CS101 = Closing(lab="cs", class_name="cs101", verb="up")


def end(seats: list[Seat], facts: Closing = DEMO, changes: int = 3, failures: int = 0) -> list[str]:
    return [line for line, _ in closing(seats, facts, changes, failures, 80)]


def test_all_is_well() -> None:
    assert end([Seat("grace"), Seat("ada")]) == [
        "",
        "student  seat        state",
        "ada      demo-ada    ready",
        "grace    demo-grace  ready",
        "",
        "2 seats of demo are ready. To log in to ada's, for example:",
        "  ssh -F .lab/demo/ssh_config ada",
        "The lab ends itself on Fri 20 Nov at 19:30 UTC+01:00, in 7 h 30 min. To end it now:",
        "  make down",
    ]


def test_nothing_changed_is_said() -> None:
    assert any(
        line.startswith("Nothing changed: 1 seat of demo is ready. To log in:")
        for line in end([Seat("ada")], changes=0)
    )
    assert not any("Nothing changed" in line for line in end([Seat("ada")]))


def test_failures_come_first_each_with_the_line_that_tries_again() -> None:
    seats = [Seat("ada"), Seat("zoe", "failed", "venv: The disk is full."), Seat("bob", "no seat", "No zone has room.")]
    assert end(seats, CS101, failures=1)[:8] == [
        "",
        "student  seat    state    what failed",
        "bob      cs-bob  no seat  No zone has room.",
        "                          make up CLASS=cs101 STUDENT=bob",
        "zoe      cs-zoe  failed   venv: The disk is full.",
        "                          make up CLASS=cs101 STUDENT=zoe",
        "ada      cs-ada  ready",
        "",
    ]


def test_many_seats_are_listed_only_when_something_failed() -> None:
    seats = [Seat(f"s{number:02}") for number in range(30)]
    assert table(seats, DEMO, 80) == []
    assert any("30 seats of demo are ready" in line for line in end(seats))
    lines = end([*seats, Seat("bob", "unreachable", "It does not answer.")])
    assert lines[2].startswith("bob")
    assert lines[4].split() == ["30", "others", "ready"]
    assert len(lines) < 15


def test_the_table_fits_eighty_columns() -> None:
    seats = [Seat("a-student-with-a-rather-long-name", "failed", "deadsnakes python: " + "word " * 30), Seat("ada")]
    assert all(len(line) <= 80 for line in end(seats, CS101))


def test_what_bills_is_said_when_an_up_fails() -> None:
    lines = " ".join(end([], CS101, changes=2, failures=1))
    assert "stays, and bills on AWS" in lines
    assert "`make down CLASS=cs101`" in lines
    assert "bills" not in " ".join(end([], CS101, changes=0, failures=1)), "nothing was made"
    assert "bills" not in " ".join(end([], Closing(verb="down"), changes=2, failures=1)), "down tells it itself"


def test_a_playbook_without_seats_ends_with_nothing_but_its_last_line() -> None:
    assert end([], Closing(lab="demo", verb="allow")) == []


def test_names_and_lines() -> None:
    assert listed(["ada", "bob"]) == "ada, bob"
    assert listed([f"s{number}" for number in range(8)]) == "s0, s1, s2, s3, s4 and 3 more"
    assert fold("a " * 100, None, "") == ["a " * 100]
    path = "/" + "x" * 100
    assert path in fold(f"The file {path} is not there.", 80, "  ")[1]
    lines = fold("Then it is best to type what is between these: `make up CLASS=cs101 STUDENT=ada`.", 80, "")
    assert lines[1] == "`make up CLASS=cs101 STUDENT=ada`."
