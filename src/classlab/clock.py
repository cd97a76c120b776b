"""Deadlines: read from what a teacher writes, kept as UTC, told with how long that is."""

import re
from datetime import UTC, datetime, timedelta

_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d?-\d\d?)[Tt ]+(?P<time>\d{1,2}:\d\d(:\d\d)?)(\.\d+)?\s*"
    r"(?P<zone>[Zz]|[+-]\d\d:?\d\d|[A-Za-z][\w/+-]*)?"
)
EXAMPLE = "2027-03-01 18:00 +0100"


def now() -> datetime:
    """In whole seconds, as tags keep it."""
    return datetime.now(UTC).replace(microsecond=0)


def written(time: datetime) -> str:
    """As in a tag: 2026-11-20T18:00:00Z."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def tagged(text: str) -> datetime | None:
    """A time as a tag keeps it; None when somebody has put something else there."""
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        return None


def read(text: str) -> datetime:
    """A time that a teacher wrote, with its zone. ValueError says how the sentence about it goes on."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        if re.fullmatch(r"\d{4}-\d\d?-\d\d?", text.strip()):
            raise ValueError(f"has a day but no time of day: write it as {EXAMPLE}.")
        raise ValueError(f"is no time that can be read: write it as {EXAMPLE}.")
    if not found["zone"]:
        raise ValueError(f"has no zone, and a lab may end where its teacher is not: write it as {EXAMPLE}.")
    year, month, day = (int(each) for each in found["date"].split("-"))
    hour, minute, second = (int(each) for each in f"{found['time']}:0".split(":")[:3])
    try:
        plain = datetime(year, month, day, hour, minute, second)
    except ValueError as error:
        raise ValueError(f"does not exist ({error}): write it as {EXAMPLE}.") from error
    return _in_zone(plain, found["zone"]).astimezone(UTC)


def in_words(length: timedelta) -> str:
    """The largest two units: 8 hours, 2 days 4 hours, 35 minutes."""
    minutes = max(0, round(length.total_seconds() / 60))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    units = [(days, "day"), (hours, "hour"), (minutes, "minute")]
    told = [f"{count} {unit}{'s' if count != 1 else ''}" for count, unit in units if count]
    return " ".join(told[:2]) or "0 minutes"


def told(time: datetime) -> str:
    """For a teacher, in UTC and in this computer's own zone where that differs."""
    utc = time.astimezone(UTC)
    local = time.astimezone()
    own = "" if local.utcoffset() == timedelta(0) else f" ({local:%Y-%m-%d %H:%M %z} here)"
    return f"{utc:%Y-%m-%d %H:%M} UTC{own}"


def on_paper(time: datetime) -> str:
    """In this computer's zone, and in UTC where that differs: Friday 20 November 2026, 19:00 CET (18:00 UTC)."""
    utc, local = time.astimezone(UTC), time.astimezone()
    other = f"{utc:%H:%M}" if utc.date() == local.date() else f"{utc:%A %H:%M}"
    own = "" if local.utcoffset() == timedelta(0) else f" ({other} UTC)"
    return f"{local:%A} {local.day} {local:%B %Y, %H:%M %Z}{own}"


def _in_zone(plain: datetime, zone: str) -> datetime:
    if zone in ("Z", "z"):
        return plain.replace(tzinfo=UTC)
    if zone[0] in "+-":
        try:
            return datetime.strptime(f"{plain:%Y-%m-%d %H:%M:%S} {zone}", "%Y-%m-%d %H:%M:%S %z")
        except ValueError as error:
            raise ValueError(f"has the zone '{zone}', which is none: write it as {EXAMPLE}.") from error
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return plain.replace(tzinfo=ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(
            f"has the zone '{zone}', which this computer does not know: write a distance, as in {EXAMPLE}."
        ) from error
