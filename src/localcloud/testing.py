"""A localcloud of one's own, for tests: own port, own state, gone at the end, also when the test dies."""

import os
import shutil
import signal
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from localcloud import daemon, reset
from localcloud.home import Home, Options, Running


class LocalCloud:
    """
    with LocalCloud() as cloud:
        ec2 = cloud.client("ec2")
        ec2.run_instances(...)

    `hosts=False` keeps instances in the books alone: no engine is needed, and nothing boots.
    """

    def __init__(self, *, hosts: bool = True, region: str = "us-east-1", seed: int = 0, **options: Any) -> None:
        self._options = Options(port=_free_port(), region=region, hosts=hosts, seed=seed, **options)
        self._alive: int | None = None
        self._books: tuple[Path, ...] = ()
        self.running: Running

    @classmethod
    def in_the_books(cls, other: Self) -> Self:
        """One without hosts that begins with all that `other` knows now; from then on each goes its own way."""
        made = cls(hosts=False, region=other.running.region)
        made._books = (other.home.state, other.home.blobs)
        return made

    def __enter__(self) -> Self:
        self.home = Home(Path(tempfile.mkdtemp(prefix="localcloud-")))
        for folder in self._books:
            # What is being written has a dot before its name until it is whole.
            shutil.copytree(folder, self.home.folder / folder.name, ignore=shutil.ignore_patterns(".*"))
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._let_go()
        daemon.wait(lambda: not self.home.locked, daemon.STOPS_WITHIN, f"{self.home.folder}: the server does not end.")
        reset.everything(self.home)

    def start(self) -> None:
        """Start the server, or start it again after `kill`."""
        theirs, self._alive = os.pipe()
        try:
            self.running = daemon.spawn(self.home, self._options, parent=theirs)
        finally:
            os.close(theirs)

    def kill(self) -> None:
        """End the server as a power cut would: SIGKILL, no goodbye. The hosts stay."""
        os.kill(self.running.pid, signal.SIGKILL)
        daemon.wait(lambda: not self.home.locked, 20, "The server survived SIGKILL.")
        self._let_go()

    def _let_go(self) -> None:
        """The server ends and removes everything when the last writer of this pipe is gone."""
        if self._alive is not None:
            os.close(self._alive)
            self._alive = None

    @property
    def endpoint(self) -> str:
        return self.running.endpoint

    @property
    def env(self) -> dict[str, str]:
        return daemon.environment(self.running)

    def client(self, service: str, region: str | None = None) -> Any:
        import boto3

        return boto3.client(  # type: ignore[call-overload]  # the name is the caller's, not a literal
            service,
            region_name=region or self.running.region,
            endpoint_url=self.endpoint,
            aws_access_key_id=daemon.ACCESS_KEY,
            aws_secret_access_key=daemon.SECRET_KEY,
        )

    def fault(self, *words: str) -> str:
        """Add a fault, in the words of `localcloud fault add`; returns its id."""
        return str(daemon.ask(self.home, "POST", "faults", words=list(words))["id"])

    def clear_faults(self) -> None:
        daemon.ask(self.home, "DELETE", "faults")

    def say(self, lines: Mapping[str, str]) -> None:
        """Have instances without hosts say a line each on their consoles; by their ids."""
        daemon.ask(self.home, "POST", "say", lines=dict(lines))

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = daemon.ask(self.home, "GET", "status")
        return status

    def requests(self) -> list[dict[str, Any]]:
        from localcloud.api.requestlog import RequestLog

        return list(RequestLog(self.home.requests).read())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
