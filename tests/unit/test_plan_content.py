"""What is said of a class file's content, without any cloud."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from classlab import settings
from classlab.plan import addresses, content
from classlab.plan.content import Class

ROOT = Path(__file__).parents[2]
DEFAULTS = settings.known(ROOT / "group_vars" / "all")
NOW = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)
TAGS = {"Owner": "Ada", "Email": "ada@example.org", "Project": "CS 101", "Task": "Lab 3"}


def read(folder: Path, on_aws: bool = False, **given: Any) -> tuple[Class, list[str]]:
    base = {"lab_name": "demo", "lab_students": ["ada"], "lab_tags": TAGS, "lab_checkip_url": "http://checkip"}
    return content.read({**base, **given}, DEFAULTS, folder, on_aws, NOW)


def problem(folder: Path, on_aws: bool = False, **given: Any) -> str:
    problems = read(folder, on_aws, **given)[1]
    assert len(problems) == 1, problems
    return problems[0]


def test_a_sound_class_has_no_problems(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "boot.sh").write_text("#!/bin/sh\nexit 0\n")
    wanted, problems = read(
        tmp_path,
        on_aws=True,
        lab_project="work",
        lab_run="python main.py",
        lab_results=["plots", "out/tables"],
        lab_user_data="boot.sh",
        lab_hours=1.5,
        lab_budget=10,
        lab_zones=["us-east-1a"],
        lab_python="3.12",
        lab_ubuntu="22.04",
        lab_key_type="rsa",
        lab_web=True,
    )
    assert problems == []
    assert [student.name for student in wanted.students] == ["ada"]
    assert (wanted.name, wanted.hours, wanted.budget, wanted.ubuntu) == ("demo", 1.5, 10, "22.04")
    assert (wanted.key_type, wanted.web, wanted.spot, wanted.zones) == ("rsa", True, False, ["us-east-1a"])
    assert wanted.tags == TAGS
    assert wanted.user_data == "#!/bin/sh\nexit 0\n"
    assert wanted.ask_address == "http://checkip"


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    problems = read(
        tmp_path,
        lab_name="CS 101",
        lab_students=["Ada Lovelace", "grace"],
        lab_hours="8",
        lab_project="gone",
        lab_python="3.11.3",
        lab_ssh_cidrs=["10.0.0.1/8"],
        lab_tags={"Ownr": "me"},
        lab_ends_at="friday",
        lab_user_data="gone.sh",
    )[1]
    assert len(problems) == 9
    for word in (
        "cs-101",
        "ada-lovelace",
        "lab_hours",
        "'gone' is not there",
        '"3.11"',
        "10.0.0.0/8",
        "Owner?",
        "friday",
        "gone.sh",
    ):
        assert sum(word in each for each in problems) >= 1, word


def test_a_setting_left_empty_is_its_default(tmp_path: Path) -> None:
    wanted, problems = read(tmp_path, lab_hours=None, lab_region=None, lab_zones=None)
    assert problems == []
    assert (wanted.hours, wanted.region, wanted.zones) == (8, "us-east-1", [])


@pytest.mark.parametrize(
    ("name", "value", "mend"),
    [
        ("lab_name", "", "lab_name: cs101"),
        ("lab_name", 101, "quotes"),
        ("lab_students", [], "list them in lab_students"),
        ("lab_cloud", "azure", "localcloud or aws"),
        ("lab_region", "", "us-east-1"),
        ("lab_region", "US East", "us-east-1"),
        ("lab_hours", 0, "more than 0"),
        ("lab_hours", -1, "more than 0"),
        ("lab_hours", 721, "720 hours"),
        ("lab_hours", float("nan"), "720 hours"),
        ("lab_hours", "eight", "without quotes and units"),
        ("lab_hours", True, "without quotes and units"),
        ("lab_budget", -5, "0 for no limit"),
        ("lab_budget", "5$", "without quotes and units"),
        ("lab_python", 3.1, "3.10 becomes 3.1"),
        ("lab_python", 3.11, 'lab_python: "3.11"'),
        ("lab_python", "3.11.3", '"3.11"'),
        ("lab_python", "python3.11", '"3.11"'),
        ("lab_python", "2.7", '"3.11"'),
        ("lab_python", "three", '"3.11"'),
        ("lab_instance_type", "t3micro", "t3.micro"),
        ("lab_instance_type", "", "t3.micro"),
        ("lab_ubuntu", 24.04, "quotes"),
        ("lab_ubuntu", "20.04", "24.04 or 22.04"),
        ("lab_key_type", "dsa", "ed25519 or rsa"),
        ("lab_key_type", "ed2551", "Did you mean ed25519?"),
        ("lab_spares", -1, "how many seats are to be kept ready"),
        ("lab_spares", 1.5, "how many seats are to be kept ready"),
        ("lab_volume_size", 4, "8 to 16384"),
        ("lab_volume_size", 20.5, "whole GiB"),
        ("lab_volume_size", "20 GB", "without quotes and units"),
        ("lab_spot", "no", "lab_spot: true or lab_spot: false"),
        ("lab_zones", "us-east-1a", "lab_zones: [us-east-1a]"),
        ("lab_zones", [1], "us-east-1a"),
        ("lab_packages", ["tmux; reboot"], "tmux"),
        ("lab_subnet_ids", ["sub-1"], "subnet-0a1b2c3d"),
        ("lab_tags", "me", "group of settings"),
        ("lab_run", ["python main.py"], "quotes"),
        ("lab_checkip_url", 5, "quotes"),
        ("lab_checkip_url", None, "remove the line"),
        ("lab_ends_at", "2026-11-20 17:59 Z", "in the past"),
        ("lab_ends_at", "2026-11-20 18:00 Z", "in the past"),
        ("lab_ends_at", "2026-11-21 18:00", "has no zone"),
        ("lab_ends_at", "next friday", "no time that can be read"),
        ("lab_ends_at", "2027-03-01 18:00 Z", "30 days"),
    ],
)
def test_a_bad_value_is_one_sentence_with_its_mend(tmp_path: Path, name: str, value: object, mend: str) -> None:
    told = problem(tmp_path, **{name: value})
    assert mend in told
    assert told.endswith((".", "?"))


def test_a_deadline_is_kept_as_utc(tmp_path: Path) -> None:
    wanted, problems = read(tmp_path, lab_ends_at="2026-11-21 09:00 +0100")
    assert problems == []
    assert wanted.ends_at == NOW + timedelta(hours=14)


def test_zones_and_subnets_at_once(tmp_path: Path) -> None:
    assert "keep one" in problem(tmp_path, lab_zones=["us-east-1a"], lab_subnet_ids=["subnet-0a"])


# Files


def test_a_project_that_is_not_there(tmp_path: Path) -> None:
    told = problem(tmp_path, lab_project="../weather", lab_project_revision="v1", lab_results=["plots"])
    assert "'../weather' is not there" in told and str(tmp_path.parent / "weather") in told


def test_a_project_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "main.py").touch()
    assert "is a file, not a folder" in problem(tmp_path, lab_project="main.py")


@pytest.mark.parametrize("address", ["https://example.org/a/b", "git@example.org:a/b.git", "ssh://git@example.org/b"])
def test_a_git_address_is_left_to_git(tmp_path: Path, address: str) -> None:
    assert read(tmp_path, lab_project=address, lab_project_revision="v1")[1] == []


def test_a_revision_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    assert "no git address" in problem(tmp_path, lab_project="work", lab_project_revision="v1")


@pytest.mark.parametrize("result", ["/tmp/plots", "../plots", "a/../../b", "~/plots", "C:\\plots"])
def test_a_result_folder_outside_of_the_project(tmp_path: Path, result: str) -> None:
    (tmp_path / "work").mkdir()
    assert "outside of the project" in problem(tmp_path, lab_project="work", lab_results=[result])


@pytest.mark.parametrize("result", ["", 5, None])
def test_a_result_folder_that_is_no_name(tmp_path: Path, result: object) -> None:
    (tmp_path / "work").mkdir()
    assert "for example plots" in problem(tmp_path, lab_project="work", lab_results=[result])


def test_results_without_a_project(tmp_path: Path) -> None:
    assert "name the project" in problem(tmp_path, lab_results=["plots"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "is not there"),
        (b"echo hello\n", "#!/bin/bash"),
        (b"", "#!/bin/bash"),
        (b"\x7fELF\xff", "UTF-8"),
        (b"#!/bin/sh\n" + b"#" * 12 * 1024, "12288"),
    ],
    ids=["missing", "no interpreter", "empty", "binary", "too big"],
)
def test_a_bootstrap_script_that_cannot_be_sent(tmp_path: Path, content: bytes | None, words: str) -> None:
    if content is not None:
        (tmp_path / "boot.sh").write_bytes(content)
    assert words in problem(tmp_path, lab_user_data="boot.sh")


def test_a_bootstrap_script_from_windows_is_sent_as_linux_reads_it(tmp_path: Path) -> None:
    (tmp_path / "boot.sh").write_bytes(b"\xef\xbb\xbf#!/bin/sh\r\nexit 0\r\n")
    assert read(tmp_path, lab_user_data="boot.sh")[0].user_data == "#!/bin/sh\nexit 0\n"


# Tags


def test_tags_are_required_on_aws_only(tmp_path: Path) -> None:
    assert read(tmp_path, lab_tags={"Owner": "", "Email": None})[1] == []
    told = problem(tmp_path, on_aws=True, lab_tags={"Owner": "Ada", "Email": " "})
    assert "Email, Project, Task are empty" in told


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("Ownr", "Ada", "Did you mean Owner?"),
        ("owner", "Ada", "Did you mean Owner?"),
        ("Project", 2027, 'Project: "2027"'),
        ("Task", True, 'Task: "true"'),
        ("Task", "50% & more", "'% &'"),
        ("Task", "two\nlines", "EC2 takes no"),
        ("Task", "x" * 257, "257 letters"),
        ("Task", "aws:me", "begins with 'aws:'"),
        ("Email", "ada", "no address"),
    ],
)
def test_tags_that_ec2_would_refuse(tmp_path: Path, key: str, value: object, words: str) -> None:
    assert words in problem(tmp_path, lab_tags={**TAGS, key: value})


def test_tags_may_have_letters_of_any_script(tmp_path: Path) -> None:
    assert read(tmp_path, lab_tags={**TAGS, "Owner": "Zoë 李 (no)".replace("(no)", "+-=._:/@")})[1] == []


# Addresses


@pytest.mark.parametrize(
    ("cidr", "words"),
    [
        ("192.168.1.7/24", "write 192.168.1.0/24."),
        ("203.0.113.7", "write 203.0.113.7/32."),
        ("10.0.0.0/255.0.0.0", "write 10.0.0.0/8."),
        ("2001:db8::/32", "IPv4 addresses only"),
        ("my.host.org", "203.0.113.7/32"),
        ("203.0.113.7/33", "203.0.113.7/32"),
        (5, "203.0.113.7/32"),
    ],
)
def test_what_is_no_range(tmp_path: Path, cidr: object, words: str) -> None:
    assert words in problem(tmp_path, lab_ssh_cidrs=[cidr])
    assert words in addresses.cidr_problem(cidr)


def test_ranges_that_are_written_need_no_question(tmp_path: Path) -> None:
    wanted, problems = read(tmp_path, lab_ssh_cidrs=["203.0.113.7/32", "0.0.0.0/0", "203.0.113.7/32"])
    assert problems == []
    assert wanted.ssh_cidrs == ["203.0.113.7/32", "0.0.0.0/0"]
    assert wanted.ask_address == ""
