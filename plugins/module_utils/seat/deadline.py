"""The seat's deadline: is it armed, and for the right time? roles/deadline/files/arm-deadline.sh arms it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from .files import RECORDS, SeatError, read_text

Run = Callable[..., "tuple[int, str, str]"]

RECORD = f"{RECORDS}/deadline"
SEAT = "/var/lib/cloud/data/instance-id"
UNITS = "/etc/systemd/system"


def missing(wanted: dict[str, Any]) -> str:
    """Why the seat would not end at wanted["ends_at"] (2026-11-20T18:00:00Z); nothing when it would."""
    ends_at = str(wanted["ends_at"])
    known, seat = [*read_text(RECORD).split(), "", ""][:2]
    if not known or seat != read_text(SEAT).strip():
        return "no deadline is armed"
    if known != ends_at:
        return f"the deadline is {known}, not {ends_at}"
    calendar = f"OnCalendar={ends_at.rstrip('Z').replace('T', ' ')} UTC"
    if calendar not in read_text(f"{UNITS}/classlab-deadline.timer").splitlines():
        return "the deadline's timer has another time than its record"
    for each in ("classlab-deadline.service", "timers.target.wants/classlab-deadline.timer"):
        if not os.path.exists(f"{UNITS}/{each}"):
            return "the deadline's timer is not enabled"
    return ""


def ensure(run: Run, wanted: dict[str, Any], script: str) -> str:
    """Move the deadline by the very script that armed it at boot; what was mended, nothing when all was well."""
    reason = missing(wanted)
    if reason:
        rc, out, err = run(["sh", "-c", script, "arm-deadline", "--move", str(wanted["ends_at"])])
        left = "" if rc else missing(wanted)
        if rc or left:
            said = left or (err or out).strip() or f"it ended with status {rc}"
            raise SeatError(
                f"The deadline {wanted['ends_at']} could not be armed: {said}. Until it is, this seat does not end by "
                "itself at that time: run the same command again, or end the lab by `make down`."
            )
    return reason
