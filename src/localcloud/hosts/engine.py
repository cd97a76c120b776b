"""The container engine: podman first, docker second, chosen by asking it, not by finding a client on the PATH."""

import json
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from localcloud.errors import EngineError
from localcloud.hosts import complaints

# An engine that has not answered such a small question by now will not; a busy one may take seconds.
ANSWER_WITHIN = 20
NAMES = ("podman", "docker")


@dataclass(frozen=True)
class Engine:
    """An engine that answered. `command` is how it is called, `info` what it said of itself."""

    name: str
    command: tuple[str, ...]
    info: dict[str, Any] = field(repr=False, compare=False)

    def run(self, *words: str, stdin: str | bytes | None = None, timeout: float | None = 600) -> str:
        """Run one engine command and return what it printed; EngineError carries the engine's own last words."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        with subprocess.Popen(
            [*self.command, *words],
            stdin=subprocess.DEVNULL if data is None else subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
        ) as process:
            try:
                output, complaint = process.communicate(data, timeout)
            except subprocess.TimeoutExpired as expired:
                raise EngineError(f"{self.name} {words[0]} did not end within {timeout:.0f} s.") from expired
            finally:
                # All of it: a child that lived on would hold our end of the pipe, and we would wait for it.
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)
        if process.returncode:
            raise EngineError(f"{self.name} {words[0]}: {self.meaning(complaint.decode(errors='replace'))}")
        return output.decode(errors="replace").strip()

    def meaning(self, said: str) -> str:
        """What the engine's complaint comes down to, with the mend where it is known."""
        return complaints.known(self.name, said) or last_words(said)

    def stream(self, *words: str) -> Iterator[str]:
        """Run one engine command and yield its lines, standard error among them, as they come."""
        with subprocess.Popen(
            [*self.command, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process:
            tail = ""
            for line in process.stdout or ():
                tail = (tail + line)[-4000:]
                yield line.rstrip()
        if process.returncode:
            raise EngineError(f"{self.name} {words[0]}: {self.meaning(tail)}")

    @property
    def rootless(self) -> bool:
        if self.name == "podman":
            return bool(self.info["host"]["security"]["rootless"])
        return any("rootless" in option for option in self.info.get("SecurityOptions") or [])

    @property
    def on_this_machine(self) -> bool:
        """False where the engine runs in a virtual machine, as on a Mac, or elsewhere: its processes are not ours."""
        if self.name == "podman":
            return not self.info["host"].get("serviceIsRemote", False)
        return (
            os.uname().sysname == "Linux"
            and self.info.get("Name") == os.uname().nodename
            and "desktop" not in str(self.info.get("OperatingSystem")).lower()
        )

    @property
    def routable(self) -> bool:
        """Can this machine reach guests by address, and enter their network namespaces to set rules?"""
        return self.on_this_machine and not self.rootless and os.geteuid() == 0

    @property
    def unroutable(self) -> str:
        """Why it is not routable."""
        if not self.on_this_machine:
            return f"{self.name} runs in a virtual machine"
        return f"{self.name} runs rootless" if self.rootless else "localcloud does not run as root"

    @property
    def cgroups(self) -> int:
        """1 for hybrid hosts too: there the controllers are in the first version's trees."""
        told = self.info["host"]["cgroupVersion"] if self.name == "podman" else self.info.get("CgroupVersion", "1")
        return int(str(told).lstrip("v"))

    @property
    def version(self) -> int:
        """The first number of it."""
        told = self.info["version"]["Version"] if self.name == "podman" else self.info["ServerVersion"]
        return int(str(told).partition(".")[0])

    def can_limit(self, what: Literal["memory", "cpu"]) -> bool:
        """Rootless engines may limit what was delegated to their user, and nothing at all on cgroup v1."""
        if self.name == "docker":
            return bool(self.info.get({"memory": "MemoryLimit", "cpu": "CpuCfsQuota"}[what]))
        return not self.rootless or what in (self.info["host"].get("cgroupControllers") or ())

    @property
    def limits(self) -> list[str]:
        """Ulimits within the caller's own: an engine's larger defaults are refused without CAP_SYS_RESOURCE."""
        words = []
        for name, number, enough in (
            ("nofile", resource.RLIMIT_NOFILE, 65536),
            # runc refuses the hard limit itself where conmon has already lowered it; 32768 is podman's own default.
            ("nproc", resource.RLIMIT_NPROC, 32768),
        ):
            hard = resource.getrlimit(number)[1]
            value = enough if hard == resource.RLIM_INFINITY else min(hard, enough)
            words += ["--ulimit", f"{name}={value}:{value}"]
        return words


@cache  # asking takes podman most of a second
def find(wanted: str = "") -> Engine:
    """The first engine that answers; `wanted` ("podman", "docker") asks for one by name."""
    refusals = []
    for name in (wanted,) if wanted else NAMES:
        if shutil.which(name) is None:
            refusals.append(f"{name} is not installed")
            continue
        try:
            return ask(name)
        except EngineError as error:
            refusals.append(str(error))
    raise EngineError(
        f"No container engine answers ({'; '.join(refusals)}). Install podman (Debian and Ubuntu: "
        "apt-get install podman runc netavark aardvark-dns iptables nftables) or start docker, then try again."
    )


def ask(name: str) -> Engine:
    """Ask one engine what it is; EngineError when it does not answer or cannot run containers here."""
    engine = Engine(name, (name,), {})
    form = "json" if name == "podman" else "{{json .}}"
    try:
        info = json.loads(engine.run("info", "--format", form, timeout=ANSWER_WITHIN))
    except ValueError as error:
        raise EngineError(f"{name} info gave no JSON") from error
    if name == "docker":
        if info.get("ServerErrors"):
            raise EngineError(f"docker: {engine.meaning(info['ServerErrors'][0])}")
        return Engine(name, (name,), info)
    return Engine(name, (name, *_podman_options(info)), info)


def _podman_options(info: dict[str, Any]) -> list[str]:
    """crun refuses hosts with hybrid cgroups ("cgroups in hybrid mode not supported"); runc does not."""
    runtime = str(info["host"].get("ociRuntime", {}).get("name"))
    if runtime == "crun" and Path("/sys/fs/cgroup/unified").is_dir():
        if shutil.which("runc") is None:
            raise EngineError("podman's crun cannot run on this machine's hybrid cgroups; install runc")
        return ["--runtime", "runc"]
    return []


def last_words(text: str) -> str:
    """The last line that says something, without the engine's log noise."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    telling = [line for line in lines if "level=" not in line]
    reason = (errors or telling or lines or ["no reason given"])[-1]
    return reason.removeprefix("Error: ").removeprefix("error: ")
