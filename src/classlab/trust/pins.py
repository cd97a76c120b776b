"""The lab's known_hosts: which host keys each seat may show. ssh reads it, nothing but this writes it.

A line is `<instance id> ssh-ed25519 <key> <student>`, and `one-use` behind it while the seat still uses the key that it
was born with. Instance ids never come again, so a line can do no harm after its seat has gone.
"""

import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from classlab.labfolder import LabFolder
from classlab.trust.sshconfig import Seat

TYPE = "ssh-ed25519"


@dataclass(frozen=True)
class Pin:
    key: str
    one_use: bool = False


class Pins:
    """Read once, written whole at each change; threads may share it."""

    def __init__(self, folder: LabFolder) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._lines: dict[str, tuple[str, list[Pin]]] = {}
        self.changed = False
        for seat, student, pin in self._read():
            self._lines.setdefault(seat, (student, []))[1].append(pin)

    def _read(self) -> Iterator[tuple[str, str, Pin]]:
        if self._folder.known_hosts.exists():
            for line in self._folder.known_hosts.read_text().splitlines():
                words = line.split()
                if len(words) >= 4 and words[1] == TYPE:
                    yield words[0], words[3], Pin(words[2], one_use="one-use" in words[4:])

    def of(self, seat: Seat) -> list[Pin]:
        return list(self._lines.get(seat.id, ("", []))[1])

    def met(self, seat_id: str) -> bool:
        """Has somebody here entered this seat before? It has a key of its own then."""
        return any(not pin.one_use for pin in self._lines.get(seat_id, ("", []))[1])

    def entered(self) -> set[str]:
        """The ids of all seats that somebody here has entered."""
        return {each for each in self._lines if self.met(each)}

    def set(self, seat: Seat, *pins: Pin) -> None:
        """These are the keys that the seat may show from now on; on disk when this returns."""
        with self._lock:
            if self.of(seat) != list(pins):
                self._lines[seat.id] = (seat.student, list(pins))
                self._write()

    def forget(self, ids: Collection[str]) -> None:
        """Drop what is pinned for these, which have ended."""
        with self._lock:
            known = [each for each in ids if self._lines.pop(each, None)]
            if known:
                self._write()

    def forget_former(self, seats: Collection[Seat]) -> None:
        """Drop what is pinned for a student's former seat, now that a new one is pinned.

        Not simply all that was not found: a seat that the cloud hides for a moment could never be trusted again.
        """
        with self._lock:
            now = {each.student for each in seats if each.id in self._lines}
            found = {each.id for each in seats}
            former = [each for each, (student, _) in self._lines.items() if each not in found and student in now]
            for each in former:
                del self._lines[each]
            if former:
                self._write()

    def _write(self) -> None:
        lines = [
            f"{seat} {TYPE} {pin.key} {student}{' one-use' if pin.one_use else ''}\n"
            for seat, (student, pins) in sorted(self._lines.items())
            for pin in pins
        ]
        self._folder.write(self._folder.known_hosts, "".join(lines))
        self.changed = True
