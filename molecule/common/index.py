#!/usr/bin/python3
"""A package index on a seat's own loopback, for scenarios. index.yml starts it, and says how it is used.

    index.py [--failing 2] [--make snow==1.0 …] [FOLDER …]

It has the wheels that lie in the folders, and those that it makes: `snow==1.0` is a module with nothing but its
`__version__`, of the same bytes each time, so that its hash can be written into a scenario:

    snow==1.0 --hash=sha256:68cdc9a50c35324cb77ec32b7a22a320aa07631c514a88d18bb779fbf0e4aa2d

It answers so many requests with 503 first, as an index does that is troubled and then well. Its socket is systemd's, so
that it can be asked as soon as systemd-run has ended.
"""

import argparse
import hashlib
import io
import re
import socket
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar


def main() -> None:
    words = argparse.ArgumentParser()
    words.add_argument("--failing", type=int, default=0)
    words.add_argument("--make", nargs="*", default=[])
    words.add_argument("folders", nargs="*", type=Path)
    asked = words.parse_args()
    Index.failing = asked.failing
    Index.wheels = dict(make(package) for package in asked.make)
    Index.wheels |= {file.name: file.read_bytes() for folder in asked.folders for file in folder.glob("*.whl")}
    server = HTTPServer(("127.0.0.1", 0), Index, bind_and_activate=False)
    server.socket = socket.socket(fileno=3)
    server.serve_forever()


class Index(BaseHTTPRequestHandler):
    """/simple/<name>/ lists a package's wheels, which lie below it."""

    failing: ClassVar[int]
    wheels: ClassVar[dict[str, bytes]]

    def do_GET(self) -> None:
        _, _, name, file = self.path.split("/", 3)
        listed = [wheel for wheel in self.wheels if normal(wheel.partition("-")[0]) == normal(name)]
        if Index.failing:
            Index.failing -= 1
            self.send_error(503)
        elif file in listed:
            self.answer("application/octet-stream", self.wheels[file])
        elif listed and not file:
            links = (f'<a href="{wheel}#sha256={digest(self.wheels[wheel])}">{wheel}</a>' for wheel in listed)
            self.answer("text/html", "\n".join(links).encode())
        else:
            self.send_error(404)

    def answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def digest(wheel: bytes) -> str:
    return hashlib.sha256(wheel).hexdigest()


def make(package: str) -> tuple[str, bytes]:
    """A wheel's name and its bytes."""
    name, _, version = package.partition("==")
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f'__version__ = "{version}"\n',
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in (*files, f"{info}/RECORD"))
    wheel = io.BytesIO()
    with zipfile.ZipFile(wheel, "w") as archive:
        for file, text in files.items():
            archive.writestr(zipfile.ZipInfo(file), text)
    return f"{name}-{version}-py3-none-any.whl", wheel.getvalue()


if __name__ == "__main__":
    main()
