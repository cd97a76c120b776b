import base64
from pathlib import Path
from typing import Any

import pytest

from classlab.roster import Student, students
from classlab.trust.sshkeys import public_key_problem

BODY = base64.b64encode(b"\0\0\0\x0bssh-ed25519" + b"\0\0\0\x20" + b"x" * 32).decode()
KEY = f"ssh-ed25519 {BODY} ada@laptop"
PRIVATE = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAA\n-----END OPENSSH PRIVATE KEY-----"


def roster(tmp_path: Path, content: str | bytes) -> tuple[list[Student], list[str]]:
    (tmp_path / "class.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    return students({"lab_roster": "class.csv"}, tmp_path)


def problem(found: tuple[list[Student], list[str]]) -> str:
    assert len(found[1]) == 1, found[1]
    return found[1][0]


def listed(*entries: Any) -> tuple[list[Student], list[str]]:
    return students({"lab_students": list(entries), "lab_roster": ""}, Path("/nowhere"))


def test_names_and_whole_entries_may_be_mixed() -> None:
    found, problems = listed("ada", {"name": "grace", "email": "grace@example.org", "ssh_key": KEY})
    assert problems == []
    assert found == [Student("ada"), Student("grace", "grace@example.org", KEY)]


def test_no_students_at_all() -> None:
    assert "lab_students" in problem(students({}, Path()))
    assert "lab_roster" in problem(students({"lab_students": [], "lab_roster": None}, Path()))


def test_a_list_and_a_roster_at_once() -> None:
    assert "keep one" in problem(students({"lab_students": ["ada"], "lab_roster": "a.csv"}, Path()))


def test_a_text_where_a_list_is_wanted() -> None:
    assert "- ada" in problem(students({"lab_students": "ada, grace"}, Path()))


@pytest.mark.parametrize(("first", "second"), [("ada", "ada"), ("ada", "Ada")])
def test_duplicates_are_told_also_when_only_capitals_differ(first: str, second: str) -> None:
    assert any("named 2 times" in each and "ada-2" in each for each in listed(first, second)[1])


def test_every_bad_entry_is_told_with_its_place() -> None:
    problems = listed(
        "Ada Lovelace", 7, {"name": "grace", "mail": "x"}, {"email": "a@b"}, None, {"name": "bob", "email": 5}
    )[1]
    assert "entry 1" in problems[-1] and "ada-lovelace" in problems[-1]
    assert any("entry 2" in each and "quotes" in each for each in problems)
    assert any("entry 3" in each and "Did you mean email?" in each for each in problems)
    assert any("entry 4" in each and "empty" in each for each in problems)
    assert any("entry 5" in each and "empty" in each for each in problems)
    assert any("entry 6" in each and "email of 'bob'" in each for each in problems)
    assert len(problems) == 6


@pytest.mark.parametrize("email", ["ada", "ada@", "ada at example", "a@b@c"])
def test_an_email_that_is_none(email: str) -> None:
    assert "ada@example.org" in problem(listed({"name": "ada", "email": email}))


@pytest.mark.parametrize(
    "content",
    [
        f"name,email,ssh_key\nada,ada@example.org,{KEY}\ngrace,,\n",
        f"\ufeffname,email,ssh_key\r\nada,ada@example.org,{KEY}\r\ngrace,,\r\n",
        f"Name;Email;SSH_Key\r\nada;ada@example.org;{KEY}\r\ngrace;;\r\n",
        f"sep=;\r\nname;email;ssh_key\r\nada;ada@example.org;{KEY}\r\ngrace;;\r\n",
        f"email\tname\tcourse\tssh_key\n ada@example.org \tada\tCS\t{KEY}\n\t\t\t\n\tgrace\n\n",
        f'"name","email","ssh_key"\n"ada","ada@example.org","{KEY}"\n"grace","",""',
    ],
    ids=["plain", "utf-8 mark", "semicolons", "sep line", "tabs and another column", "quotes"],
)
def test_what_spreadsheets_write_is_understood(tmp_path: Path, content: str) -> None:
    found, problems = roster(tmp_path, content)
    assert problems == []
    assert found == [Student("ada", "ada@example.org", KEY), Student("grace")]


def test_excel_s_unicode_text_is_understood(tmp_path: Path) -> None:
    assert roster(tmp_path, "name\temail\nada\t\n".encode("utf-16"))[0] == [Student("ada")]


def test_another_encoding_is_refused_with_what_to_choose(tmp_path: Path) -> None:
    assert "CSV UTF-8" in problem(roster(tmp_path, "name,email\nzoë,\n".encode("cp1252")))


def test_a_roster_that_is_not_there(tmp_path: Path) -> None:
    assert "is not there" in problem(students({"lab_roster": "gone.csv"}, tmp_path))
    assert "is a folder" in problem(students({"lab_roster": "."}, tmp_path))
    assert "name of a CSV file" in problem(students({"lab_roster": ["a"]}, tmp_path))


def test_missing_columns_are_told_with_those_that_were_found(tmp_path: Path) -> None:
    told = problem(roster(tmp_path, "student,mail\nada,a@b\n"))
    assert "no column name and no column email" in told and "found: student, mail" in told


@pytest.mark.parametrize("content", ["", "\n\n", "name,email\n", "name,email\n,\n\n"])
def test_an_empty_roster(tmp_path: Path, content: str) -> None:
    told = problem(roster(tmp_path, content))
    assert "is empty" in told or "names no student" in told


def test_the_line_of_a_bad_name_is_told(tmp_path: Path) -> None:
    assert "class.csv, line 3:" in problem(roster(tmp_path, "name,email\nada,\nGrace Hopper,\n"))
    assert "class.csv, line 4:" in problem(roster(tmp_path, "sep=,\nname,email\nada,\nGrace Hopper,\n"))
    assert "is empty" in problem(roster(tmp_path, "name,email\n,ada@example.org\n"))


def test_broken_quotes(tmp_path: Path) -> None:
    assert "not a CSV file" in problem(roster(tmp_path, 'name,email\n"ada,\n'))


@pytest.mark.parametrize("quoted", [True, False])
def test_a_private_key_in_a_roster_is_refused_and_never_shown(tmp_path: Path, quoted: bool) -> None:
    told = problem(roster(tmp_path, "name,email,ssh_key\nada,," + (f'"{PRIVATE}"' if quoted else PRIVATE) + "\n"))
    assert "PRIVATE key" in told and "ssh-keygen" in told
    assert "b3BlbnNzaC1r" not in told


def test_a_private_key_in_the_class_file_is_refused_and_never_shown() -> None:
    told = problem(listed({"name": "ada", "ssh_key": PRIVATE}))
    assert "PRIVATE key" in told and "b3BlbnNzaC1r" not in told


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (f"ssh-ed25519 {BODY[:-8]}", "cut off"),
        (f"ssh-rsa {BODY}", "cut off"),
        ("ssh-ed25519", "cut off"),
        ("ssh-ed25519 !!!!", "cut off"),
        ("ssh-dss AAAA", "DSA"),
        ("ada@laptop", "begins with 'ada@laptop'"),
        (f"{KEY}\n{KEY}", "more than one line"),
        ("---- BEGIN SSH2 PUBLIC KEY ----", "PuTTY"),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "PRIVATE"),
        (f'from="10.0.0.1" {KEY}', "begins with 'from="),
    ],
)
def test_what_is_no_public_key_is_told_why(key: str, words: str) -> None:
    assert words in public_key_problem(key)


@pytest.mark.parametrize("kind", ["ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"])
def test_other_kinds_of_public_key_are_fine(kind: str) -> None:
    body = base64.b64encode(len(kind).to_bytes(4) + kind.encode() + b"\0\0\0\x03abc").decode()
    assert public_key_problem(f"{kind} {body}") == ""


def test_spare_seats_come_after_the_students() -> None:
    found, problems = students({"lab_students": ["ada"], "lab_spares": 2}, Path())
    assert ([each.name for each in found], problems) == (["ada", "spare-1", "spare-2"], [])


def test_nobody_is_called_as_a_spare_seat() -> None:
    assert "'spare-1' is what classlab calls a spare seat" in problem(students({"lab_students": ["spare-1"]}, Path()))
