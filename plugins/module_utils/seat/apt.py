"""apt-get for a machine that is still booting, was switched off in its work or has a bad line; its errors in words."""

from __future__ import annotations

import glob
import re
import time
from collections.abc import Iterable

from . import dpkg, locks
from .files import Run, SeatError, disk_hint, read_text

LISTS = "/var/lib/apt/lists"
# Ubuntu restarts services after an installation, and asks which; a question would be waited for forever.
# apt's own tries have pauses of 1, 2 and 4 seconds between them.
ENVIRONMENT = {
    "DEBIAN_FRONTEND": "noninteractive",
    "NEEDRESTART_SUSPEND": "1",
    "NEEDRESTART_MODE": "l",
    "LC_ALL": "C.UTF-8",
}
KEEP = ("--force-confdef", "--force-confold")
OPTIONS = [
    "-q",
    "-y",
    *(word for option in KEEP for word in ("-o", f"DPkg::Options::={option}")),
    *("-o", "Dpkg::Use-Pty=0", "-o", "Acquire::Retries=3"),
    *("-o", "Acquire::http::Timeout=20", "-o", "Acquire::https::Timeout=20"),
]
# Ubuntu has its lists in two sizes. Unpacking the smaller takes a second more than loading the larger: a third of all
# that fetching them takes. Where there is only the smaller, apt takes that.
SOONER = ["-o", "Acquire::CompressionTypes::Order::=gz"]
LOCKED = re.compile(r"Could not get lock|Unable to acquire the dpkg frontend lock|Unable to lock directory")
BROKEN = re.compile(r"dpkg was interrupted|--fix-broken install|Unmet dependencies\. Try")
OUTDATED = re.compile(r"\b404  Not Found|Hash Sum mismatch|Unable to locate package|has no installation candidate")
UNKNOWN = re.compile(r"Unable to locate package (\S+)|Package '?([^\s']+)'? has no installation candidate")
FETCH = re.compile(r"^[EW]: Failed to fetch (\S+)\s+(.*?)$", re.MULTILINE)
CONFLICT = re.compile(r"^E: (Conflicting values set for option Signed-By regarding source .*)$", re.MULTILINE)


class AptError(SeatError):
    """What apt said is kept, for those who know more about what they asked for."""

    def __init__(self, sentence: str, said: str) -> None:
        super().__init__(sentence)
        self.said = said


def apt_get(run: Run, words: Iterable[str], patience: int) -> str:
    """Run apt-get to its end: wait for its locks, finish what was interrupted. What it said is returned."""
    until = time.monotonic() + patience
    mended = False
    while True:
        locks.wait_for_apt(until, patience)
        if dpkg.interrupted():
            configure(run)
        rc, out, err = run(["apt-get", *OPTIONS, *words], environ_update=ENVIRONMENT)
        said = f"{out}\n{err}"
        if rc == 0:
            return said
        if LOCKED.search(said) and time.monotonic() < until:
            # Somebody was quicker, between our look and apt's.
            time.sleep(1)
        elif BROKEN.search(said) and not mended:
            mended = True
            configure(run)
            run(["apt-get", *OPTIONS, "--fix-broken", "install"], environ_update=ENVIRONMENT)
        else:
            raise AptError(explain(said), said)


def configure(run: Run) -> None:
    """Finish what an interrupted dpkg has left half done; apt refuses everything until then."""
    rc, out, err = run(["dpkg", *KEEP, "--configure", "-a"], environ_update=ENVIRONMENT)
    if rc:
        raise SeatError(
            f"An installation on this seat was interrupted, and `dpkg --configure -a` cannot finish it: "
            f"{_last(out + err)}.{disk_hint('/var')}"
        )


def update(run: Run, patience: int, only: str = "") -> str:
    """Fetch the lists of what can be installed: all, or those of one source file, which is thirty times less work."""
    narrow = ["-o", f"Dir::Etc::sourcelist={only}", "-o", "Dir::Etc::sourceparts=-", "-o", "APT::Get::List-Cleanup=0"]
    return apt_get(run, ["update", *SOONER, *(narrow if only else [])], patience)


def has_lists_of_ubuntu() -> bool:
    """Ubuntu's images come without. Each list's first lines say whose it is."""
    return any("\nOrigin: Ubuntu\n" in read_text(file)[:500] for file in glob.glob(f"{LISTS}/*_*Release"))


def install(run: Run, names: list[str], patience: int, recommends: bool = True) -> None:
    """Install all at once. Lists that name what the archive no longer has are fetched anew, once."""
    words = ["install", *([] if recommends else ["--no-install-recommends"]), *names]
    fetched = not has_lists_of_ubuntu()
    if fetched:
        update(run, patience)
    try:
        apt_get(run, words, patience)
    except AptError as error:
        if fetched or not OUTDATED.search(error.said):
            raise
        update(run, patience)
        apt_get(run, words, patience)


def explain(said: str) -> str:
    """One or two sentences about what apt-get said when it failed."""
    full = disk_hint("/var/cache")
    if full or "No space left on device" in said or "have enough free space" in said:
        return "apt could not write." + (full or " There is too little room: set a larger lab_volume_size.")
    if found := UNKNOWN.search(said):
        return f"Ubuntu has no package called {found[1] or found[2]}: is the name right?"
    if found := CONFLICT.search(said):
        return f"{found[1]}. Two files in /etc/apt/sources.list.d name that source: remove the one that is not wanted."
    if found := FETCH.search(said):
        return f"{found[1]} cannot be had: {found[2].strip()}. Try again later; what is installed stays."
    if LOCKED.search(said):
        return f"apt's lock was held all the time: {_last(said)}. Run the same command again in some minutes."
    return f"apt failed: {_last(said)}"


def _last(said: str) -> str:
    """The first line that is marked as an error: the later ones follow from it."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E: ", "dpkg: error"))]
    return (errors or lines[-1:] or ["it said nothing"])[0].removeprefix("E: ").rstrip(".")
