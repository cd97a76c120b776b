"""The archive of the class's project, as the teacher's machine made it."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zlib
from typing import IO, Any, BinaryIO

from .files import SeatError
from .project_folder import Folder


class Archive:
    """`items` tells of each path what it is and its mode, in the words of Folder.content."""

    def __init__(self, packed: BinaryIO) -> None:
        try:
            self._tar = tarfile.open(fileobj=packed, mode="r:gz")  # noqa: SIM115 - closed by __exit__
            self._members = {member.name: member for member in self._tar}
            self.items = {path: self._item(member) for path, member in self._members.items()}
        except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
            raise SeatError(f"The project's archive came damaged to the seat: {error}. Run it again.") from error

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._tar.close()

    def read(self, path: str) -> bytes:
        return self._open(self._members[path]).read()

    def unpack(self, path: str, folder: Folder) -> None:
        member = self._members[path]
        if member.isdir():
            folder.make(path)
        elif member.issym():
            folder.link(path, member.linkname)
        else:
            folder.write(path, self._open(member), self.items[path]["mode"])

    def _item(self, member: tarfile.TarInfo) -> dict[str, Any]:
        if member.name.startswith("/") or ".." in member.name.split("/"):
            raise SeatError(f"The project's archive names {member.name}, which is not in the project.")
        if member.isdir():
            content = "folder:"
        elif member.issym():
            content = f"link:{hashlib.sha256(os.fsencode(member.linkname)).hexdigest()}"
        else:
            digest, file = hashlib.sha256(), self._open(member)
            while data := file.read(1 << 20):
                digest.update(data)
            content = f"file:{digest.hexdigest()}"
        return {"is": content, "mode": f"{member.mode:04o}"}

    def _open(self, member: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(member)
        if file is None:
            raise SeatError(f"The project's archive has something in place of the file {member.name}.")
        return file
