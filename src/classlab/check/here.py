"""This computer: programs, packages, the engine, room on the disk, and the lab folder with its keys."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib import metadata
from pathlib import Path

from classlab.check.finding import Finding, bad, good
from classlab.command import clouds
from classlab.labfolder import LabFolder
from classlab.project.git import is_address
from classlab.trust.keys import ONLY_MINE, KeyFileError, public_half

# Keys, receipts and a class's results come to more than this seldom.
ROOM = 1024**3
# The collections that the playbooks use, of those that come with the package ansible.
COLLECTIONS = ("amazon.aws",)
PIN = re.compile(r"^([\w.-]+)(?:\[.*?\])?==([\w.+!]+)", re.MULTILINE)
MAKE_ANEW = "`make clean`, then `make setup`, installs what the lock says."


def tools(project: str, base: Path) -> Iterator[Finding]:
    """`project` as in the class file, whose folder is `base`: only one with a git address needs git."""
    yield _program("ssh", "-V", "openssh-client")
    if is_address(project) and not (base / project).exists():
        yield _program("git", "--version", "git")


def _program(name: str, asked: str, package: str) -> Finding:
    if not shutil.which(name):
        return bad(name, f"It is not found on the PATH; on Debian and Ubuntu: `sudo apt-get install {package}`.")
    done = subprocess.run([name, asked], stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    said = (done.stdout or done.stderr).strip()
    if done.returncode:
        return bad(name, f"{shutil.which(name)} does not run ({said}): install it anew, the package {package}.")
    return good(name, said.splitlines()[0] if said else "it is there")


def packages(lock: Path) -> Finding:
    """What the lock pins, against what is installed beside this Python."""
    pins = dict(PIN.findall(lock.read_text()))
    wrong = [f"{name} {_version(name) or 'missing'}, not {pin}" for name, pin in pins.items() if _version(name) != pin]
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        return bad("packages", f"Not as {lock.name} pins them: {'; '.join(wrong[:3])}{more}. {MAKE_ANEW}")
    found = {name: _collection(name) for name in COLLECTIONS}
    if missing := [name for name, version in found.items() if not version]:
        return bad("packages", f"The collection {', '.join(missing)} is not there or damaged. {MAKE_ANEW}")
    python = ".".join(map(str, sys.version_info[:3]))
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    return good("packages", f"Python {python} with {len(pins)} packages as pinned; {told}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _collection(name: str) -> str:
    """Its version, beside the package ansible that brings it; '' where it cannot be read."""
    place = metadata.distribution("ansible").locate_file(f"ansible_collections/{name.replace('.', '/')}/MANIFEST.json")
    try:
        return str(json.loads(Path(str(place)).read_text())["collection_info"]["version"])
    except (OSError, ValueError, KeyError):
        return ""


def engine() -> Finding:
    there, trouble = clouds.hosts()
    return bad("engine", trouble) if trouble else good("engine", there)


def room(folder: LabFolder) -> Finding:
    place = folder.path
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    if free < ROOM:
        return bad(
            "disk", f"{free / 1024**2:.0f} MB are free at {place}, and keys and results need some room: free 1 GB."
        )
    return good("disk", f"{free / 1024**3:.0f} GB free")


def lab_folder(folder: LabFolder, students: Sequence[str], up: bool, again: str) -> Iterator[Finding]:
    """`students`: those whose keys are made here, by `again`; `up`: there are seats, which take no other keys."""
    if not folder.path.exists():
        yield good("lab folder", f"there is none yet; `{again}` makes {near(folder.path, folder)}")
        return
    private = [folder.teacher_key, *sorted((folder.path / "keys").glob("*.pem"))]
    files = [file for file in private if file.exists()]
    open_ones = [(file, "400") for file in files if file.stat().st_mode & 0o777 != ONLY_MINE]
    around = [folder.path.parent] if folder.path.parent.name == ".lab" else []
    open_ones += [(each, "700") for each in (*around, folder.path) if each.stat().st_mode & 0o077]
    for file, mode in open_ones:
        found = f"{file.stat().st_mode & 0o777:o}"
        yield bad("lab folder", f"{near(file, folder)} has the mode {found}: `chmod {mode} {near(file, folder)}`.")
    broken = [str(error) for file in files if (error := _broken(file))]
    yield from (bad("lab folder", each) for each in broken)
    missing = [each for each in (folder.teacher_key, *map(folder.student_key, students)) if not each.exists()]
    if up and missing:
        names = ", ".join(near(each, folder) for each in missing[:3]) + (" and more" if len(missing) > 3 else "")
        where = (
            "bring it back from where the lab was brought up"
            if folder.teacher_key in missing
            else f"`{again}` makes it"
        )
        yield bad("lab folder", f"{names} is not there: {where}.")
    elif not (open_ones or broken):
        yield good("lab folder", f"{near(folder.path, folder)}, {len(files)} keys, for nobody's eyes but yours")


def _broken(file: Path) -> KeyFileError | None:
    try:
        public_half(file)
    except KeyFileError as error:
        return error
    return None


def lock(folder: LabFolder) -> Finding:
    command, lives = folder.at_work()
    if not command:
        return good("lock", "no command is at work on this lab")
    if lives:
        return bad("lock", f"{command} is at work on this lab, so all of this may be changing: check again at its end.")
    return bad(
        "lock",
        f"The last step of {command} that was killed is still at work: `lsof {near(folder.path / 'lock', folder)}` "
        "names its processes; wait for their end, or end them.",
    )


def near(path: Path, folder: LabFolder) -> str:
    """As one would type it where make is called."""
    root = folder.path.parent.parent
    return str(path.relative_to(root)) if folder.path.parent.name == ".lab" else str(path)
