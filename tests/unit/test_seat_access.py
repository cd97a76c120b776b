"""The student's line in authorized_keys, and nobody else's."""

import os
import pwd
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import access
from seat.files import SeatError

TEACHER = "ssh-ed25519 AAAATEACHER demo-teacher"
OWN = 'from="10.0.0.0/8" ssh-rsa AAAAOWN my laptop'
WANTED = {"user": "ubuntu", "public_key": "ssh-ed25519 AAAAADA ada's key, made by make\n"}


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    account = SimpleNamespace(pw_dir=str(tmp_path), pw_uid=os.getuid(), pw_gid=os.getgid())
    real = pwd.getpwnam
    monkeypatch.setattr(access.pwd, "getpwnam", lambda name: account if name == "ubuntu" else real(name))
    return tmp_path / ".ssh" / "authorized_keys"


def test_the_students_key_comes_besides_the_teachers(file: Path) -> None:
    file.parent.mkdir()
    file.write_text(f"{TEACHER}\n{OWN}")  # without an end of line
    assert access.missing(WANTED) == "the student's key is not there"
    assert access.ensure(WANTED) == "the student's key is not there"
    assert file.read_text() == f"{TEACHER}\n{OWN}\nssh-ed25519 AAAAADA classlab-student\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert access.ensure(WANTED) == ""


def test_another_key_takes_the_place_of_the_one_before(file: Path) -> None:
    access.ensure(WANTED)
    file.write_text(f"{file.read_text()}{OWN}\nssh-rsa AAAASTRAY classlab-student\n")
    new = {**WANTED, "public_key": "ssh-rsa AAAANEW"}
    assert access.missing(WANTED) == access.ensure(new) == "the student's key is another one"
    assert file.read_text() == f"{OWN}\nssh-rsa AAAANEW classlab-student\n"


def test_without_a_folder_it_is_made(file: Path) -> None:
    access.ensure(WANTED)
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert [each.name for each in file.parent.iterdir()] == ["authorized_keys"]


def test_an_unknown_user_is_named(file: Path) -> None:
    with pytest.raises(SeatError, match="There is no user 'nobody-here' on this seat"):
        access.missing({**WANTED, "user": "nobody-here"})
