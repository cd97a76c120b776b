"""One container per instance, in the engine that answers: made, booted, halted, removed, copied, and listened to."""

import json
import shutil
import socket
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from localcloud.errors import EngineError
from localcloud.hosts import firewall, netns, pid1, seed
from localcloud.hosts.engine import Engine
from localcloud.hosts.facts import Facts, Wiring
from localcloud.hosts.keeper import GONE
from localcloud.hosts.network import SIZE, Network
from localcloud.hosts.trouble import Trouble

# What a host's own init may take to end its services when it is stopped; then it is stopped hard.
GRACE = 30


class Containers:
    wires = True

    def __init__(
        self,
        engine: Engine,
        cloud: str,
        folder: Path,
        network: Network | None,
        image: Callable[[Facts], str],
        nameservers: Sequence[str],
        trouble: Callable[[Facts, Path], Trouble],
    ) -> None:
        self.engine = engine
        self.cloud = cloud
        self.beginning = f"localcloud-{cloud}-"
        self._folder = folder
        self._network = network
        self._image = image
        self._nameservers = nameservers
        self._trouble = trouble
        self._namespaces: dict[str, Path] = {}
        self._doomed: set[str] = set()

    def name(self, instance_id: str) -> str:
        return self.beginning + instance_id

    def instance_id(self, name: str) -> str:
        return name.removeprefix(self.beginning)

    def folder(self, instance_id: str) -> Path:
        return self._folder / instance_id

    # What the keeper asks.

    def boot(self, host: Facts) -> int | None:
        name = self.name(host.id)
        status = self._look(host.id).get("Status", "none")
        if status == "running":
            self._enter(host)
            return self._port(host.id)
        seed_folder = self.folder(host.id) / "seed"
        if status == "none":
            trouble = self._trouble(host, self.folder(host.id))
            seed.write(seed_folder, host, trouble.boot_commands)
            self._create(host, trouble)
            if not trouble.starts:
                return None
            if trouble.delay:
                threading.Timer(trouble.delay, self._start_first, [host]).start()
                return None
            self._start_first(host)
        else:
            seed.write(seed_folder, host)
            self._start_again(host)
            # Its type may be another one now; the engine sets limits on running hosts only.
            if limits := pid1.limits(self.engine, host.memory, host.vcpus):
                self.engine.run("update", *limits, name)
        return self._port(host.id)

    def halt(self, instance_id: str) -> None:
        if self._look(instance_id).get("Status") in ("running", "initialized"):
            self.engine.run("stop", "-t", str(GRACE), self.name(instance_id))
        self._namespaces.pop(instance_id, None)

    def end(self, instance_ids: Sequence[str]) -> None:
        """Nothing of these hosts runs from here on, by one call of the engine. Their last consoles are kept."""
        existing = self.all()
        there = [each for each in instance_ids if each in existing]
        if there:
            self.engine.run("stop", "-t", "0", *map(self.name, there))
            for each, said in self._said(there).items():
                self.folder(each).mkdir(exist_ok=True)
                (self.folder(each) / "console.log").write_text(said)
        for each in instance_ids:
            shutil.rmtree(self.folder(each) / "seed", ignore_errors=True)
            self._namespaces.pop(each, None)

    def remove(self, instance_ids: Sequence[str]) -> None:
        hard = ["--time", "0"] if self.engine.name == "podman" else []
        self.engine.run("rm", "--force", "--volumes", *hard, *map(self.name, instance_ids))
        for reference in list(self._doomed):
            self.drop(reference)

    def forget(self, instance_id: str) -> None:
        shutil.rmtree(self.folder(instance_id), ignore_errors=True)

    def exit_code(self, instance_id: str) -> int | None:
        state = self._look(instance_id)
        if state.get("Status") != "running":
            self._namespaces.pop(instance_id, None)
        if not state:
            return GONE
        # "created" is a host that a fault keeps from booting: EC2 calls such an instance running all the same.
        return None if state["Status"] in ("running", "initialized", "created") else int(state["ExitCode"])

    def answers(self, instance_id: str, port: int | None) -> bool:
        """Asked from inside where that can be done: a host whose groups let nobody in is healthy all the same."""
        if port is not None:
            return _says_hello(("127.0.0.1", port))
        try:
            if (namespace := self._namespace(instance_id)) is None:
                return False
            with netns.inside(namespace):
                return _says_hello(("127.0.0.1", 22))
        except OSError:  # it went down between two looks
            return False

    def wire(self, instance_id: str, wiring: Wiring) -> bool:
        """False for a host that has not begun to boot."""
        if self._network is None:
            return True
        namespace = self._namespace(instance_id)
        if namespace is None:
            return False
        netns.plumb(
            namespace,
            public=wiring.public,
            prefix=SIZE,
            gateway=self._network.gateway,
            private=list(wiring.private),
            vpc_cidrs=list(wiring.vpc),
            beyond=self._nameservers,
        )
        firewall.apply(namespace, wiring.rules)
        return True

    # What the API and the command ask.

    def console(self, instance_id: str) -> str:
        file = self.folder(instance_id) / "console.log"
        if not file.exists() and self._look(instance_id):
            return self._said([instance_id])[instance_id]
        return file.read_text() if file.exists() else ""

    def journal(self, instance_id: str) -> str:
        if self._look(instance_id).get("Status") != "running":
            raise EngineError(f"{instance_id} does not run, so its journal cannot be read; its console still can.")
        return self.engine.run("exec", self.name(instance_id), "journalctl", "--no-pager", "--boot")

    def commit(self, instance_id: str, reference: str) -> None:
        """Keep the host's disk as it is. What is a machine's own, whoever makes an image of it takes away before."""
        self.engine.run("commit", self.name(instance_id), reference)

    def drop(self, reference: str) -> None:
        """Remove a disk that was kept. A host that was launched from it lives on, and it goes with the last of them."""
        try:
            self.engine.run("rmi", reference)
            self._doomed.discard(reference)
        except EngineError as error:
            if "in use" not in str(error) and "being used" not in str(error) and "is using" not in str(error):
                raise
            self._doomed.add(reference)

    def all(self) -> list[str]:
        """The instances of this localcloud that have a container."""
        told = self.engine.run("ps", "--all", "--filter", f"label=localcloud={self.cloud}", "--format", "{{.Names}}")
        return [self.instance_id(name) for name in told.split()]

    # Steps.

    def _create(self, host: Facts, trouble: Trouble) -> None:
        words = ["--name", self.name(host.id), "--label", f"localcloud={self.cloud}", "--hostname", host.hostname]
        words += ["--tty", *self.engine.limits, "--cap-add", "SYS_BOOT", "--cap-add", "AUDIT_WRITE"]
        words += pid1.limits(self.engine, host.memory, host.vcpus)
        # ping for everybody, without CAP_NET_RAW; a rootless engine has no higher numbers.
        words += ["--sysctl", "net.ipv4.ping_group_range=0 65535"]
        mounts = [(self.folder(host.id) / "seed", seed.INSIDE), *trouble.mounts]
        for source, place in mounts:
            words += ["--volume", f"{source}:{place}:ro"]
        for server in self._nameservers:
            words += ["--dns", server]
        words += pid1.options(self.engine)
        if self._network:
            words += ["--network", self._network.name, "--mac-address", host.mac]
        else:
            words += ["--publish", "127.0.0.1::22"]
        self.engine.run("create", *words, self._image(host), "/sbin/init")

    def _start_first(self, host: Facts) -> None:
        """Where the engine can, the host's network is made and filtered before its first process runs."""
        if self._network and self.engine.name == "podman":
            self.engine.run("init", self.name(host.id))
            self._enter(host)
            self.engine.run("start", self.name(host.id))
        else:
            self._start_again(host)

    def _start_again(self, host: Facts) -> None:
        """In one step: podman may still be clearing up after the last run, and would clear an `init` away as well.
        The filter is there long before anything in the host listens."""
        self.engine.run("start", self.name(host.id))
        self._enter(host)

    def _enter(self, host: Facts) -> None:
        self._namespaces.pop(host.id, None)
        if not self.wire(host.id, host.wiring):
            raise EngineError(f"The host of {host.id} ended while it booted; `localcloud console {host.id}` tells why.")

    def _namespace(self, instance_id: str) -> Path | None:
        """Where the host's network is; None where it has none now. Looked up once a boot."""
        if instance_id not in self._namespaces:
            # By the engine's name for it, which is never used again; a process id would be.
            name = self._look(instance_id).get("Namespace")
            if not name:
                return None
            self._namespaces[instance_id] = Path(name)
        return self._namespaces[instance_id]

    def _said(self, instance_ids: Sequence[str]) -> dict[str, str]:
        """By host, the last of its console. podman tells of many at once, with a name before each line."""
        said: dict[str, list[str]] = {self.name(each): [] for each in instance_ids}
        if len(said) > 1 and self.engine.name == "podman":
            for line in filter(None, self.engine.run("logs", "--names", "--tail", "2000", *said).split("\n")):
                name, _, words = line.partition(" ")
                said[name] += [f"{each.rstrip()}\n" for each in words.rstrip("\r").split("\r")]
        else:
            for name, lines in said.items():
                lines += [f"{line}\n" for line in self.engine.stream("logs", "--tail", "2000", name)]
        return {self.instance_id(name): "".join(lines) for name, lines in said.items()}

    def _look(self, instance_id: str) -> dict[str, Any]:
        """The engine's word on the host's state, and where its network is; empty when it has no such host."""
        form = "{{json .State}}\n{{.NetworkSettings.SandboxKey}}"
        try:
            told = self.engine.run("container", "inspect", "--format", form, self.name(instance_id))
        except EngineError as error:
            if "no such" in str(error).lower():
                return {}
            raise
        state, _, namespace = told.partition("\n")
        return {**json.loads(state), "Namespace": namespace}

    def _port(self, instance_id: str) -> int | None:
        if self._network:
            return None
        told = self.engine.run("port", self.name(instance_id), "22/tcp")
        return int(told.splitlines()[0].rpartition(":")[2])


def _says_hello(address: tuple[str, int]) -> bool:
    try:
        with socket.create_connection(address, timeout=0.5) as connection:
            connection.settimeout(2)
            return connection.recv(8).startswith(b"SSH-2.0")
    except OSError:
        return False
