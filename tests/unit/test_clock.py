from datetime import UTC, datetime, timedelta

import pytest

from classlab import clock


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2027-03-01 18:00 +0100", "2027-03-01T17:00:00Z"),
        ("2027-03-01T18:00:00+01:00", "2027-03-01T17:00:00Z"),
        ("2027-03-01 18:00:30-0530", "2027-03-01T23:30:30Z"),
        ("2027-03-01T18:00:00Z", "2027-03-01T18:00:00Z"),
        ("2027-3-1 8:00 UTC", "2027-03-01T08:00:00Z"),
        ("2027-07-01 18:00 Europe/Berlin", "2027-07-01T16:00:00Z"),
        ("  2027-01-01 18:00 Europe/Berlin ", "2027-01-01T17:00:00Z"),
    ],
)
def test_times_that_a_teacher_may_write(text: str, utc: str) -> None:
    assert clock.written(clock.read(text)) == utc


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("2027-03-01 18:00", "has no zone"),
        ("2027-03-01", "no time of day"),
        ("tomorrow", "no time that can be read"),
        ("18:00 +0100", "no time that can be read"),
        ("2027-02-30 18:00 Z", "does not exist"),
        ("2027-03-01 25:00 Z", "does not exist"),
        ("2027-03-01 18:00 Mars/North", "'Mars/North'"),
        ("2027-03-01 18:00 +9999", "'+9999'"),
    ],
)
def test_what_cannot_be_read_is_told_with_how_to_write_it(text: str, why: str) -> None:
    with pytest.raises(ValueError, match="write") as caught:
        clock.read(text)
    assert why in str(caught.value)
    assert clock.EXAMPLE in str(caught.value)


def test_a_tag_is_read_as_it_was_written() -> None:
    time = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
    assert clock.tagged(clock.written(time)) == time


def test_a_tag_that_somebody_changed_is_no_time() -> None:
    assert clock.tagged("friday") is None
    assert clock.tagged("") is None


@pytest.mark.parametrize(
    ("length", "words"),
    [
        (timedelta(hours=8), "8 hours"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(days=2, hours=4, minutes=3), "2 days 4 hours"),
        (timedelta(minutes=95), "1 hour 35 minutes"),
        (timedelta(hours=7, minutes=59, seconds=58), "8 hours"),
        (timedelta(seconds=5), "0 minutes"),
        (timedelta(hours=-1), "0 minutes"),
    ],
)
def test_lengths_in_words(length: timedelta, words: str) -> None:
    assert clock.in_words(length) == words


def test_a_time_is_told_in_utc_and_here(monkeypatch: pytest.MonkeyPatch) -> None:
    import time

    when = datetime(2027, 3, 1, 17, 0, tzinfo=UTC)
    for zone, told in (
        ("UTC", "2027-03-01 17:00 UTC"),
        ("Europe/Berlin", "2027-03-01 17:00 UTC (2027-03-01 18:00 +0100 here)"),
    ):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert clock.told(when) == told
    monkeypatch.undo()
    time.tzset()
