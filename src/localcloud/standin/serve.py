"""The stand-in over plain HTTP: files of one folder, to be read only. apt checks signatures, so no TLS is needed."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CHUNK = 1 << 18
TEXT = ("Release", "InRelease", "Packages", ".asc", ".gpg")


def application(path: Path) -> "WSGIApplication":
    """A WSGI application that serves the files under `path`, lists nothing and leaves it by no road."""

    def serve(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        if method not in ("GET", "HEAD"):
            return _refuse(start_response, "405 Method Not Allowed", [("Allow", "GET, HEAD")])
        file = _find(path, environ.get("PATH_INFO", ""))
        if file is None:
            return _refuse(start_response, "404 Not Found", [])
        kind = "text/plain; charset=utf-8" if file.name.endswith(TEXT) else "application/octet-stream"
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(file.stat().st_size))])
        return [] if method == "HEAD" else _content(file)

    return serve


def _find(root: Path, asked: str) -> Path | None:
    """The file that was asked for; links and `..` are followed first, and must end inside the folder."""
    top = root.resolve()
    try:
        file = (top / asked.lstrip("/")).resolve()
        return file if file.is_relative_to(top) and file.is_file() else None
    except (ValueError, OSError):
        # A zero byte, or a name longer than the file system takes: no such file.
        return None


def _content(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(CHUNK):
            yield chunk


def _refuse(start_response: "StartResponse", status: str, headers: list[tuple[str, str]]) -> Iterable[bytes]:
    text = f"{status}\n".encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(text))), *headers])
    return [text]
