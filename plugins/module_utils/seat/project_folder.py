"""The project's folder in the student's home. Nothing here follows a link out of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import pwd
import stat
import time
from collections.abc import Iterable, Iterator
from typing import IO

# A file while it is being written; always the same name, so that what a killed run left is found.
PART = ".classlab-part"


@contextlib.contextmanager
def as_owner(user: pwd.struct_passwd) -> Iterator[None]:
    """Do this with the student's rights, and be root again afterwards."""
    if os.geteuid() != 0 or user.pw_uid == 0:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    os.setgroups(os.getgrouplist(user.pw_name, user.pw_gid))
    os.setegid(user.pw_gid)
    os.seteuid(user.pw_uid)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(group)
        os.setgroups(groups)


class Folder:
    def __init__(self, root: str) -> None:
        self.root = root
        self._aside = ""

    def full(self, path: str) -> str:
        return f"{self.root}/{path}" if path else self.root

    def look(self, path: str) -> tuple[str, str]:
        """
        What is at `path`: nothing, file, link, folder or other, and where.
        A file or a link in place of a folder above it is "other", and where is that one.
        """
        parts = path.split("/")
        above = ["", *("/".join(parts[:count]) for count in range(1, len(parts)))]
        for each in above:
            kind = _kind(self.full(each))
            if kind != "folder":
                return ("other" if kind else ""), each
        return _kind(self.full(path)), path

    def content(self, path: str) -> str:
        """The kind, and the SHA-256 of a file or of a link's target: equal for equal things. Nothing for others."""
        kind, where = self.look(path)
        if where != path or kind not in ("file", "link", "folder"):
            return ""
        if kind == "link":
            return f"link:{hashlib.sha256(os.fsencode(os.readlink(self.full(path)))).hexdigest()}"
        if kind == "folder":
            return "folder:"
        digest = hashlib.sha256()
        try:
            with open(os.open(self.full(path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                while data := file.read(1 << 20):
                    digest.update(data)
        except PermissionError:  # it was not unreadable when it was handed out
            return ""
        return f"file:{digest.hexdigest()}"

    def write(self, path: str, source: IO[bytes], mode: str) -> None:
        part = self._part(path)
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while data := source.read(1 << 20):
                file.write(data)
            os.fchmod(descriptor, int(mode, 8))
        os.replace(part, self.full(path))

    def link(self, path: str, target: str) -> None:
        part = self._part(path)
        os.symlink(target, part)
        os.replace(part, self.full(path))

    def make(self, path: str) -> None:
        os.makedirs(self.full(path), exist_ok=True)

    def chmod(self, path: str, mode: str) -> None:
        if _kind(self.full(path)) == "file":
            os.chmod(self.full(path), int(mode, 8))

    def tidy(self, paths: Iterable[str]) -> None:
        """Remove what a killed run left half written beside these."""
        for folder in {os.path.dirname(path) for path in paths}:
            part = f"{folder}/{PART}" if folder else PART
            if self.look(part)[0] in ("file", "link"):
                os.unlink(self.full(part))

    def make_room(self, path: str) -> bool:
        """Remove a folder in which nothing is; a run that was killed may have left one."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.full(f"{path}/{PART}"))
        try:
            os.rmdir(self.full(path))
        except OSError:
            return False
        return True

    def remove(self, path: str) -> bool:
        """Remove it, and the folders that become empty; a folder that is not empty has a student's files, and stays."""
        if _kind(self.full(path)) == "folder":
            return self.make_room(path)
        os.unlink(self.full(path))
        while path := os.path.dirname(path):
            if not self.make_room(path):
                break
        return True

    def set_aside(self, path: str) -> str:
        """Move it to <project>.set-aside/<time>/, and return that folder."""
        if not self._aside:
            stamp, count = f"{self.root}.set-aside/{time.strftime('%Y-%m-%dT%H-%M-%S')}", 1
            self._aside = stamp
            while os.path.lexists(self._aside):
                count += 1
                self._aside = f"{stamp}-{count}"
        target = f"{self._aside}/{path or os.path.basename(self.root)}"
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.rename(self.full(path), target)
        return self._aside

    def _part(self, path: str) -> str:
        folder = os.path.dirname(self.full(path))
        os.makedirs(folder, exist_ok=True)
        part = f"{folder}/{PART}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)
        return part


def _kind(full: str) -> str:
    try:
        mode = os.lstat(full).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except PermissionError:  # below a folder that the student has shut
        return "other"
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISLNK(mode):
        return "link"
    return "folder" if stat.S_ISDIR(mode) else "other"
