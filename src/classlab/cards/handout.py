"""One student's hand-out: the files of the folder and of the zip. Nothing in it is the teacher's, or another student's.

key.pem          the student's own private key; not there where they gave the public half of their own
ssh_config       for `ssh -F ssh_config seat` in this very folder, wherever it was unpacked
vscode_config    the same for a folder that was copied to ~/.ssh: VS Code starts ssh in a folder of its own choice
known_hosts      the seat's host key, so that nobody is asked whether to trust it
rclone.conf      the same for rclone, which reads no ssh_config
card.html        how to use all this
"""

import base64
import hashlib
import io
import stat
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from classlab.trust import sshconfig
from classlab.trust.keys import ONLY_MINE
from classlab.trust.pins import TYPE
from classlab.trust.sshconfig import Seat

# Every student types the same commands, and a teacher can show them to all.
NAME = "seat"
KEY, KNOWN_HOSTS, SSH_CONFIG, RCLONE, CARD = "key.pem", "known_hosts", "ssh_config", "rclone.conf", "card.html"
VSCODE = "vscode_config"
# ssh on Windows and macOS asks no more of them than that nobody else may write.
OTHERS = 0o600
RCLONE_TEXT = """\
# In this folder: rclone --config {file} ls {name}:
[{name}]
type = sftp
host = {seat.address}
port = {seat.port}
user = {user}
{key}known_hosts_file = {known_hosts}
shell_type = unix
md5sum_command = md5sum
sha1sum_command = sha1sum
"""


@dataclass(frozen=True)
class Handout:
    """What is known of a student and of their seat. `place` is where on it the work lies, `results` what is fetched."""

    lab: str
    seat: Seat
    host_key: str
    key: str = ""
    full_name: str = ""
    ends_at: datetime | None = None
    place: str = ""
    results: str = "results"
    notebook_port: int = 0

    @property
    def name(self) -> str:
        """Of the folder and the zip; and in a ~/.ssh/config, where more than one lab may be."""
        return sshconfig.alias(self.lab, self.seat.student)

    @property
    def wordy(self) -> bool:
        """Would its commands and its title break into many lines on paper?"""
        return len(self.name) + len(self.full_name) + len(self.results) > 75

    @property
    def fingerprint(self) -> str:
        """As programs with windows show it, which ask."""
        digest = hashlib.sha256(base64.b64decode(self.host_key)).digest()
        return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"


def files(this: Handout, card: str) -> dict[str, tuple[str, int]]:
    """Name -> content and mode, of the folder as of the zip."""
    where = this.seat.address if this.seat.port == 22 else f"[{this.seat.address}]:{this.seat.port}"
    home = f"~/.ssh/{this.name}/"
    here = f"# In a terminal, in this folder: ssh -F {SSH_CONFIG} {NAME}\n"
    there = f"# In ~/.ssh/config, after this folder was copied to {home}: Include {this.name}/{VSCODE}\n"
    rclone = RCLONE_TEXT.format(
        file=RCLONE,
        name=NAME,
        seat=this.seat,
        user=sshconfig.USER,
        key=f"key_file = {KEY}\n" if this.key else "",
        known_hosts=KNOWN_HOSTS,
    )
    made = {
        SSH_CONFIG: here + _config(this, "", NAME, this.name),
        VSCODE: there + _config(this, home, this.name),
        KNOWN_HOSTS: f"{this.seat.id},{where} {TYPE} {this.host_key}\n",
        RCLONE: rclone,
        CARD: card,
    }
    key = {KEY: (this.key, ONLY_MINE)} if this.key else {}
    return key | {name: (text, OTHERS) for name, text in made.items()}


def _config(this: Handout, place: str, *names: str) -> str:
    key = f"{place}{KEY}" if this.key else ""
    return sshconfig.of_one(this.seat, names, key, f"{place}{KNOWN_HOSTS}")


def zipped(content: Mapping[str, tuple[str, int]]) -> bytes:
    """
    The same bytes for the same content. Without a folder in it: where it is unpacked by a click, a folder is made that
    is called as the zip is.
    """
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (text, mode) in content.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # Unix: what unpacks it takes over the mode, and ssh refuses a key of 0644
            entry.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(entry, text)
    return whole.getvalue()
