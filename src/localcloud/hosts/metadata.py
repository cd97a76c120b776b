"""The instance metadata service: what a host asks http://169.254.169.254 about itself.

A host is known by the address that it asks from, and only its own bridge is listened on. This machine does not take the
address 169.254.169.254 itself (it may be a cloud's machine, which needs its own cloud's service there): what comes from
the bridge for that address is sent to a port of ours.
"""

import logging
import socket
import socketserver
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

from localcloud.errors import NetworkError
from localcloud.hosts import redirect
from localcloud.hosts.metadata_answers import respond
from localcloud.hosts.metadata_tree import MetadataView

log = logging.getLogger("localcloud")


class MetadataServer(socketserver.ThreadingTCPServer):
    """Answers on one network device only, on a port of the kernel's choice."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, device: str, find: Callable[[str], MetadataView | None]) -> None:
        self.device = device
        self.find = find
        super().__init__(("", 0), _Handler)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def server_bind(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.device.encode())
        super().server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        log.exception("metadata: a request of %s was not answered", client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 10
    server: MetadataServer

    def version_string(self) -> str:
        return "EC2ws"

    def _answer(self) -> None:
        self.close_connection = True
        length = self.headers.get("Content-Length", "")
        # A body means nothing here, but closing on an unread one would reset the connection before the answer is read.
        self.rfile.read(min(int(length), 65536) if length.isdecimal() else 0)
        view = self.server.find(self.client_address[0])
        response = respond(self.command, self.path, dict(self.headers.items()), view)
        if response.ttl is not None:
            self.connection.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, response.ttl)
        self.send_response(response.status)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _answer  # noqa: N815 - the names that http.server asks for

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name for it
        log.debug("metadata %s: %s", self.client_address[0], format % args)


class MetadataService:
    """The service of one localcloud, on its bridge. `find` tells an instance by a host's address."""

    def __init__(self, bridge: str, find: Callable[[str], MetadataView | None]) -> None:
        self.bridge = bridge
        self._find = find
        self._server: MetadataServer | None = None
        self._index = 0
        self._guard = threading.Lock()

    def start(self) -> None:
        """Returns when hosts are answered."""
        self.ensure()

    def ensure(self) -> None:
        """Make it right again, whatever happened: the bridge may be a new one of the old name, our rule flushed."""
        with self._guard:
            try:
                index = socket.if_nametoindex(self.bridge)
            except OSError as error:
                raise NetworkError(f"The bridge {self.bridge} is not there, so hosts have no metadata.") from error
            if self._server is None or index != self._index:
                self._close()
                self._server = self._open()
                self._index = index
            redirect.send(self.bridge, self._server.port)

    def stop(self) -> None:
        with self._guard:
            self._close()
            redirect.forget(self.bridge)

    def _open(self) -> MetadataServer:
        try:
            server = MetadataServer(self.bridge, self._find)
        except OSError as error:
            raise NetworkError(f"The metadata service cannot listen on the bridge {self.bridge}: {error}.") from error
        threading.Thread(target=server.serve_forever, name=f"metadata-{self.bridge}", daemon=True).start()
        return server

    def _close(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
