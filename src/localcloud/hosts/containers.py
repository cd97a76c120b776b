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

    def remove(self, instance_id: str) -> None:
        """Remove the host; its last console is kept as long as the instance is described."""
        if self._look(instance_id):
            console = self.console(instance_id)
            hard = ["--time", "0"] if self.engine.name == "podman" else []
            self.engine.run("rm", "--force", "--volumes", *hard, self.name(instance_id))
            self.folder(instance_id).mkdir(exist_ok=True)
            (self.folder(instance_id) / "console.log").write_text(console)
        shutil.rmtree(self.folder(instance_id) / "seed", ignore_errors=True)
        self._namespaces.pop(instance_id, None)

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
        if self._look(instance_id):
            return "".join(line + "\n" for line in self.engine.stream("logs", "--tail", "2000", self.name(instance_id)))
        file = self.folder(instance_id) / "console.log"
        return file.read_text() if file.exists() else ""

    def journal(self, instance_id: str) -> str:
        if self._look(instance_id).get("Status") != "running":
            raise EngineError(f"{instance_id} does not run, so its journal cannot be read; its console still can.")
        return self.engine.run("exec", self.name(instance_id), "journalctl", "--no-pager", "--boot")

    def commit(self, instance_id: str, reference: str) -> None:
        """Keep the host's disk as an image, without what makes a machine this one machine.

        cloud-init gives new host keys to a new instance id; the machine id it would leave, so it is emptied here."""
        name = self.name(instance_id)
        self.engine.run("commit", name, f"{reference}-raw")
        self.engine.run("create", "--name", f"{name}-image", f"{reference}-raw", "/sbin/init")
        try:
            empty = self.folder(instance_id) / "empty"
            empty.write_bytes(b"")
            self.engine.run("cp", str(empty), f"{name}-image:/etc/machine-id")
            self.engine.run("commit", f"{name}-image", reference)
        finally:
            self.engine.run("rm", "--force", f"{name}-image")
        self.engine.run("rmi", "--force", f"{reference}-raw")

    def all(self) -> dict[str, str]:
        """Every container of this localcloud: instance id → status."""
        told = self.engine.run("ps", "--all", "--filter", f"label=localcloud={self.cloud}", "--format", "{{.Names}}")
        return {self.instance_id(name): name for name in told.split()}

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
