"""The stand-in as a whole: is it there, is it up to date, and making it.

A folder holds `key/` (the signing key), `apt/` (package lists, where the machine has none), and one folder per
definition with the repository and a record of it; the link `current` says which of them counts. A definition's folder
appears under its name only when it is complete, and `current` is moved in one step: whatever a build was
interrupted at, the next one finishes it.
"""

import fcntl
import hashlib
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from localcloud.standin import index, packages
from localcloud.standin.apt import Apt, Offer
from localcloud.standin.signing import keyring
from localcloud.standin.tools import StandInError, run

# Counted up when the same package files shall give another repository.
FORM = 1
CURRENT, RECORD, REPOSITORY, UNFINISHED = "current", "record.json", "repository", "unfinished-"


@dataclass(frozen=True)
class StandIn:
    """A repository ready to be served: its folder, who signed it, and the versions that it offers."""

    path: Path
    fingerprint: str
    versions: dict[str, str]

    def notice(self, url: str) -> str:
        return (
            f"The deadsnakes PPA cannot be reached from here: guests get Python {self.versions['python3.11']} from a "
            f"stand-in at {url} (key {self.fingerprint}), made from this machine's own apt sources."
        )


def load(folder: Path) -> StandIn | None:
    """The stand-in that was last made in `folder`, or None; nothing is built or asked."""
    record = _record(folder)
    if record is None:
        return None
    # By way of the link: whoever serves this path serves the newer repository as soon as there is one.
    return StandIn(folder / CURRENT / REPOSITORY, record["fingerprint"], record["versions"])


def ensure(folder: Path, say: Callable[[str], None]) -> StandIn:
    """The stand-in, made or renewed if this machine's apt sources offer other packages than those it was made from."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            _bring_up_to_date(folder, say)
    except StandInError as error:
        if load(folder) is None:
            raise
        say(f"Keeping the stand-in for the deadsnakes PPA as it is: {error}")
    except OSError as error:
        raise StandInError(
            f"The stand-in for the deadsnakes PPA cannot be written to {folder}: {error.strerror}. "
            "Make room, or the folder writable, then try again."
        ) from error
    made = load(folder)
    if made is None:
        raise StandInError(f"The stand-in in {folder} was removed while it was being made; try again.")
    return made


def definition(architecture: str, offers: list[Offer]) -> str:
    """A short hash of all that the repository is made from."""
    parts: list[Any] = [FORM, index.ORIGIN, architecture, packages.SUITES, [(it.file, it.sha256) for it in offers]]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _bring_up_to_date(folder: Path, say: Callable[[str], None]) -> None:
    architecture = run("dpkg", "--print-architecture").strip()
    apt = _source(folder, say)
    offered = _offers(apt)
    record = _record(folder)
    if record and definition(architecture, offered) in record["answers"]:
        return
    version = next(offer.version for offer in offered if offer.name == "python3.11")
    say(f"Making a stand-in for the deadsnakes PPA: Python {version} from this machine's apt sources ...")
    _sweep(folder, keep=record["definition"] if record else "")
    with _scratch(folder) as scratch, _scratch(folder) as downloads:
        fetched = _fetch(apt, offered, folder, downloads, say)
        made_from = definition(architecture, fetched)
        # Where the machine's lists are older than their source, both answers mean this repository.
        answers = sorted({definition(architecture, offered), made_from})
        if record and record["definition"] == made_from:
            _write_record(folder / CURRENT, {**record, "answers": answers})
            return
        fingerprint = _build(folder, scratch, architecture, downloads)
        versions = _versions(scratch / REPOSITORY)
        _write_record(
            scratch, {"definition": made_from, "answers": answers, "fingerprint": fingerprint, "versions": versions}
        )
        _put_in_place(folder, scratch, made_from)
    say(f"The stand-in is made and signed by {fingerprint}.")


def _source(folder: Path, say: Callable[[str], None]) -> Apt:
    """apt with the machine's package lists, or with our own where the machine has none, as in a container."""
    machine, own = Apt(), Apt(folder / "apt")
    if machine.has_lists():
        return machine
    if not own.has_lists():
        say("Reading the package lists of this machine's apt sources ...")
        own.update()
    return own


def _fetch(apt: Apt, offered: list[Offer], folder: Path, into: Path, say: Callable[[str], None]) -> list[Offer]:
    """Download what was offered, or what is offered by now; what came."""
    try:
        apt.download(offered, into)
    except StandInError as error:
        say(f"Reading the package lists anew, this machine's are out of date ({error}) ...")
        own = Apt(folder / "apt")
        own.update()
        offered = _offers(own)
        for partial in into.glob("*"):
            partial.unlink()
        own.download(offered, into)
    return offered


def _offers(apt: Apt) -> list[Offer]:
    try:
        offers = apt.offers(packages.FETCHED)
    except StandInError as error:
        raise StandInError(
            f"This machine's apt sources do not offer what the stand-in needs ({error}). {packages.MEND}"
        ) from error
    packages.check(offers)
    return offers


def _build(folder: Path, scratch: Path, architecture: str, downloads: Path) -> str:
    """Lay the repository out in `scratch` and sign it; the fingerprint of the key that did."""
    root = scratch / REPOSITORY
    pool = root / "pool" / "main" / "p" / "python3.11"
    pool.mkdir(parents=True)
    debs = {}
    for deb in sorted(downloads.glob("*.deb")):
        name = deb.name.split("_")[0]
        repacked = next((new for new, (source, _, _) in packages.REPACKED.items() if source == name), None)
        debs[repacked or name] = (
            packages.repack(deb, repacked, pool) if repacked else Path(shutil.copy(deb, pool / deb.name))
        )
    releases = [
        index.write_suite(root, suite, architecture, [debs[name] for name in names])
        for suite, names in packages.SUITES.items()
    ]
    with keyring(folder / "key") as ring:
        for release in releases:
            ring.sign(release)
        (root / "key.asc").write_text(ring.public_key())
        return ring.fingerprint


def _versions(root: Path) -> dict[str, str]:
    shown = (run("dpkg-deb", "--show", deb).split() for deb in sorted(root.rglob("*.deb")))
    return {words[0]: words[1] for words in shown}


def _put_in_place(folder: Path, scratch: Path, name: str) -> None:
    """Give the finished repository its name and point `current` at it, each in one step."""
    place = folder / name
    if place.exists():
        shutil.rmtree(place)
    scratch.chmod(0o755)
    scratch.rename(place)
    link = folder / f"{UNFINISHED}link"
    link.unlink(missing_ok=True)
    link.symlink_to(name)
    link.replace(folder / CURRENT)
    _sweep(folder, keep=name)


def _sweep(folder: Path, keep: str) -> None:
    """Remove earlier repositories, and what interrupted builds left."""
    for path in folder.iterdir():
        if path.name.startswith(UNFINISHED) or ((path / RECORD).exists() and path.name not in (keep, CURRENT)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()


def _record(folder: Path) -> dict[str, Any] | None:
    try:
        record: dict[str, Any] = json.loads((folder / CURRENT / RECORD).read_text())
    except (FileNotFoundError, ValueError):
        # Never made, or its disk lost power while it was written: made (again) by the next `ensure`.
        return None
    return record


def _write_record(place: Path, record: dict[str, Any]) -> None:
    unfinished = place / f"{RECORD}.unfinished"
    unfinished.write_text(json.dumps(record, indent=1))
    unfinished.replace(place / RECORD)


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    scratch = Path(mkdtemp(prefix=UNFINISHED, dir=folder))
    try:
        yield scratch
    finally:
        # Gone already where it was put in place; what cannot be removed now is swept by the next build.
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Two processes that want the same stand-in make it once."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
