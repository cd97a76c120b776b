"""What a host fault does to a host: the faults' words, turned into how its container is made."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from localcloud.api.faults import Fault

# Both of apt's locks, held the way apt and dpkg hold them, by a process that apt's users meet as "held by process N".
APT_LOCK = """\
import fcntl, time
locks = [open(name, "w") for name in ("/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock", "/var/lib/apt/lists/lock")]
for lock in locks:
    fcntl.lockf(lock, fcntl.LOCK_EX)
time.sleep({seconds})
"""


@dataclass(frozen=True)
class Trouble:
    starts: bool = True
    delay: float = 0
    boot_commands: tuple[list[str], ...] = ()
    mounts: tuple[tuple[Path, str], ...] = ()


def of(faults: Iterable[Fault], folder: Path) -> Trouble:
    """`folder` is the host's own; what a fault mounts into it is kept there."""
    starts, delay = True, 0.0
    commands: list[list[str]] = []
    mounts: list[tuple[Path, str]] = []
    for fault in faults:
        match fault.trouble:
            case "never-boots":
                starts = False
            case "slow-boot":
                delay += fault.seconds
            case "no-ssh":
                # sshd and its socket look for this file, and leave it at that when it exists.
                mounts.append((_file(folder, "no-ssh", ""), "/etc/ssh/sshd_not_to_be_run"))
            case "apt-lock":
                hold = ["python3", "-c", APT_LOCK.format(seconds=fault.seconds)]
                once = ["cloud-init-per", "instance", f"apt-lock-{fault.id}"]
                # A service like others would wait for the boot, and the boot for it.
                early = ["systemd-run", "--no-block", "--property=DefaultDependencies=no"]
                commands.append([*once, *early, f"--unit=apt-lock-{fault.id}", *hold])
            case "other-key":
                mounts += _other_key(folder)
    return Trouble(starts, delay, tuple(commands), tuple(mounts))


def _other_key(folder: Path) -> list[tuple[Path, str]]:
    """sshd shows a key that is neither the one on the console nor one that user data brought."""
    key = folder / "other-key"
    folder.mkdir(parents=True, exist_ok=True)
    if not key.exists():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "fault", "-f", str(key)], check=True)
    inside = "/etc/ssh/ssh_fault_key"
    setting = _file(folder, "other-key.conf", f"HostKey {inside}\n")
    return [(key, inside), (setting, "/etc/ssh/sshd_config.d/00-fault.conf")]


def _file(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / name
    file.write_text(text)
    return file
