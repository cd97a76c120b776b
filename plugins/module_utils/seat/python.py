"""Another Python beside the system's own, from the deadsnakes PPA, and proof that it came from there."""

from __future__ import annotations

import glob
import hashlib
import os
import re
from typing import Any

from . import apt, dpkg, keys, locks, policy
from .files import RECORDS, Run, SeatError, disk_hint, read_record, read_text, write_file, write_record

SOURCES = "/etc/apt/sources.list.d"
SOURCE = f"{SOURCES}/deadsnakes.sources"
KEY = "/etc/apt/keyrings/deadsnakes.asc"
RECORD = f"{RECORDS}/python.json"
TEXT = """\
# The deadsnakes PPA: Pythons that Ubuntu itself does not have. Trusted by this key alone.
Types: deb
URIs: {url}
Suites: {suite}
Components: main
Signed-By: {key}
"""
# venv brings pip's own beginning; with dev, packages that have no wheel can be built.
PARTS = ("", "-venv", "-dev")
# What apt says when a source's signature is not by the key that we gave it.
UNSIGNED = re.compile(r"NO_PUBKEY|EXPKEYSIG|BADSIG|is not signed|REVKEYSIG")

GONE = re.compile(r"\b404  Not Found|Version '.*' for '.*' was not found")


def names(version: str) -> list[str]:
    return [f"python{version}{part}" for part in PARTS]


def release() -> dict[str, str]:
    """What /etc/os-release says: ID, VERSION_ID, VERSION_CODENAME."""
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', read_text("/etc/os-release"), re.MULTILINE))


def source_text(wanted: dict[str, Any]) -> str:
    return TEXT.format(url=address(wanted), suite=release().get("VERSION_CODENAME", ""), key=KEY)


def address(wanted: dict[str, Any]) -> str:
    return str(wanted["url"]).rstrip("/")


def missing(wanted: dict[str, Any]) -> str:
    """Why that Python is not as wanted; nothing when it is. No process is started to know."""
    version = str(wanted["version"])
    present = dpkg.installed(names(version))
    if absent := [name for name in names(version) if name not in present]:
        return f"{', '.join(absent)} not installed"
    noted = read_record(RECORD)
    if noted.get("version") != version or noted.get("url") != address(wanted):
        return f"it is not known where python{version} came from"
    for name, installed in present.items():
        if noted.get("packages", {}).get(name) != installed:
            return f"{name} is now {installed}"
    if read_text(SOURCE) != source_text(wanted):
        return f"{SOURCE} is not as it should be"
    if noted.get("fingerprint") != keys.normal(str(wanted["fingerprint"])) or noted.get("key") != _digest(KEY):
        return f"{KEY} is not the pinned key"
    return ""


def ensure(run: Run, wanted: dict[str, Any]) -> list[str]:
    """Make it so; what was done, in words."""
    if not missing(wanted):
        return []
    version, patience = str(wanted["version"]), int(wanted.get("patience") or 600)
    check(wanted)
    locks.wait_for_boot(patience)
    own, done = systems_own(), []
    if not os.access("/usr/bin/gpg", os.X_OK):
        apt.install(run, ["gpg"], patience)
    if keys.ensure(run, str(wanted["key_url"]), str(wanted["fingerprint"]), KEY):
        done.append("the PPA's key is in place")
    if read_text(SOURCE) != source_text(wanted):
        write_file(SOURCE, source_text(wanted))
        done.append("the PPA is a package source")
    if installed := _install(run, wanted, patience, fetch=bool(done)):
        done.append(f"python{version} {installed} is installed")
    came = check_origin(run, wanted)
    if systems_own() != own:
        raise SeatError(
            f"Installing python{version} has changed the system's own python3: {own} before, {systems_own()} now. "
            "Launch the seat anew, and tell the PPA's maintainers."
        )
    write_record(
        RECORD,
        {
            "version": version,
            "url": address(wanted),
            "fingerprint": keys.normal(str(wanted["fingerprint"])),
            "key": _digest(KEY),
            "packages": came,
        },
    )
    return done


def _install(run: Run, wanted: dict[str, Any], patience: int, fetch: bool) -> str:
    """The version that was installed now; nothing when the PPA's own is there already."""
    asked = names(str(wanted["version"]))
    offered, present = offers(run, wanted, patience, fetch), dpkg.installed(asked)
    new = [name for name in asked if present.get(name) != offered[name]]
    if not new:
        return ""
    try:
        # By version: Ubuntu 22.04 itself offers 3.11.0~rc1. Without what is recommended: manuals of the C library.
        apt.install(run, [f"{name}={offered[name]}" for name in new], patience, recommends=False)
    except apt.AptError as error:
        # The PPA keeps only its newest: a list of some weeks ago names what is no longer there.
        if fetch or not GONE.search(error.said):
            raise
        return _install(run, wanted, patience, fetch=True)
    return offered[asked[0]]


def check(wanted: dict[str, Any]) -> None:
    """Refuse what cannot come to a good end, before anything is changed."""
    found = release()
    if found.get("ID") != "ubuntu" or not found.get("VERSION_CODENAME"):
        raise SeatError(f"This is {found.get('PRETTY_NAME', 'no Ubuntu')}; the deadsnakes PPA is for Ubuntu.")
    if not re.fullmatch(r"3\.\d+", str(wanted["version"])):
        raise SeatError(f"Python {str(wanted['version'])!r} is no version such as 3.11: write two numbers, in quotes.")
    if not re.fullmatch(r"https?://[\w.:@/~%+,=-]+", address(wanted)):
        raise SeatError(f"The PPA's address {address(wanted)!r} is none: it begins with https:// and has no spaces.")
    for file in ["/etc/apt/sources.list", *glob.glob(f"{SOURCES}/*.list"), *glob.glob(f"{SOURCES}/*.sources")]:
        used = re.search(rf"^[^#\n]*\s{re.escape(address(wanted))}/?(\s|$)", read_text(file), re.MULTILINE)
        if used and file != SOURCE:
            raise SeatError(f"{file} already names the PPA {address(wanted)}; apt refuses two. Remove that file.")


def offers(run: Run, wanted: dict[str, Any], patience: int, fetch: bool) -> dict[str, str]:
    """name -> version that the PPA has. Its list is fetched when it is new, and when it does not have the Python."""
    asked = names(str(wanted["version"]))
    found = {} if fetch else policy.offered(run, asked, address(wanted))
    if len(found) < len(asked):
        update(run, wanted, patience)
        found = policy.offered(run, asked, address(wanted))
    if len(found) < len(asked):
        absent = next(name for name in asked if name not in found)
        system = release()
        others = ", ".join(policy.pythons(run, address(wanted))) or "none at all"
        raise SeatError(
            f"The PPA at {address(wanted)} has no {absent} for Ubuntu {system['VERSION_ID']} "
            f"{system['VERSION_CODENAME']} (it has {others}): choose one of those with lab_python."
        )
    return found


def update(run: Run, wanted: dict[str, Any], patience: int) -> None:
    """Fetch the PPA's list, and Ubuntu's where they were never fetched. apt itself tries a bad line four times."""
    url = address(wanted)
    try:
        said = apt.update(run, patience, only=SOURCE if apt.has_lists_of_ubuntu() else "")
    except apt.AptError as error:
        said = error.said
        # Anything that is not about the PPA is somebody else's; whether it matters, the installation shows.
        if url not in said:
            raise
    ours = "\n".join(line for line in said.splitlines() if line.startswith(("E: ", "W: ")) and f"{url}" in line)
    if not ours:
        return
    if "No space left" in ours or disk_hint(apt.LISTS):
        raise SeatError(apt.explain(ours))
    if UNSIGNED.search(ours):
        raise SeatError(f"The packages at {url} are not signed by the pinned key {wanted['fingerprint']}: refused.")
    if "does not have a Release file" in ours:
        system = release()
        raise SeatError(
            f"The PPA at {url} has nothing for Ubuntu {system['VERSION_ID']} {system['VERSION_CODENAME']}; it serves "
            "releases with long support only. Is lab_ppa_url right?"
        )
    if found := apt.FETCH.search(ours):
        raise SeatError(
            f"launchpad ({url}) does not answer: {found[2].strip()}. It is down often; try again later, nothing else "
            "is lost."
        )
    raise SeatError(apt.explain(ours))


def check_origin(run: Run, wanted: dict[str, Any]) -> dict[str, str]:
    """name -> version of all that is installed of this Python, once it is known that the PPA has exactly that."""
    family = dpkg.of_family(rf"(?:lib)?python{re.escape(str(wanted['version']))}(?:-[\w.+-]+)?")
    offered = policy.sources(run, list(family))
    for name, installed in sorted(family.items()):
        if address(wanted) not in offered.get(name, {}).get(installed, []):
            raise SeatError(
                f"{name} {installed} did not come from the PPA {address(wanted)}. Remove it (apt-get purge {name}) and "
                "run the same command again."
            )
    return family


def systems_own() -> tuple[str, str, float]:
    """What must stay: where python3 leads, its version, its moment."""
    real = os.path.realpath("/usr/bin/python3")
    version = dpkg.installed([os.path.basename(real)]).get(os.path.basename(real), "")
    return real, version, os.stat(real).st_mtime if os.path.exists(real) else 0


def _digest(path: str) -> str:
    return hashlib.sha256(read_text(path).encode("utf-8", "surrogateescape")).hexdigest()
