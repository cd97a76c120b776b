"""The state folder: everything one localcloud knows, and the lock that says that it runs."""

import fcntl
import json
import os
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from localcloud.errors import StateError

DEFAULT_PORT = 4580
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def default_home() -> Path:
    """$LOCALCLOUD_HOME, else the place where the desktop standard puts a program's state."""
    if told := os.environ.get("LOCALCLOUD_HOME"):
        return Path(told)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "localcloud"


def cache_folder() -> Path:
    """What can be made again: shared by all localclouds of this user."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "localcloud"


@dataclass
class Options:
    """What `localcloud start` was told; a restart without options keeps to them."""

    port: int = DEFAULT_PORT
    region: str = "us-east-1"
    engine: str = ""
    hosts: bool = True
    standin: bool = True
    seed: int = 0


@dataclass
class Running:
    """How to talk to the server that runs now; written by it, read by the command."""

    pid: int
    port: int
    region: str
    token: str
    checkip: str = ""
    standin: str = ""
    fingerprint: str = ""
    notes: tuple[str, ...] = ()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class Home:
    """One state folder. `name` tells its containers and its network from those of another localcloud."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = (folder or default_home()).absolute()
        self._lock: int | None = None

    def make(self) -> Self:
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self.hosts.mkdir(exist_ok=True)
        except OSError as error:
            raise StateError(
                f"The state folder {self.folder} cannot be made ({error.strerror}); "
                "set LOCALCLOUD_HOME to a folder that you may write to."
            ) from error
        return self

    @property
    def exists(self) -> bool:
        return self.folder.is_dir()

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def hosts(self) -> Path:
        return self.folder / "hosts"

    @property
    def blobs(self) -> Path:
        return self.folder / "blobs"

    @property
    def requests(self) -> Path:
        return self.folder / "requests.jsonl"

    @property
    def faults(self) -> Path:
        return self.folder / "faults.json"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def name(self) -> str:
        """Eight random letters, made once: part of the name of everything that this localcloud makes in the engine."""
        file = self.folder / "name"
        with suppress(FileNotFoundError):
            return file.read_text().strip()
        self.write(file, secrets.token_hex(4))
        return file.read_text().strip()

    def machine_booted(self) -> bool:
        """Has the machine been booted anew since the last time that this was asked?"""
        file, now = self.folder / "boot", BOOT_ID.read_text() if BOOT_ID.exists() else ""
        before = file.read_text() if file.exists() else now
        self.write(file, now)
        return before != now

    @property
    def named(self) -> bool:
        """Without a name nothing can have been made in an engine yet."""
        return (self.folder / "name").exists()

    def options(self) -> Options:
        stored = self._read_json("options.json") or {}
        known = {field.name for field in fields(Options)}
        return Options(**{key: value for key, value in stored.items() if key in known})

    def save_options(self, options: Options) -> None:
        self.write(self.folder / "options.json", json.dumps(asdict(options)))

    def lock(self) -> bool:
        """Take the server's lock. It goes with the process, however that ends, so it can never be stale."""
        if self._lock is None:
            (self.folder / "lock").touch(mode=0o600)
            for _ in range(10):  # somebody who only asks holds it for a moment, too
                self._lock = self._take()
                if self._lock is not None:
                    break
                time.sleep(0.02)
        return self._lock is not None

    def _take(self) -> int | None:
        handle = os.open(self.folder / "lock", os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        return handle

    def unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    @property
    def locked(self) -> bool:
        """Does a server hold the lock?"""
        try:
            handle = self._take()
        except FileNotFoundError:  # no state folder, or none that a server ever used
            return False
        if handle is None:
            return True
        os.close(handle)
        return False

    def running(self) -> Running | None:
        """The server that runs now, or None; what a killed server left behind does not count."""
        if not self.locked:
            return None
        stored = self._read_json("server.json")
        if stored is None:
            return None
        return Running(**{**stored, "notes": tuple(stored.get("notes", ()))})

    def announce(self, running: Running) -> None:
        self.write(self.folder / "server.json", json.dumps(asdict(running)))

    def forget_server(self) -> None:
        (self.folder / "server.json").unlink(missing_ok=True)

    def write(self, file: Path, text: str | bytes) -> None:
        """Replace a file in one step, so that a reader, or a kill, never meets half of it."""
        data = text.encode() if isinstance(text, str) else text
        part = file.with_name(f".{file.name}.{secrets.token_hex(3)}")
        try:
            part.write_bytes(data)
            part.replace(file)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise StateError(f"{file} cannot be written: {error.strerror}. Make room, then try again.") from error

    def _read_json(self, name: str) -> dict[str, Any] | None:
        try:
            data: dict[str, Any] = json.loads((self.folder / name).read_text())
        except FileNotFoundError:
            return None
        return data
