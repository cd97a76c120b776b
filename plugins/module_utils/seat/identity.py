"""What makes a seat this one seat, and its student this one student; and how all of it is taken away.

An image is made of the seat afterwards. Whatever stays is the same on each seat that is launched from it: host keys by
which one could pass for another, ways in, a machine's id, a notebook's token, what was typed and logged.
What user data does at a seat's first boot (host key, deadline, ways in) it does there anew.
"""

from __future__ import annotations

import fnmatch
import glob
import os
import pwd
import shutil

from .files import RECORDS, Run, SeatError

GUARD = "classlab-builder-end"
# They write logs, or what they hold in memory, when they are stopped; and are started anew where a seat boots.
WRITERS = ("rsyslog.service", "syslog.socket", "cron.service", "classlab-jupyter.service", "classlab-deadline.timer")
# By pattern; `~` stands for each home. Who it is, who may come in, until when it lives, and with which token.
IDENTITY = (
    "/etc/ssh/ssh_host_*",
    "/var/lib/dbus/machine-id",
    "/var/lib/systemd/random-seed",
    "/var/lib/systemd/credential.secret",
    "/var/lib/dhcp/*",
    "/var/lib/systemd/timers/*",
    "/var/lib/cloud/*",
    "~/.ssh",
    f"{RECORDS}/deadline",
    f"{RECORDS}/jupyter.json",
    "/usr/local/sbin/classlab-deadline",
    "/etc/systemd/system/classlab-deadline.*",
    "/etc/systemd/system/timers.target.wants/classlab-deadline.timer",
)
# What was done on it. Something may be done, and logged, at any moment: it is removed, and not looked for again.
TRACES = (
    "~/.*_history",
    "~/.lesshst",
    "~/.viminfo",
    "~/.wget-hsts",
    "~/.sudo_as_admin_successful",
    "~/.cache",
    "~/.config",
    "~/.local/share",
    "~/.local/state",
    "~/.ansible",
    "~/.jupyter",
    "~/.ipython",
    "~/.classlab",
    "/var/log/journal/*",
    "/var/log/**/*.gz",
    "/var/log/**/*.[0-9]",
    "/var/crash/*",
    "/var/mail/*",
    "/var/spool/cron/*/*",
    "/tmp/*",  # noqa: S108 - nothing is written there
    "/tmp/.[!.]*",  # noqa: S108
    "/var/tmp/*",  # noqa: S108
    "/var/cache/apt/archives/*.deb",
)
# What tells cloud-init where its data are, on clouds that give them in a folder; and the module that runs this.
KEPT = ("/var/lib/cloud/seed", "/tmp/ansible_*_payload_*")  # noqa: S108
# The files stay, for their owners and modes; what is in them goes.
MACHINE_ID = "/etc/machine-id"  # filled at the next boot, when it is empty
LOGS = "/var/log/**/*"


def left() -> str:
    """Why an image of this seat would pass on who it is; nothing when it would not. It reads, and changes nothing."""
    for path in _found(IDENTITY):
        return f"there is {path}"
    return f"{MACHINE_ID} is not empty" if os.path.getsize(MACHINE_ID) else ""


def remove(run: Run, ends_after: str) -> int:
    """Take it all away; how many things that were. The connection that is open stays; no other will be let in."""
    # Should nobody come to stop this seat afterwards, it ends itself: its deadline is taken away as well.
    guard = ["systemd-run", "--quiet", f"--on-active={ends_after}", f"--unit={GUARD}", "systemctl", "poweroff"]
    rc, out, err = run(guard)
    if rc:
        raise SeatError(f"{' '.join(guard)} ended with {rc}: {(err or out).strip()}. Nothing was taken away.")
    # Some of them are not there, and that is as good.
    run(["systemctl", "stop", *WRITERS])
    # From now on the journal is kept in memory alone.
    run(["journalctl", "--relinquish-var"])
    doomed = _found((*IDENTITY, *TRACES))
    for path in doomed:
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path, ignore_errors=True)
        elif os.path.lexists(path):
            os.unlink(path)
    for path in [MACHINE_ID, *glob.glob(LOGS, recursive=True)]:
        if os.path.isfile(path):
            os.truncate(path, 0)
    if why := left():
        raise SeatError(f"An image of this seat would pass on what belongs to it alone: {why}. No image was made.")
    os.sync()
    return len(doomed)


def _found(patterns: tuple[str, ...]) -> list[str]:
    found = [path for pattern in patterns for each in _everywhere(pattern) for path in glob.glob(each, recursive=True)]
    return [path for path in dict.fromkeys(found) if not any(fnmatch.fnmatch(path, each) for each in KEPT)]


def _everywhere(pattern: str) -> list[str]:
    if not pattern.startswith("~"):
        return [pattern]
    homes = sorted({each.pw_dir for each in pwd.getpwall() if each.pw_uid == 0 or each.pw_uid >= 1000})
    return [home + pattern[1:] for home in homes if os.path.isdir(home)]
