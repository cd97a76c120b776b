"""The stand-in on the guests' bridge, on a port that stays the same, since guests write its address down."""

import threading
from pathlib import Path

from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server

from localcloud.errors import NetworkError
from localcloud.standin.serve import application

PORT = 8311


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """apt asks for many files; none of them is news."""


class Server:
    def __init__(self, path: Path, address: str) -> None:
        self.url = f"http://{address}:{PORT}"
        self._path = path
        self._address = address
        self._server: BaseWSGIServer | None = None

    def start(self) -> None:
        try:
            self._server = make_server(
                self._address, PORT, application(self._path), threaded=True, request_handler=_Quiet
            )
        except (OSError, SystemExit) as error:  # werkzeug exits when a port is taken
            raise NetworkError(f"The package stand-in cannot listen on {self.url}: {error}.") from error
        threading.Thread(target=self._server.serve_forever, name="standin", daemon=True).start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
