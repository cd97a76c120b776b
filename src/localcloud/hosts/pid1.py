"""What an engine must be told so that systemd can be a container's first process, and within what limits."""

from pathlib import Path

from localcloud.hosts.engine import Engine

CGROUPS = Path("/sys/fs/cgroup")
# From this version on docker makes a container's own cgroups writable without showing it those of the machine.
WRITABLE_CGROUPS = 28


def options(engine: Engine) -> list[str]:
    if engine.name == "podman":
        return ["--systemd", "always"]
    # What podman's --systemd does: places that must be empty at a boot, and the signal that asks systemd to halt.
    words = ["--tmpfs", "/run:mode=755", "--tmpfs", "/run/lock", "--stop-signal", "SIGRTMIN+3"]
    words += ["--env", "container=docker"]
    if engine.cgroups == 1:
        # systemd keeps its own tree here and nothing else; memory and the like stay read-only. The host's path in
        # that tree must be the true one, hence the machine's cgroup namespace. Writing to release_agent would start
        # programs on the machine.
        tree = str(CGROUPS / "systemd")
        words += ["--cgroupns", "host", "--volume", f"{tree}:{tree}"]
        return [*words, "--volume", f"/dev/null:{tree}/release_agent"]
    if engine.version >= WRITABLE_CGROUPS:
        return [*words, "--cgroupns", "private", "--security-opt", "writable-cgroups=true"]
    # Root in a host could change the limits of others here; older versions of docker leave no other way.
    return [*words, "--cgroupns", "host", "--volume", f"{CGROUPS}:{CGROUPS}"]


def limits(engine: Engine, memory: int, vcpus: int) -> list[str]:
    """A type's memory (MiB) and vCPUs, as far as the engine may limit them: a rootless one may not everywhere."""
    words = []
    if engine.can_limit("memory"):
        # No swap, as on EC2; left to itself an engine adds as much again, and then refuses to raise the one alone.
        words += ["--memory", f"{memory}m", "--memory-swap", f"{memory}m"]
    if engine.can_limit("cpu"):
        words += ["--cpus", str(vcpus)]
    return words
