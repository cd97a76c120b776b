"""What would keep hosts from booting, found out before the first of them is asked for."""

import os
import shutil
from pathlib import Path

from localcloud.errors import EngineError
from localcloud.hosts.engine import Engine
from localcloud.hosts.pid1 import CGROUPS

# What localcloud calls to plug hosts in and to filter what reaches them, and the package that brings it.
PROGRAMS = {"ip": "iproute2", "nsenter": "util-linux", "nft": "nftables"}
# From this version on podman's netavark may do with nft; before, each host's network is made with iptables.
WITHOUT_IPTABLES = 5
TUN = Path("/dev/net/tun")
# Each host's systemd watches five places at once; past the machine's bound its services fail without a word.
INOTIFY = Path("/proc/sys/fs/inotify/max_user_instances")
WATCHES_A_HOST = 6
ENOUGH = 2048


def check(engine: Engine) -> None:
    """EngineError, with the mend, where hosts could not boot or not be reached."""
    if engine.routable:
        _programs(engine)
    elif engine.rootless and engine.on_this_machine:
        _own_cgroup(engine)
        _tun(engine)


def notes(engine: Engine) -> list[str]:
    """What works less well than it might, a line each."""
    told = []
    if not engine.can_limit("memory"):
        told.append(f"{engine.name} may not limit memory here, so a type's size has no effect on its host.")
    if engine.name == "podman" and engine.info.get("store", {}).get("graphDriverName") == "vfs":
        told.append(
            "podman copies the whole image for each host here (storage driver vfs): 400 MB and many seconds each. "
            'driver = "overlay" under [storage] in storage.conf, set before podman makes its first image, ends that.'
        )
    return told


def make_room(engine: Engine) -> list[str]:
    """Raise the bound on watched places, which a class of thirty is past on most machines; what was done is told."""
    bound = int(INOTIFY.read_text()) if INOTIFY.exists() else ENOUGH
    if bound >= ENOUGH or not engine.on_this_machine:
        return []
    command = f"sysctl fs.inotify.max_user_instances={ENOUGH}"
    if not engine.routable:
        return [f"About {bound // WATCHES_A_HOST} hosts can run well at once; for more, as root: {command}"]
    INOTIFY.write_text(str(ENOUGH))
    return [f"Raised a bound of this machine, until it is booted anew, for more than a few hosts: {command}"]


def _programs(engine: Engine) -> None:
    programs = dict(PROGRAMS)
    if engine.name == "podman" and engine.version < WITHOUT_IPTABLES:
        programs["iptables"] = "iptables"
    missing = {name: package for name, package in programs.items() if shutil.which(name) is None}
    if missing:
        raise EngineError(
            f"Hosts cannot be plugged in without {', '.join(missing)}, not found on the PATH; on Debian and Ubuntu: "
            f"apt-get install {' '.join(missing.values())} (in /usr/sbin, which must be on the PATH)."
        )


def _own_cgroup(engine: Engine) -> None:
    """systemd makes cgroups. Where systemd runs the machine too, podman asks it for one that hosts may divide."""
    if engine.cgroups != 1 or Path("/run/systemd/system").is_dir():
        return
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if names == "name=systemd" and os.access(CGROUPS / "systemd" / path.lstrip("/"), os.W_OK):
            return
    raise EngineError(
        f"{engine.name} runs rootless on cgroup v1, and this session has no cgroup of its own, without which systemd "
        "does not start in a host. Run localcloud as root, or let root give your shell one: "
        f'd={CGROUPS}/systemd/{os.getuid()}; mkdir "$d"; chown -R {os.getuid()} "$d"; echo SHELL_PID >"$d/cgroup.procs"'
    )


def _tun(engine: Engine) -> None:
    if not os.access(TUN, os.R_OK | os.W_OK):
        raise EngineError(
            f"A rootless {engine.name} needs {TUN} for its hosts' network, and this user may not open it; "
            f"as root: modprobe tun; chmod 666 {TUN}."
        )
