"""Guests plugged and filtered as localcloud does it, without an API: two of them can be had in about two seconds."""

import secrets
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lab_fixtures import host, lab, no_faults_left  # noqa: F401 - fixtures, found by their names

from localcloud.hosts import engine as engines
from localcloud.hosts import firewall, netns, network
from localcloud.hosts.engine import Engine
from localcloud.hosts.firewall import Interface, Rule, View
from localcloud.hosts.network import SIZE, Network

VPC = "172.31.0.0/16"
EVERYTHING = (Rule("-1", None, ("0.0.0.0/0",)),)
# Prints what it hears back, to as many as come: one program for TCP and UDP.
ECHO = """
import socketserver, sys
class Tcp(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(999): self.request.sendall(data)
class Udp(socketserver.BaseRequestHandler):
    def handle(self): self.request[1].sendto(self.request[0], self.client_address)
kind, handler = {"tcp": (socketserver.ThreadingTCPServer, Tcp), "udp": (socketserver.UDPServer, Udp)}[sys.argv[1]]
kind.allow_reuse_address = True
kind(("", int(sys.argv[2])), handler).serve_forever()
"""
TALK = """
import socket, sys
kind = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[sys.argv[1]]
with socket.socket(type=kind) as wire:
    wire.settimeout(1)
    try:
        wire.connect((sys.argv[2], int(sys.argv[3])))
        wire.send(b"hello")
        print(wire.recv(9).decode())
    except OSError as error:
        print(error)
"""


@dataclass
class Guest:
    engine: Engine
    network: Network
    name: str
    public: str | None
    private: tuple[str, ...]
    ns: Path = field(default_factory=Path)

    def plug(self) -> None:
        netns.plumb(self.ns, self.public, SIZE, self.network.gateway, self.private, [VPC])

    def allow(self, *ingress: Rule, egress: Sequence[Rule] = EVERYTHING, resolvers: Sequence[str] = ()) -> None:
        addresses = (*self.private, *([self.public] if self.public else []))
        view = View((Interface(addresses, ingress, tuple(egress)),), tuple(resolvers))
        firewall.apply(self.ns, firewall.ruleset(view))

    def run(self, *words: str) -> str:
        """Run a command as root in the guest; what it says, on whichever of its outputs."""
        done = subprocess.run([*self.engine.command, "exec", self.name, *words], capture_output=True, text=True)
        return (done.stdout + done.stderr).strip()

    def serve(self, protocol: str, port: int) -> None:
        self.engine.run("exec", "--detach", self.name, "python3", "-c", ECHO, protocol, str(port))
        for _ in range(100):
            if "hello" in self.talk(protocol, "127.0.0.1", port):
                return
            time.sleep(0.1)
        raise AssertionError(f"{self.name} does not serve {protocol} {port}")

    def talk(self, protocol: str, address: str | None, port: int) -> str:
        """What a server there answers to "hello", or why it does not."""
        return self.run("python3", "-c", TALK, protocol, str(address), str(port))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests in this folder boot hosts; `-m "not hosts"` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hosts)


@pytest.fixture(scope="session")
def engine() -> Engine:
    found = engines.find()
    if not found.routable:
        pytest.skip("this engine's guests have no network that can be entered from here")
    return found


@pytest.fixture(scope="session")
def ubuntu(engine: Engine) -> str:
    # Imported here, so that the tests are collected where images are not built.
    from localcloud import image
    from localcloud.home import cache_folder

    return str(image.ensure(engine, "24.04", cache_folder(), print))


@pytest.fixture(scope="module")
def bridge(engine: Engine) -> Iterator[Network]:
    """A network of the tests' own, as a localcloud has one."""
    cloud = secrets.token_hex(4)
    yield network.ensure(engine, cloud)
    network.remove(engine, cloud)


@pytest.fixture(scope="module")
def boot(engine: Engine, ubuntu: str, bridge: Network) -> Iterator[Callable[..., Guest]]:
    """boot() or boot(public=False): one more real host, filtered from its first packet on; nobody may come in yet."""
    guests: list[Guest] = []

    def make(public: bool = True) -> Guest:
        number = len(guests) + 5
        address = str(bridge.public[number]) if public else None
        guest = Guest(engine, bridge, f"lctest-{secrets.token_hex(4)}", address, (f"172.31.9.{number}",))
        guests.append(guest)
        early = engine.name == "podman"
        extra = (
            ["--systemd", "always"] if early else ["--tmpfs", "/run", "--tmpfs", "/run/lock", "--cgroupns", "private"]
        )
        engine.run(
            "create",
            "--tty",
            *engine.limits,
            *extra,
            "--name",
            guest.name,
            "--network",
            bridge.name,
            ubuntu,
            "/sbin/init",
        )
        engine.run("init" if early else "start", guest.name)
        guest.ns = Path(f"/proc/{engine.run('inspect', '--format', '{{.State.Pid}}', guest.name)}/ns/net")
        guest.plug()
        guest.allow()
        if early:
            engine.run("start", guest.name)
        return guest

    yield make
    for guest in guests:
        engine.run("rm", "--force", "--volumes", guest.name)


@pytest.fixture
def knock() -> Callable[[str | None, int], bool]:
    """knock(address, port): does this machine get a connection there?"""

    def try_it(address: str | None, port: int) -> bool:
        try:
            with socket.create_connection((str(address), port), timeout=1):
                return True
        except OSError:
            return False

    return try_it
