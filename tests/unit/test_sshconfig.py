"""The lab's ssh_config, read by ssh itself."""

import subprocess
from pathlib import Path

import pytest

from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.trust import sshconfig
from classlab.trust.sshconfig import Seat

ADA = Seat("ada", "i-0a", "203.0.113.7")
GRACE = Seat("grace", "i-0b", "127.0.0.1", 32768)


@pytest.fixture
def folder(tmp_path: Path) -> LabFolder:
    return LabFolder(tmp_path / "the teacher's labs, 100% %h" / "demo")


def asked(config: Path, host: str) -> dict[str, str]:
    """What ssh makes of the file for a host."""
    done = subprocess.run(["ssh", "-G", "-F", config, host], capture_output=True, text=True, check=True)
    return dict(line.split(" ", 1) for line in done.stdout.splitlines() if " " in line)


@pytest.mark.parametrize("alias", ["ada", "demo-ada"])
def test_a_seat_is_reached_by_its_alias_and_verified(folder: LabFolder, alias: str) -> None:
    sshconfig.write(folder, "demo", [ADA, GRACE])
    told = asked(folder.ssh_config, alias)
    assert (told["user"], told["hostname"], told["port"], told["hostkeyalias"]) == (
        "ubuntu",
        "203.0.113.7",
        "22",
        "i-0a",
    )
    assert told["stricthostkeychecking"] == "true"
    assert told["globalknownhostsfile"] == "/dev/null"
    assert told["hostkeyalgorithms"] == "ssh-ed25519"
    assert told["updatehostkeys"] == "false"
    assert told["identitiesonly"] == "yes"
    assert told["serveraliveinterval"] == "30"


def test_paths_with_blanks_quotes_and_percent_signs_arrive_whole(folder: LabFolder) -> None:
    sshconfig.write(folder, "demo", [ADA])
    told = asked(folder.ssh_config, "ada")
    # -G shows tokens as they are written; doubled, they stand for one percent sign
    assert told["identityfile"].replace("%%", "%") == str(folder.teacher_key)
    assert told["userknownhostsfile"].strip('"').replace("%%", "%") == str(folder.known_hosts)


def test_another_port_is_told(folder: LabFolder) -> None:
    sshconfig.write(folder, "demo", [ADA, GRACE])
    told = asked(folder.ssh_config, "grace")
    assert (told["hostname"], told["port"]) == ("127.0.0.1", "32768")


def test_included_in_a_teachers_own_config_it_speaks_of_this_labs_seats_alone(
    folder: LabFolder, tmp_path: Path
) -> None:
    sshconfig.write(folder, "demo", [ADA])
    own = tmp_path / "config"
    own.write_text(f"{sshconfig.include_line(folder)}\nHost *\n    User me\n    ServerAliveInterval 5\n")
    assert asked(own, "ada")["hostkeyalias"] == "i-0a"
    others = asked(own, "example.org")
    assert (others["user"], others["serveraliveinterval"]) == ("me", "5")
    assert str(folder.path) not in str(others)


def test_it_is_written_only_when_something_differs(folder: LabFolder) -> None:
    assert sshconfig.write(folder, "demo", [ADA, GRACE])
    assert not sshconfig.write(folder, "demo", [GRACE, ADA])
    assert sshconfig.write(folder, "demo", [ADA])


def test_a_stopped_seat_and_an_empty_lab_have_no_entry(folder: LabFolder) -> None:
    sshconfig.write(folder, "demo", [ADA, Seat("grace", "i-0b", "")])
    assert "grace" not in folder.ssh_config.read_text()
    sshconfig.write(folder, "demo", [])
    assert "\nHost" not in folder.ssh_config.read_text()


@pytest.mark.parametrize("part", ['a"b', "a${HOME}b", "a\nb"])
def test_a_path_that_ssh_cannot_take_is_refused(tmp_path: Path, part: str) -> None:
    with pytest.raises(ClasslabError, match="move the whole classlab folder"):
        sshconfig.write(LabFolder(tmp_path / part / "demo"), "demo", [ADA])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('Include "{folder}/ssh_config"', True),
        ('  include = "{folder}/ssh_config"', True),
        ('Include other "{labs}/*/ssh_config"', True),
        ("Include labs/demo/ssh_config", True),
        ("Include labs/other/ssh_config", False),
        ("# Include labs/demo/ssh_config", False),
        ('Include "labs', False),
        ("Host ada", False),
    ],
)
def test_an_include_that_is_there_already_is_seen(tmp_path: Path, line: str, found: bool) -> None:
    lab = LabFolder(tmp_path / "labs" / "demo")
    config = tmp_path / "config"
    assert not sshconfig.included(lab, config)
    config.write_text(f"Host *\n{line.format(folder=lab.path, labs=lab.path.parent)}\n")
    assert sshconfig.included(lab, config) == found
