"""Guests plugged and filtered as localcloud does it, without an API. They boot nothing: only their network counts."""

import secrets
import socket
import socketserver
import subprocess
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from localcloud.hosts import firewall, netns
from localcloud.hosts.engine import Engine
from localcloud.hosts.firewall import Interface, Rule, View
from localcloud.hosts.network import SIZE, Network

VPC = "172.31.0.0/16"
EVERYTHING = (Rule("-1", None, ("0.0.0.0/0",)),)
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}


class Tcp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        while data := self.request.recv(999):
            self.request.sendall(data)


class Udp(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request[1].sendto(self.request[0], self.client_address)


@dataclass
class Guest:
    engine: Engine
    network: Network
    public: str | None
    private: tuple[str, ...]
    name: str = field(default_factory=lambda: f"lctest-{secrets.token_hex(4)}")
    ns: Path = field(default_factory=Path)
    servers: list[socketserver.BaseServer] = field(default_factory=list)

    def start(self, image: str) -> None:
        """Filtered from its first packet on; nobody may come in yet."""
        early = self.engine.name == "podman"
        words = [*self.engine.limits, "--name", self.name, "--network", self.network.name, image, "sleep", "infinity"]
        self.engine.run("create", *words)
        self.engine.run("init" if early else "start", self.name)
        self.ns = Path(f"/proc/{self.engine.run('inspect', '--format', '{{.State.Pid}}', self.name)}/ns/net")
        self.plug()
        self.allow()
        if early:
            self.engine.run("start", self.name)

    def remove(self) -> None:
        for server in self.servers:
            server.shutdown()
            server.server_close()
        hard = ["--time", "0"] if self.engine.name == "podman" else []
        self.engine.run("rm", "--force", "--volumes", *hard, self.name)

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

    # A program in the guest would not be met otherwise than one of ours in its network.

    def serve(self, protocol: str, port: int) -> None:
        """From now on say back there what is heard."""
        with netns.inside(self.ns):
            kinds = {"tcp": (socketserver.ThreadingTCPServer, Tcp), "udp": (socketserver.UDPServer, Udp)}
            kind, handler = kinds[protocol]
            server = kind(("", port), handler)
        if isinstance(server, socketserver.ThreadingTCPServer):
            server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.servers.append(server)

    def talk(self, protocol: str, address: str | None, port: int) -> str:
        """What a server there answers to "hello", or why it does not."""
        with netns.inside(self.ns), socket.socket(type=KINDS[protocol]) as wire:
            wire.settimeout(1)
            try:
                wire.connect((str(address), port))
                wire.send(b"hello")
                return wire.recv(9).decode()
            except OSError as error:
                return str(error)
