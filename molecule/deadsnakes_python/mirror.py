#!/usr/bin/python3
"""Two mirrors of the PPA on a seat's own loopback: an honest one, and one that changes what was signed.

    mirror.py PPA KEY OTHER_KEY

    /honest /changed   the PPA, and the PPA with something else in its signed list
    /key /other-key    the PPA's key, and the file OTHER_KEY

systemd gives it its socket.
"""

import socket
import sys
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

PPA, KEY, OTHER_KEY = sys.argv[1:]


class Mirror(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        _, mirror, *path = self.path.split("/", 2)
        try:
            body = self.body(mirror, "".join(path))
        except urllib.error.HTTPError as error:
            self.send_error(error.code)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def body(self, mirror: str, path: str) -> bytes:
        if mirror == "other-key":
            return Path(OTHER_KEY).read_bytes()
        address = KEY if mirror == "key" else f"{PPA}/{path}"
        with urllib.request.urlopen(address) as answer:  # noqa: S310 - the class's own PPA
            original: bytes = answer.read()
        return original.replace(b"Label: ", b"Label: not ") if mirror == "changed" else original


def main() -> None:
    server = HTTPServer(("127.0.0.1", 0), Mirror, bind_and_activate=False)
    server.socket = socket.socket(fileno=3)
    server.serve_forever()


if __name__ == "__main__":
    main()
