"""What a seat is told at its first boot: its one-use host key, its student's key, its deadline, the teacher's script.

The same input gives the same text, letter by letter: a launch that is sent twice is then known by EC2 as one.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from typing import Any

from classlab.errors import ClasslabError

# EC2's limit for user data, before base64.
LIMIT = 16 * 1024
# As plugins/module_utils/seat/access.py marks the student's line; a seat has that file, and not this one.
MARK = "classlab-student"
# As plugins/module_utils/seat/signal.py has put it into the image, and as it begins its line.
SIGNAL = "/usr/local/sbin/classlab-signal"
READY, NOT_READY = "classlab-ready", "classlab-not-ready"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


class UserDataError(ClasslabError):
    pass


@dataclass(frozen=True)
class FirstBoot:
    """What all seats of a lab are told alike."""

    arm_script: str  # arms the deadline that it gets as its argument
    ends_at: str
    own_script: str = ""
    # What a seat that nobody enters is to look for, thing by thing; it says on its console what it has found.
    signal: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def user_data(self, host_key: str, host_key_public: str, student_key: str = "", student: str = "") -> str:
        """The user data of one seat. `host_key` is the only secret in it, and is replaced at the first contact."""
        parts = [
            _part("cloud-config", "keys.yml", _keys_config(host_key, host_key_public, student_key)),
            # A boothook runs before everything else, and whatever the teacher's script does.
            _part("cloud-boothook", "deadline.sh", with_argument(self.arm_script, self.ends_at)),
        ]
        if self.own_script:
            parts.append(_part("x-shellscript", "user-data.sh", _checked(self.own_script)))
        if self.signal:
            # cloud-init runs scripts in the order of their names.
            parts.append(_part("x-shellscript", "zz-signal.sh", self._signal(student, student_key)))
        texts = "\n".join(part.as_string() for part in parts)
        boundary = f"==classlab-{hashlib.sha256(texts.encode()).hexdigest()[:24]}=="
        whole = MIMEMultipart("mixed", boundary, parts)
        text = whole.as_string()
        if len(text) > LIMIT:
            raise UserDataError(
                f"lab_user_data is too long: a seat can be told {LIMIT} bytes at its first boot, and with it they "
                f"would be {len(text)}. Let the script fetch what is long, or put it into the project."
            )
        return text

    def _signal(self, student: str, student_key: str) -> str:
        wanted: dict[str, Any] = {"student": student, **self.signal}
        if "access" in wanted:
            wanted["access"] = {**wanted["access"], "public_key": student_key}
        # On a line of its own, whatever was written before; and in one piece. Again a little later, for a login prompt
        # that starts at that moment takes from a console what is on its way.
        return (
            f"#!/bin/sh\nsaid=$({SIGNAL} <<'WANTED'\n{json.dumps(wanted)}\nWANTED\n) ||\n"
            f'said=\'{NOT_READY} {student} {{"image": "it cannot tell what is on it ({SIGNAL})"}}\'\n'
            "say() { printf '\\n%s\\n' \"$said\" >/dev/console; }\n"
            "say\n{ sleep 10; say; sleep 50; say; } </dev/null >/dev/null 2>&1 &\n"
        )


def with_deadline(user_data: str, ends_at: str) -> str:
    """A seat's user data, as it would be had it been launched with this deadline; what is not ours stays as it is."""
    if not TIME.fullmatch(ends_at):
        return user_data
    return re.sub(rf"^set -- {TIME.pattern}$", f"set -- {ends_at}", user_data, count=1, flags=re.MULTILINE)


def script_problem(script: str) -> str:
    """'' when a teacher's script can be run at the first boot, else a sentence. What is long is found out later."""
    if not script.strip():
        return "lab_user_data is an empty file: write a script into it, or leave lab_user_data empty."
    if "\0" in script:
        return "lab_user_data is no text: it must be a script, not a program."
    first = script.lstrip("\ufeff").splitlines()[0]
    if not first.startswith("#!"):
        return (
            f"lab_user_data begins with '{first[:40]}', so no seat would know how to run it: its first line must name "
            "the program, for example #!/bin/bash."
        )
    return ""


def with_argument(script: str, ends_at: str) -> str:
    """The script as a text that runs as if it had been called with the time as its argument."""
    if not TIME.fullmatch(ends_at):
        raise UserDataError(f"The deadline '{ends_at}' is no time: it is written as 2026-11-20T18:00:00Z.")
    first, _, rest = script.partition("\n")
    if not first.startswith("#!"):
        raise UserDataError("The script that arms the deadline does not begin with #!/bin/sh.")
    return f"{first}\nset -- {ends_at}\n{rest}"


def _checked(script: str) -> str:
    if problem := script_problem(script):
        raise UserDataError(problem)
    # Saved on Windows, "#!/bin/bash\r" names a program that is not there.
    return script.lstrip("\ufeff").replace("\r\n", "\n")


def _keys_config(private: str, public: str, student: str) -> str:
    """Only this host key: a seat with others, which nobody pinned, could be taken for another machine.

    cloud-init adds the student's line to the teacher's, which is EC2's key pair. It is the line that role seat_access
    would write, so that role finds nothing missing.
    """
    indented = "".join(f"    {line}\n" for line in private.strip().splitlines())
    access = f"ssh_authorized_keys:\n  - {' '.join([*student.split()[:2], MARK])}\n" if student else ""
    return (
        f"#cloud-config\n{access}ssh_deletekeys: true\nssh_keys:\n"
        f"  ed25519_private: |\n{indented}  ed25519_public: {public}\n"
    )


def _part(kind: str, name: str, text: str) -> MIMEText:
    """Plain where it is plain, so that a teacher can read it in the console; base64 for other alphabets."""
    part = MIMEText(text, kind, "us-ascii" if text.isascii() else "utf-8")
    part.add_header("Content-Disposition", "attachment", filename=name)
    return part
