"""Contents kept as files in a folder: written once, never changed, referenced by name.

Each name has one owner. A copy is another name (a hard link, so it costs no space), and the file system counts how
many names share the bytes: removing one name never takes the bytes from another.

A name can be removed only when no stored state speaks of it any more; else a process killed at the wrong moment would
find, on its next start, an object without a body. So `discard` only marks where a folder was given, and `purge`,
called after the state was stored, removes. What a killed process left behind, `sweep` finds.
"""

import contextlib
import os
import tempfile
import threading
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path

BLOCK = 1 << 20


class _Descriptor:
    """An open file that closes when nobody reads from it any more."""

    def __init__(self, path: Path):
        self.number = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def __del__(self) -> None:
        with contextlib.suppress(AttributeError):  # where opening itself failed
            os.close(self.number)


class Body:
    """A content, or a stretch of one, that is read only when iterated over; a slice of it reads nothing.

    It holds its file open, so it stays readable while its name is removed.
    """

    def __init__(self, path: Path, start: int = 0, stop: int | None = None, *, _open: _Descriptor | None = None):
        self.path = path
        self._open = _open or _Descriptor(path)
        self.whole = os.fstat(self._open.number).st_size
        self.start = start
        self.stop = self.whole if stop is None else stop

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, wanted: slice) -> "Body":
        first, last, step = wanted.indices(len(self))
        if step != 1:
            raise ValueError(f"A body can be cut, not picked apart: step {step} is not 1.")
        return Body(self.path, self.start + first, self.start + max(first, last), _open=self._open)

    def __iter__(self) -> Iterator[bytes]:
        position = self.start
        while position < self.stop:
            block = os.pread(self._open.number, min(BLOCK, self.stop - position), position)
            if not block:
                raise OSError(f"{self.path} ended at byte {position} of {self.stop}.")
            position += len(block)
            yield block

    def __bytes__(self) -> bytes:
        return b"".join(self)


class Received(Body):
    """A content that came in and has no owner yet: `Blobs.write` gives it one, else its file goes with this object."""

    claimed = False

    def claim(self) -> str:
        self.claimed = True
        return self.path.name

    def __del__(self) -> None:
        if not self.claimed:
            self.path.unlink(missing_ok=True)


Content = bytes | Body | Iterable[bytes]


class Blobs:
    """The contents in one folder; without a folder, in one that goes when this object goes."""

    def __init__(self, folder: Path | None = None):
        self._temporary = None if folder else tempfile.TemporaryDirectory(prefix="localcloud-blobs-")
        self.folder = folder or Path(self._temporary.name if self._temporary else "")
        self.folder.mkdir(parents=True, exist_ok=True)
        self._discarded: set[str] = set()
        self._lock = threading.Lock()

    def write(self, content: Content) -> str:
        """Keep a content and return its name. It appears whole or not at all."""
        if isinstance(content, Received) and not content.claimed:
            return content.claim()
        if isinstance(content, Body) and len(content) == content.whole:
            # The name may be gone while the body is still open: then the bytes are copied.
            with contextlib.suppress(FileNotFoundError):
                return self._link(content.path)
        name = uuid.uuid4().hex
        part = self.folder / f"{name}.part"
        try:
            with part.open("xb") as file:
                for block in (content,) if isinstance(content, bytes) else content:
                    file.write(block)
            part.rename(self.folder / name)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        return name

    def receive(self, content: Iterable[bytes]) -> Received:
        """Keep a content that is still without an owner."""
        return Received(self.folder / self.write(content))

    def _link(self, path: Path) -> str:
        name = uuid.uuid4().hex
        os.link(path, self.folder / name)
        return name

    def body(self, name: str) -> Body:
        return Body(self.folder / name)

    def discard(self, name: str) -> None:
        """Nobody refers to this name any more, once the present state is stored."""
        if self._temporary:
            (self.folder / name).unlink(missing_ok=True)
            return
        with self._lock:
            self._discarded.add(name)

    def discarded(self) -> frozenset[str]:
        """What may be removed once the state as it is now is stored: take it before, `purge` it after."""
        with self._lock:
            return frozenset(self._discarded)

    def purge(self, names: Iterable[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)
        with self._lock:
            self._discarded.difference_update(names)

    def sweep(self, referenced: Iterable[str]) -> int:
        """Remove what no stored state refers to; return how many files that were. For the start, before any write."""
        wanted = set(referenced)
        leftover = [path for path in self.folder.iterdir() if path.name not in wanted]
        for path in leftover:
            path.unlink(missing_ok=True)
        with self._lock:
            self._discarded.clear()
        return len(leftover)
