"""The server process: puts the parts together, says that it is ready, and serves until it is told to stop."""

import json
import logging
import os
import secrets
import signal
import sys
import threading
import time
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from localcloud import assembly, mends, reset
from localcloud.api.control import Control
from localcloud.api.gateway import Gateway
from localcloud.api.requestlog import RequestLog
from localcloud.errors import LocalCloudError, StateError
from localcloud.home import Home, Options, Running
from localcloud.hosts.keeper import Keeper
from localcloud.store import Store

log = logging.getLogger("localcloud")


class Handler(MotoRequestHandler):
    protocol_version = "HTTP/1.1"  # clients keep their connection

    def log_request(self, *_: Any) -> None:
        """Not here: `localcloud requests` has every call."""


class Server:
    def __init__(self, home: Home, options: Options) -> None:
        if not home.lock():
            raise StateError(f"A localcloud runs already with {home.folder}; `localcloud status` tells where.")
        self.home = home
        self.options = options
        self.lock = threading.RLock()
        self.token = secrets.token_hex(16)
        self.stopped = threading.Event()
        self._moved = threading.Event()
        self._faults_saved = 0
        self._http = self._bind()

    def _bind(self) -> BaseWSGIServer:
        """Take the port before anything else is done, so that a second localcloud on it fails at once."""
        try:
            return make_server("127.0.0.1", self.options.port, _not_yet, threaded=True, request_handler=Handler)
        except (OSError, SystemExit) as error:  # werkzeug exits when the port is taken
            raise StateError(
                f"Port {self.options.port} is taken by another program; `localcloud start --port N` takes another one."
            ) from error

    def assemble(self) -> Running:
        """Load what was known, find the hosts again, and put every part in its place."""
        mends.install()
        self.store = Store(self.home)
        self.store.load()
        self.faults = assembly.load_faults(self.home, self.options)
        self.guests = assembly.guests(self.home, self.options, self.faults, self.lock)
        self.keeper = Keeper(self.guests.driver, self.lock, self._moved.set)
        assembly.connect(self)
        self.running = Running(
            pid=os.getpid(),
            port=self._http.server_port,
            region=self.options.region,
            token=self.token,
            checkip=self.guests.gateway,
            standin=self.guests.standin,
            fingerprint=self.guests.fingerprint,
            notes=tuple(self.guests.notes),
        )
        control = Control(self.token, assembly.routes(self), self.guests.gateway)
        requests = RequestLog(self.home.requests)
        self._http.app = Gateway(
            self.lock, self.store, self.faults, self.save_faults, requests, self.keeper.rewire, control
        )
        self.guests.start(self.keeper)
        self.keeper.start(self.home.machine_booted())
        self.home.announce(self.running)
        return self.running

    def save_ec2(self) -> None:
        with self.lock:
            self.store.save({"ec2"})

    def _keep_moves(self) -> None:
        """Hosts that move on are worth keeping, though not each of hundreds at once: after a kill, the next start
        finds them out again."""
        while True:
            self._moved.wait()
            self._moved.clear()
            try:
                self.save_ec2()
            except LocalCloudError as error:  # a full disk; the next call tells its caller
                log.error("%s", error)  # noqa: TRY400 - the sentence says it all
            time.sleep(0.5)

    def save_faults(self) -> None:
        """Where they have counted on: "the next three" must not begin anew after a kill."""
        if self.faults.changes != self._faults_saved:
            self._faults_saved = self.faults.changes
            self.home.write(self.home.faults, self.faults.to_json())

    def run(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.1,), name="http", daemon=True).start()
        threading.Thread(target=self._keep_moves, name="moves", daemon=True).start()
        self.stopped.wait()
        self._http.shutdown()
        self.guests.stop()
        self.keeper.stop()
        self.save_ec2()
        self.home.forget_server()

    def end_with(self, pipe: int) -> None:
        """A test's own localcloud ends when the test does, however that ends: then its pipe closes."""

        def wait() -> None:
            os.read(pipe, 1)
            self.stopped.set()

        threading.Thread(target=wait, name="parent", daemon=True).start()


def _not_yet(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("503 Service Unavailable", [("Retry-After", "1")])
    return [b""]


def serve(home: Home, options: Options, *, ready: int, parent: int | None) -> int:
    """Run the server in this process. One JSON line on the descriptor `ready` tells the starter how it went."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s", datefmt="%FT%T"
    )
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    with os.fdopen(ready, "w") as starter:
        try:
            server = Server(home, options)
            running = server.assemble()
        except LocalCloudError as error:
            starter.write(json.dumps({"error": str(error)}))
            return 1
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: server.stopped.set())
        if parent is not None:
            server.end_with(parent)
        starter.write(json.dumps({"port": running.port}))
    server.run()
    if parent is not None:
        reset.everything(home)
    return 0
