"""May the student log in? Their key is one marked line in authorized_keys; other lines are their own affair."""

from __future__ import annotations

import os
import pwd
from typing import Any

from .files import SeatError, read_text, write_file

MARK = "classlab-student"


def missing(wanted: dict[str, Any]) -> str:
    """Why wanted["public_key"] is not the student's one way in as wanted["user"]; nothing when it is."""
    marked = [each for each in _lines(wanted) if _is_marked(each)]
    if marked == [line(wanted)]:
        return ""
    return "the student's key is another one" if marked else "the student's key is not there"


def ensure(wanted: dict[str, Any]) -> str:
    """What was mended. The teacher's line, and lines of the student's own, stay as they are."""
    reason = missing(wanted)
    if reason:
        account = _account(wanted)
        folder = os.path.dirname(_file(wanted))
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o700)
            os.chown(folder, account.pw_uid, account.pw_gid)
        kept = [each for each in _lines(wanted) if not _is_marked(each)]
        text = "".join(f"{each}\n" for each in [*kept, line(wanted)])
        write_file(_file(wanted), text, 0o600, (account.pw_uid, account.pw_gid))
    return reason


def line(wanted: dict[str, Any]) -> str:
    """Type and key, and the mark in place of their comment."""
    return " ".join([*str(wanted["public_key"]).split()[:2], MARK])


def _is_marked(text: str) -> bool:
    return text.split()[-1:] == [MARK]


def _lines(wanted: dict[str, Any]) -> list[str]:
    return read_text(_file(wanted)).splitlines()


def _file(wanted: dict[str, Any]) -> str:
    return f"{_account(wanted).pw_dir}/.ssh/authorized_keys"


def _account(wanted: dict[str, Any]) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(str(wanted["user"]))
    except KeyError:
        raise SeatError(
            f"There is no user {wanted['user']!r} on this seat, as whom the student should log in."
        ) from None
