"""Reading a class file: each way in which it cannot be read is one sentence that names the place."""

from pathlib import Path

import pytest

from classlab.classfile import read
from classlab.errors import ClassFileError


def problem(folder: Path, text: str | bytes) -> str:
    file = folder / "a.yml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ClassFileError) as refusal:
        read(file, "classes/a.yml")
    sentence = str(refusal.value)
    assert "\n" not in sentence
    return sentence


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("lab_name: demo\nlab_tags: {Owner: me\nlab_hours: 8\n", "classes/a.yml, line 3, column 10: "),
        ("lab_name: demo\nlab_tags: {Owner: me\nlab_hours: 8\n", ": lab_hours: 8"),
        ("lab_name: demo\n\tlab_hours: 8\n", "classes/a.yml, line 2, column 1: a tab; YAML wants spaces: lab_hours: 8"),
        ("lab_name: a: b\n", "line 1, column 12: mapping values are not allowed here: lab_name: a: b"),
        ('lab_name: "demo\n', "the end of the file"),
        (
            "lab_name: a\nlab_hours: 1\nlab_name: b\n",
            "line 3, column 1: 'lab_name' is there twice, first in line 1; remove",
        ),
        (
            "lab_tags:\n  Owner: a\n  Owner: b\n",
            "line 3, column 3: 'Owner' is there twice, first in line 2; remove one",
        ),
        (
            "a: !strange b\n",
            "line 1, column 4: could not determine a constructor for the tag '!strange': a: !strange b",
        ),
        ("lab_ends_at: 2027-02-31\n", "line 1, column 14: '2027-02-31' is no date (day is out of range for month)"),
        ("lab_name: {{ x }}\n", "line 1, column 12: found unhashable key: lab_name: {{ x }}"),
        ("a: 1\n---\nb: 2\n", "line 2, column 1: "),
        ("", "classes/a.yml is empty: copy classes/demo.yml over it, and change what differs."),
        ("# only this\n", "is empty"),
        ("- ada\n- grace\n", "must be lines of 'setting: value', but it is a list: see classes/demo.yml."),
        ("demo\n", "but it is a text"),
        (b"lab_name: demo\nlab_run: caf\xe9\n", "classes/a.yml, line 2, is not in UTF-8: save the file anew"),
        ("lab_name: demo\nlab_run: a\x01b\n", "classes/a.yml, line 2: a character that YAML does not allow"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in problem(tmp_path, text)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ClassFileError, match=r"classes/a\.yml cannot be read: Is a directory"):
        read(tmp_path, "classes/a.yml")


def test_what_a_windows_editor_writes_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.yml"
    file.write_bytes(b"\xef\xbb\xbflab_name: demo\r\nlab_run: caf\xc3\xa9\r\n")
    assert read(file, "a.yml") == {"lab_name": "demo", "lab_run": "café"}
