"""The log of all API calls: one JSON line each, whole lines only, of bounded size."""

import errno
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, Any

from localcloud.api.call import ApiCall
from localcloud.api.errors_out import error_code
from localcloud.api.faults import Fault
from localcloud.api.masking import masked
from localcloud.errors import StateError, UsageError

LIMIT = 20 * 1024 * 1024  # of each of two files: the current one and the one before
TAIL = 1024 * 1024
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class RequestLog:
    """A log file. Any number of threads may append; other processes may read meanwhile.

    A process killed while it writes leaves at most one torn line, the last; readers skip it, the next writer starts a
    new line after it.
    """

    def __init__(self, path: str | Path, limit: int = LIMIT) -> None:
        self.path = Path(path)
        self.older = self.path.with_name(f"{self.path.name}.1")
        self.limit = limit
        self._lock = threading.Lock()
        self._file: int | None = None
        self._size = 0
        self._last_id = 0
        self._torn = False

    def write(
        self,
        call: ApiCall,
        status: int,
        headers: Iterable[tuple[str, str]],
        body: Iterable[bytes],
        seconds: float,
        faults: Iterable[Fault] = (),
    ) -> dict[str, Any]:
        """Log one answered call and return the entry. `body` is a list of bytes: it is looked at only in an error."""
        permissions = call.iam_actions
        told = {name.lower(): value for name, value in headers}
        faults = list(faults)
        entry: dict[str, Any] = {
            "time": _stamp(call.time),
            "id": 0,
            "service": call.service,
            "action": call.action,
            "iam_action": permissions[0],
            "iam_also": permissions[1:],
            "region": call.region,
            "parameters": masked(call.service, call.action, call.parameters),
            "status": status,
            "error": error_code(status, told, b"".join(body)) if status >= 400 else "",
            "seconds": round(seconds, 3),
            "request_id": told.get("x-amzn-requestid") or told.get("x-amz-request-id") or call.request_id,
            "faults": [fault.id for fault in faults],
        }
        if any(fault.drop for fault in faults):
            entry["dropped"] = True
        if call.unread:
            entry["unread"] = call.unread
        with self._lock:
            try:
                self._append(entry)
            except OSError as problem:
                raise StateError(
                    f"The request log {self.path} cannot be written: {problem.strerror}. "
                    "Make room or mend its permissions."
                ) from problem
        return entry

    def read(self, since: str | int | None = None) -> Iterator[dict[str, Any]]:
        """All entries, oldest first; `since` is an ISO time, an age such as "10m", or the id of the last one seen."""
        wanted = _since(since)
        return (entry for entry in self._entries() if wanted(entry))

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _entries(self) -> Iterator[dict[str, Any]]:
        # The newer file first: should the log turn over in between, its lines are met under the other name.
        newer, older = _open(self.path), _open(self.older)
        if newer and older and os.path.sameopenfile(newer.fileno(), older.fileno()):
            older.close()
            older = None
        for file in (older, newer):
            if file is not None:
                with file:
                    yield from filter(None, map(_entry, file))

    def _append(self, entry: dict[str, Any]) -> None:
        if self._file is None:
            self._open_to_write()
        entry["id"] = self._last_id + 1
        line = json.dumps(entry, ensure_ascii=False, default=str).encode(errors="replace") + b"\n"
        if self._size and self._size + len(line) > self.limit:
            self._turn_over()
        if self._torn:
            line = b"\n" + line
        # One write call, so that lines of threads and of a dying process never mix.
        assert self._file is not None  # noqa: S101  for the type checker: opened above
        written = os.write(self._file, line)
        self._size += written
        self._torn = written < len(line)
        if self._torn:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        self._last_id += 1

    def _open_to_write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size = os.fstat(self._file).st_size
        tail = _tail(self.path)
        self._torn = bool(tail) and not tail.endswith(b"\n")
        self._last_id = _last_id(tail) or _last_id(_tail(self.older)) or max((e["id"] for e in self.read()), default=0)

    def _turn_over(self) -> None:
        assert self._file is not None  # noqa: S101  for the type checker: only called by _append
        os.close(self._file)
        self._file = None
        self.path.replace(self.older)
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._size, self._torn = 0, False


def format_line(entry: dict[str, Any]) -> str:
    """One entry for people, in 80 columns: local time, action, outcome, seconds."""
    time = datetime.fromisoformat(entry["time"]).astimezone().strftime("%H:%M:%S")
    outcome = f"{entry['status']} {entry['error']}".strip()
    if entry.get("dropped"):
        outcome += " answer dropped"
    if entry["faults"]:
        outcome += f" (fault {', '.join(map(str, entry['faults']))})"
    name = f"{entry['service']}.{entry['action']}"
    return f"{time} {_fit(name, 32)} {_fit(outcome, 28)} {entry['seconds']:>8.3f}s"


def _fit(text: str, width: int) -> str:
    # What a client sent may hold a terminal's control codes.
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f"{clean:<{width}}" if len(clean) <= width else f"{clean[: width - 1]}…"


def _stamp(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _since(since: str | int | None) -> Callable[[dict[str, Any]], bool]:
    if since is None:
        return lambda entry: True
    text = str(since).strip()
    if text.isdigit():
        return lambda entry: bool(entry["id"] > int(text))
    if age := re.fullmatch(r"(\d+(?:\.\d+)?)([smhd])", text):
        start = datetime.now(UTC) - timedelta(seconds=float(age[1]) * UNITS[age[2]])
    else:
        try:
            start = datetime.fromisoformat(text)
        except ValueError:
            raise UsageError(
                f"{text!r} is no point in time: give an age (30s, 10m, 2h), a time (2026-03-01T09:30), "
                "or the id of a request."
            ) from None
    stamp = _stamp(start)
    return lambda entry: bool(entry["time"] >= stamp)


def _open(path: Path) -> IO[bytes] | None:
    try:
        return path.open("rb")
    except FileNotFoundError:
        return None


def _entry(line: bytes) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and "id" in entry else None


def _tail(path: Path) -> bytes:
    file = _open(path)
    if file is None:
        return b""
    with file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return file.read()


def _last_id(tail: bytes) -> int:
    entry = next(filter(None, map(_entry, reversed(tail.splitlines()))), None)
    return int(entry["id"]) if entry else 0
