"""Private keys: made in one go, readable for nobody else, kept for ever, and told apart from other files."""

import subprocess
import time
from pathlib import Path

import pytest

from classlab.labfolder import LabFolder
from classlab.trust import keys


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    return LabFolder(tmp_path / ".lab" / "test")


def as_ssh_reads_it(file: Path) -> list[str]:
    done = subprocess.run(["ssh-keygen", "-y", "-f", file], check=True, capture_output=True, text=True)
    return done.stdout.split()[:2]


@pytest.mark.parametrize(("kind", "first"), [("ed25519", "OPENSSH PRIVATE KEY"), ("rsa", "RSA PRIVATE KEY")])
def test_ssh_takes_both_kinds(folder: LabFolder, kind: str, first: str) -> None:
    made = keys.ensure_all(folder, "cs101", kind, ["ada"])
    for file in (folder.teacher_key, folder.student_key("ada")):
        assert first in file.read_text().splitlines()[0]
        assert as_ssh_reads_it(file) == file.with_name(f"{file.name}.pub").read_text().split()[:2]
    assert made.public_key.split()[:2] == as_ssh_reads_it(folder.teacher_key)
    assert made.public_key.endswith(" cs101-teacher") and made.made == ["teacher", "ada"]
    bits = subprocess.run(["ssh-keygen", "-l", "-f", folder.teacher_key], check=True, capture_output=True, text=True)
    assert bits.stdout.startswith("3072 " if kind == "rsa" else "256 ")


def test_nobody_else_may_read_one_at_any_moment(folder: LabFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen at the only moments when there is something to read: just before a file gets its name, and after."""
    seen: list[int] = []
    replace = Path.replace

    def watched(self: Path, target: Path) -> Path:
        seen.append(self.stat().st_mode & 0o777)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", watched)
    keys.ensure(folder, folder.student_key("ada"), "ed25519", "ada")
    assert seen == [0o400, 0o644]
    assert folder.student_key("ada").stat().st_mode & 0o777 == 0o400
    assert folder.student_key("ada").parent.stat().st_mode & 0o777 == 0o700


def test_keys_are_kept_whatever_is_asked_for(folder: LabFolder) -> None:
    keys.ensure_all(folder, "cs101", "ed25519", ["ada", "grace"])
    before = {file: file.read_bytes() for file in folder.path.rglob("*.pem*")}
    again = keys.ensure_all(folder, "cs101", "rsa", ["ada"])
    assert again.made == [] and before == {file: file.read_bytes() for file in folder.path.rglob("*.pem*")}


def test_a_copied_folder_is_mended(folder: LabFolder) -> None:
    """Copied by USB stick or mail: ssh refuses keys that others may read, and a .pub gets lost."""
    keys.ensure_all(folder, "cs101", "ed25519", ["ada"])
    file = folder.student_key("ada")
    file.chmod(0o644)
    file.with_name("ada.pem.pub").unlink()
    assert keys.ensure_all(folder, "cs101", "ed25519", ["ada"]).made == ["ada"]
    assert file.stat().st_mode & 0o777 == 0o400 and file.with_name("ada.pem.pub").exists()


@pytest.mark.parametrize("content", [b"", b"ssh-ed25519 AAAA ada\n", b"-----BEGIN RSA PRIVATE KEY-----\nx\n"])
def test_a_file_that_is_no_key_is_named(folder: LabFolder, content: bytes) -> None:
    folder.write(folder.teacher_key, content, 0o400)
    with pytest.raises(keys.KeyFileError, match=r"teacher\.pem is no private key that can be used"):
        keys.ensure_all(folder, "cs101", "ed25519", [])
    assert folder.teacher_key.read_bytes() == content


def test_a_key_with_a_passphrase_is_named(folder: LabFolder) -> None:
    folder.make()
    words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret", "-f", str(folder.teacher_key)]
    subprocess.run(words, check=True)
    with pytest.raises(keys.KeyFileError, match="teacher"):
        keys.ensure_all(folder, "cs101", "ed25519", [])


def test_another_key_in_the_cloud_and_nothing_is_made(folder: LabFolder) -> None:
    elsewhere = keys.ensure_all(LabFolder(folder.path.with_name("elsewhere")), "cs101", "ed25519", []).public_key
    assert keys.ensure_all(folder, "cs101", "ed25519", ["ada"], elsewhere).replaces
    assert not folder.path.exists()
    own = keys.ensure_all(folder, "cs101", "ed25519", []).public_key
    assert keys.ensure_all(folder, "cs101", "ed25519", ["ada"], elsewhere).replaces
    assert not folder.student_key("ada").exists()
    other_comment = " ".join([*own.split()[:2], "as-ec2-says"])
    assert keys.ensure_all(folder, "cs101", "ed25519", ["ada"], other_comment).made == ["ada"]


def test_three_hundred_take_seconds(folder: LabFolder) -> None:
    began = time.monotonic()
    keys.ensure_all(folder, "cs101", "ed25519", [f"s{number}" for number in range(300)])
    assert time.monotonic() - began < 10


def test_a_first_key_is_the_same_until_it_is_gone(folder: LabFolder) -> None:
    first = keys.first_key(folder, "ada")
    assert keys.first_key(folder, "ada") == first
    folder.first_key("ada").unlink()
    assert keys.first_key(folder, "ada") != first
