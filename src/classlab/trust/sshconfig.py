"""The lab's ssh_config: `ssh ada` without a question, for the teacher and for ansible, for this lab only."""

import fnmatch
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from classlab.cloud import seats as in_cloud
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder

USER = "ubuntu"
HEAD = """\
# Written by `make up`, and written anew whenever a seat changes: own settings belong into ~/.ssh/config, which wants
# this line at its top, above the first Host:
#   {include}
"""
# ssh takes the first value that it meets. Nobody is asked, and a seat that shows another key than its own gets nothing.
COMMON = """
Host {aliases}
    User {user}
{identity}    PreferredAuthentications publickey
    UserKnownHostsFile {known_hosts}
    GlobalKnownHostsFile /dev/null
    StrictHostKeyChecking yes
    HostKeyAlgorithms ssh-ed25519
    UpdateHostKeys no
    CheckHostIP no
    ConnectTimeout 20
    ServerAliveInterval 30
    ServerAliveCountMax 4
"""
IDENTITY = """\
    IdentityFile {key}
    IdentitiesOnly yes
"""


@dataclass(frozen=True)
class Seat:
    """A seat as it was found in the cloud."""

    student: str
    id: str
    address: str
    port: int = 22

    def __str__(self) -> str:
        return f"{self.student} ({self.id})"


def alias(lab: str, student: str) -> str:
    """What a seat is called wherever more than one lab may be meant."""
    return f"{lab}-{student}"


def text(folder: LabFolder, lab: str, seats: Iterable[Seat]) -> str:
    """The whole file. A seat without an address (it is stopped) has no entry."""
    known = [each for each in sorted(seats, key=lambda seat: (seat.student, seat.id)) if each.address]
    blocks = [HEAD.format(include=include_line(folder))]
    for seat in known:
        blocks.append(_where(seat, [seat.student, alias(lab, seat.student)]))
    if known:
        blocks.append(
            COMMON.format(
                aliases=" ".join(f"{seat.student} {alias(lab, seat.student)}" for seat in known),
                user=USER,
                identity=IDENTITY.format(key=_quoted(folder.teacher_key)),
                known_hosts=_quoted(folder.known_hosts),
            )
        )
    return "".join(blocks)


def of_one(seat: Seat, names: Sequence[str], key: str, known_hosts: str) -> str:
    """For whoever has no lab folder: this seat alone, verified as strictly. Without `key` ssh takes their own."""
    identity = IDENTITY.format(key=key) if key else ""
    common = COMMON.format(aliases=" ".join(names), user=USER, identity=identity, known_hosts=known_hosts)
    return _where(seat, names) + common


def options(folder: LabFolder, seat: Seat, patience: int) -> list[str]:
    """What the file would say of a seat, as words for ssh's command line: for whoever may not write the file."""
    entry = of_one(seat, [seat.student], _quoted(folder.teacher_key), _quoted(folder.known_hosts))
    # ssh takes the first value that it meets.
    lines = [f"ConnectTimeout {patience}", *(line.strip() for line in entry.split("\n") if line.startswith("    "))]
    return ["-F", "none", *(word for line in lines for word in ("-o", line))]


def _where(seat: Seat, names: Sequence[str]) -> str:
    port = "" if seat.port == 22 else f"    Port {seat.port}\n"
    return f"\nHost {' '.join(names)}\n    HostName {seat.address}\n{port}    HostKeyAlias {seat.id}\n"


def follow(folder: LabFolder, lab: str, seats: Iterable[in_cloud.Seat], port_tag: str) -> None:
    """Bring the file to where the seats are now. Nobody is met: whose key is not pinned stays closed."""
    known = [Seat(each.student, each.id, *each.reached(port_tag)) for each in seats if each.student]
    if known:
        write(folder, lab, known)


def write(folder: LabFolder, lab: str, seats: Sequence[Seat]) -> bool:
    """Bring the file up to date; whether it was not."""
    wanted = text(folder, lab, seats)
    if folder.ssh_config.exists() and folder.ssh_config.read_text() == wanted:
        return False
    folder.write(folder.ssh_config, wanted)
    return True


def include_line(folder: LabFolder) -> str:
    """The one line for ~/.ssh/config."""
    path = str(folder.ssh_config)
    return f'Include "{path}"' if " " in path else f"Include {path}"


def included(folder: LabFolder, config: Path) -> bool:
    """Does the teacher's own ~/.ssh/config have the line already, or one whose pattern takes the file in?"""
    try:
        lines = config.read_text(errors="replace").splitlines()
    except OSError:
        return False
    for line in lines:
        keyword, _, patterns = line.strip().replace("=", " ", 1).partition(" ")
        if keyword.lower() == "include" and any(
            fnmatch.fnmatch(str(folder.ssh_config), str(_whole(pattern, config))) for pattern in _words(patterns)
        ):
            return True
    return False


def _words(patterns: str) -> list[str]:
    try:
        return shlex.split(patterns)
    except ValueError:  # a quote that is never closed: ssh will complain, this is not the place
        return []


def _whole(pattern: str, config: Path) -> Path:
    """A relative path is meant from the folder of the user's own config."""
    return config.parent / Path(pattern).expanduser()


def _quoted(path: Path) -> str:
    """ssh takes blanks between quotes; it expands % and ${...} even there."""
    written = str(path)
    if '"' in written or "${" in written or "\n" in written:
        raise ClasslabError(
            f'The lab folder {written} has a " or a ${{ in its path, which ssh cannot take: move the whole classlab '
            "folder to a path without them."
        )
    return f'"{written.replace("%", "%%")}"'
