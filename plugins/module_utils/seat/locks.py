"""apt's locks: who holds one, and waiting until nobody does.

A machine that has just booted updates itself, and a teacher's own bootstrap script may install things too. apt waits
for some of its locks when told so, but not for the one of its lists.
"""

from __future__ import annotations

import fcntl
import os
import struct
import time

from .files import SeatError, read_text

LOCKS = (
    "/var/lib/dpkg/lock-frontend",
    "/var/lib/dpkg/lock",
    "/var/lib/apt/lists/lock",
    "/var/cache/apt/archives/lock",
)
# cloud-init's last word at each boot; /run is empty after a boot, so an old one cannot be met.
FINISHED = "/run/cloud-init/result.json"
UNUSED = ("/run/cloud-init/disabled", "/etc/cloud/cloud-init.disabled")
# struct flock: kind, from where, start, length, process.
FLOCK = "hhqqi4x"


def holder(path: str) -> str:
    """Who holds the lock, in words; nothing when nobody does."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        asked = struct.pack(FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        kind, _, _, _, process = struct.unpack(FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    finally:
        os.close(descriptor)
    if kind == fcntl.F_UNLCK:
        return ""
    words = " ".join(read_text(f"/proc/{process}/cmdline").replace("\0", " ").split())
    return f"process {process} ({words[:60]})" if words else f"process {process}"


def wait_for_apt(until: float, patience: int) -> None:
    """Return when no lock of apt is held. `until` is on the monotonic clock, `patience` what it was in seconds."""
    while found := [(path, who) for path in LOCKS if (who := holder(path))]:
        if time.monotonic() >= until:
            path, who = found[0]
            raise SeatError(
                f"apt's lock {path} has been held for {patience} s by {who}. An update of the system may take longer: "
                "run the same command again in some minutes."
            )
        time.sleep(0.5)


def wait_for_boot(patience: int) -> None:
    """Return when cloud-init has finished, well or not: it, and a teacher's bootstrap script in it, may use apt.

    `cloud-init status --wait` says the same, but is itself half a second of work for a processor.
    """
    if not os.path.exists("/usr/bin/cloud-init") or any(os.path.exists(each) for each in UNUSED):
        return
    until = time.monotonic() + patience
    while not os.path.exists(FINISHED):
        if time.monotonic() >= until:
            raise SeatError(
                f"cloud-init has not finished its first boot within {patience} s; does lab_user_data wait for "
                "something? `cloud-init status --long` on the seat tells. Run the same command again when it is done."
            )
        time.sleep(0.5)
