"""User data: what cloud-init gets is what was meant, the same each time, and small enough."""

import json
import re
import subprocess
import sys
from email import message_from_string
from email.message import Message
from pathlib import Path
from typing import cast

import pytest
import yaml

from classlab.cloud.signals import heard_from
from classlab.cloud.userdata import (
    LIMIT,
    NOT_READY,
    READY,
    SIGNAL,
    FirstBoot,
    UserDataError,
    script_problem,
    with_argument,
)
from classlab.labfolder import LabFolder
from classlab.trust import keys

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import access

ARM = Path(__file__).parents[2] / "roles" / "deadline" / "files" / "arm-deadline.sh"
ENDS_AT = "2026-11-20T18:00:00Z"


@pytest.fixture
def key(tmp_path: Path) -> tuple[str, str]:
    return keys.first_key(LabFolder(tmp_path), "ada")


def parts(text: str) -> dict[str, str]:
    message = message_from_string(text)
    assert message.get_content_type() == "multipart/mixed"
    return {
        part.get_content_type(): cast(bytes, part.get_payload(decode=True)).decode()
        for part in cast(list[Message], message.get_payload())
    }


def test_the_only_host_key_is_the_one_use_one(key: tuple[str, str]) -> None:
    config = yaml.safe_load(parts(FirstBoot(ARM.read_text(), ENDS_AT).user_data(*key))["text/cloud-config"])
    assert config["ssh_deletekeys"] is True
    assert config["ssh_keys"] == {"ed25519_private": key[0], "ed25519_public": key[1]}


def test_a_students_line_is_the_one_that_the_role_would_write(key: tuple[str, str]) -> None:
    """So that a seat which has just been born misses nothing."""
    for public in ("ssh-rsa AAAAB3Nz+/= her own, brought along", "sk-ssh-ed25519@openssh.com AAAAGnNr==\n"):
        config = yaml.safe_load(parts(FirstBoot(ARM.read_text(), ENDS_AT).user_data(*key, public))["text/cloud-config"])
        assert config["ssh_authorized_keys"] == [access.line({"public_key": public})]
        assert config["ssh_keys"]["ed25519_public"] == key[1]
    nobodys = yaml.safe_load(parts(FirstBoot(ARM.read_text(), ENDS_AT).user_data(*key))["text/cloud-config"])
    assert "ssh_authorized_keys" not in nobodys


def test_the_deadline_is_armed_by_the_very_script_with_the_time_as_argument(key: tuple[str, str]) -> None:
    script = parts(FirstBoot("#!/bin/sh\nset -eu\necho armed for $1 of $#\n", ENDS_AT).user_data(*key))
    said = subprocess.run(["sh"], input=script["text/cloud-boothook"], check=True, capture_output=True, text=True)
    assert said.stdout == f"armed for {ENDS_AT} of 1\n"
    assert with_argument(ARM.read_text(), ENDS_AT).count("\n") == ARM.read_text().count("\n") + 1
    whole = parts(FirstBoot(ARM.read_text(), ENDS_AT).user_data(*key))["text/cloud-boothook"]
    assert (
        whole.startswith("#!/bin/sh\n") and whole.replace(f"set -- {ENDS_AT}\n", "").strip() == ARM.read_text().strip()
    )


@pytest.mark.parametrize("ends_at", ["", "tomorrow", "2026-11-20T18:00:00+0100", f"{ENDS_AT}; reboot"])
def test_only_a_time_becomes_a_deadline(key: tuple[str, str], ends_at: str) -> None:
    with pytest.raises(UserDataError, match="is no time"):
        FirstBoot(ARM.read_text(), ends_at).user_data(*key)


def test_a_teachers_script_arrives_letter_by_letter(key: tuple[str, str]) -> None:
    for own in (
        "#!/bin/bash\necho $HOME\n",
        "#!/bin/bash\n# für alle: 学生\necho ja\n",
        f"#!/bin/sh\n--==x\nFrom {'x' * 2000}\n",
    ):
        assert parts(FirstBoot(ARM.read_text(), ENDS_AT, own).user_data(*key))["text/x-shellscript"] == own
    assert "text/x-shellscript" not in parts(FirstBoot(ARM.read_text(), ENDS_AT).user_data(*key))


def test_a_script_saved_on_windows_runs(key: tuple[str, str]) -> None:
    own = "\ufeff#!/bin/bash\r\necho hello\r\n"
    assert (
        parts(FirstBoot(ARM.read_text(), ENDS_AT, own).user_data(*key))["text/x-shellscript"]
        == "#!/bin/bash\necho hello\n"
    )


@pytest.mark.parametrize(
    ("script", "told"),
    [
        (" \n", "empty file"),
        ("echo hello\n", "#!/bin/bash"),
        ("#cloud-config\n{}\n", "#!/bin/bash"),
        ("\0ELF", "no text"),
    ],
)
def test_what_no_seat_could_run_is_refused(key: tuple[str, str], script: str, told: str) -> None:
    assert told in script_problem(script)
    with pytest.raises(UserDataError, match="lab_user_data"):
        FirstBoot(ARM.read_text(), ENDS_AT, script).user_data(*key)


def test_a_seat_that_nobody_enters_says_how_it_is_last_of_all(key: tuple[str, str], tmp_path: Path) -> None:
    """What it is to look for travels to the program in the image; without that program, it is not ready."""
    boot = FirstBoot(ARM.read_text(), ENDS_AT, "#!/bin/sh\n", {"venv": {"path": "/it's"}, "access": {"user": "ubuntu"}})
    message = message_from_string(boot.user_data(*key, "ssh-ed25519 AAAA her own", "ada"))
    *_, teachers, last = cast(list[Message], message.get_payload())
    assert str(teachers.get_filename()) < str(last.get_filename()), "cloud-init runs scripts by their names"
    script = cast(bytes, last.get_payload(decode=True)).decode()
    console, program = tmp_path / "console", tmp_path / "classlab-signal"

    def said() -> str:
        console.write_text("")
        """Three times, for a console may lose what is on its way."""
        text = re.sub(
            "sleep [0-9]+", "true", script.replace("/dev/console", str(console)).replace(SIGNAL, str(program))
        )
        text = text.replace(">/dev/null 2>&1 &", "& wait").replace(">" + str(console), ">>" + str(console))
        subprocess.run(["sh"], input=text, check=True, text=True, capture_output=True)
        first, *more = console.read_text().split("\n\n")
        assert [each.strip() for each in more] == [first.strip()] * 2
        return first

    word, told = heard_from("ada", said())
    assert (word, told.partition(" (")[0]) == (NOT_READY, "image: it cannot tell what is on it")
    program.write_text("#!/bin/sh\necho classlab-ready ada $(cat)\n")
    program.chmod(0o700)
    word, told = heard_from("ada", said())
    assert word == READY
    assert json.loads(told) == {
        "student": "ada",
        "venv": {"path": "/it's"},
        "access": {"user": "ubuntu", "public_key": "ssh-ed25519 AAAA her own"},
    }


def test_the_same_is_said_the_same_way(key: tuple[str, str]) -> None:
    """A launch is repeated under the same token only if it is the same launch."""
    rsa = f"ssh-rsa {'A' * 724} a key of 4096 bits"
    one = FirstBoot(ARM.read_text(), ENDS_AT, "#!/bin/sh\n").user_data(*key, rsa)
    assert one == FirstBoot(ARM.read_text(), ENDS_AT, "#!/bin/sh\n").user_data(*key, rsa)
    assert one.isascii() and len(one) < LIMIT / 2, "half of it is the teacher's"


def test_too_much_is_refused(key: tuple[str, str]) -> None:
    with pytest.raises(UserDataError, match=f"{LIMIT} bytes"):
        FirstBoot(ARM.read_text(), ENDS_AT, "#!/bin/sh\n" + "#" * LIMIT).user_data(*key)
