"""What goes into an image, when an image fits, and what a teacher is told of those that do not."""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from classlab.image import telling
from classlab.image.choice import choose
from classlab.image.images import FINGERPRINT, RECIPE, Image
from classlab.image.recipe import PARTS, Recipe, recipe, work
from classlab.image.stock import stock
from classlab.project.files import entries
from classlab.project.requirements import installs

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = {
    "python": "3.11",
    "packages": ["tmux"],
    "jupyter": False,
    "ppa": ["https://ppa", "F23C"],
    "script": "",
    "project": "weather",
    "requirements": "abc",
}
BASE = "ami-0base"


def of(changed: Mapping[str, Any] | None = None, base: str = BASE) -> Recipe:
    return recipe(ROOT, base, {**SETTINGS, **(changed or {})})


def image(name: str, made_of: Recipe, **changed: Any) -> Image:
    told: dict[str, Any] = {
        "id": name,
        "name": name,
        "state": "available",
        "lab": "cs",
        "made": "2026-11-20T18:00:00.000Z",
        "size": 20,
        "root_device": "/dev/sda1",
        "snapshots": (f"snap-{name}",),
        "tags": {FINGERPRINT: made_of.fingerprint, RECIPE: made_of.written},
    }
    return Image(**{**told, **changed})


def chosen(*images: Image, wanted: Recipe | None = None, volume: int = 20) -> tuple[str, str]:
    choice = choose(images, "cs", wanted or of(), volume, "cs101")
    return (choice.image.id if choice.image else "", choice.say)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"python": "3.12"}, "lab_python"),
        ({"packages": ["tmux", "git"]}, "lab_packages"),
        ({"jupyter": True}, "lab_jupyter"),
        ({"ppa": ["https://mirror", "F23C"]}, "the PPA (lab_ppa_...)"),
        ({"script": "#!/bin/sh\n"}, "lab_user_data"),
        ({"project": "lesson"}, "the project's name"),
        ({"requirements": "abd"}, "the project's requirements"),
    ],
)
def test_whatever_goes_in_makes_another_image(changed: dict[str, Any], part: str) -> None:
    assert of().fingerprint == of().fingerprint
    assert of(changed).fingerprint != of().fingerprint
    assert of(changed).differs(of().written) == [part]
    assert set(of().parts) == set(PARTS)
    # EC2 takes no longer value of a tag.
    assert len(of().written) <= 256


def test_so_does_another_ubuntu_and_each_file_that_sets_a_seat_up(tmp_path: Path) -> None:
    assert of(base="ami-0other").differs(of().written) == ["Ubuntu's image"]
    for each in ("playbooks", "plugins", "roles"):
        shutil.copytree(ROOT / each, tmp_path / each, ignore=shutil.ignore_patterns("__pycache__"))
    before = work(tmp_path)
    assert before == work(ROOT)
    for told in ("roles/venv/README.md", "roles/lab_seats/tasks/main.yml", "plugins/modules/lab_plan.py"):
        (tmp_path / told).write_text("something else")
    assert work(tmp_path) == before
    for counts in (
        "roles/venv/defaults/main.yml",
        "roles/deadline/files/arm-deadline.sh",
        "plugins/module_utils/seat/pip.py",
        "plugins/modules/deadsnakes_python.py",
        "playbooks/vars/seats.yml",
    ):
        file = tmp_path / counts
        kept = file.read_bytes()
        file.write_bytes(kept + b"\n# another line\n")
        assert recipe(tmp_path, BASE, SETTINGS).differs(of().written) == ["classlab itself"], counts
        file.write_bytes(kept)


def test_new_seats_come_from_the_image_that_is_exactly_what_they_would_become() -> None:
    assert chosen(image("ami-1", of())) == (
        "ami-1",
        "New seats come from ami-1, baked on 2026-11-20: it has all that they need.",
    )
    # The lab's own before another's, however new; another's before none.
    assert chosen(image("ami-2", of(), lab="other"), image("ami-1", of()))[0] == "ami-1"
    found, said = chosen(image("ami-2", of(), lab="other"))
    assert (found, "baked for the lab other on" in said) == ("ami-2", True)


@pytest.mark.parametrize(
    ("images", "volume", "said"),
    [
        ([], 20, "There is no baked image: .* `make bake CLASS=cs101` makes one"),
        ([image("ami-1", of({"packages": []}))], 20, "ami-1, .* another state of lab_packages: .* makes a new one"),
        ([image("ami-1", of(), state="pending")], 20, "ami-1, which would fit, is pending"),
        ([image("ami-1", of(), state="failed")], 20, "ami-1, which would fit, is failed"),
        ([image("ami-1", of())], 10, "ami-1 is not used: its disk has 20 GiB, and lab_volume_size is 10"),
        ([image("ami-1", of({"packages": []}), lab="other")], 20, "There is no baked image"),
        ([image("ami-1", of(), tags={})], 20, "another state of "),
    ],
)
def test_a_stale_image_is_never_used_and_it_is_said_why(images: list[Image], volume: int, said: str) -> None:
    found, words = chosen(*images, volume=volume)
    assert found == ""
    assert re.search(said, words), words


def test_the_list_tells_which_fits_which_does_not_and_what_they_cost() -> None:
    images = [
        image("ami-5", of(), state="pending"),
        image("ami-4", of()),
        image("ami-3", of()),
        image("ami-2", of({"python": "3.12"})),
        image("ami-1", of({"python": "3.12"}), lab="other"),
    ]
    there = stock(images, "cs", of())
    assert {each.image.id: each.why_not for each in there} == {
        "ami-5": "still being made",
        "ami-4": "",
        "ami-3": "replaced by ami-4",
        "ami-2": "stale: another state of lab_python",
        "ami-1": "of the lab other",
    }
    lines = telling.stock(there, [], "cs", "us-east-1", "cs101")
    assert lines[-2:] == [
        "They cost at most $5.00 a month: AWS bills what is written on them.",
        "`make images CLASS=cs101 PRUNE=yes` removes those of cs that do not fit.",
    ]
    assert telling.stock([], [], "cs", "us-east-1", "demo") == [
        "There is no baked image in us-east-1. `make bake` makes one."
    ]
    assert [each.as_document("us-east-1")["fits"] for each in there] == [False, True, False, False, False]


def told_to_pip(folder: Path, files: Mapping[str, str], project: str = "whole") -> str:
    shutil.rmtree(folder, ignore_errors=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return installs(entries(folder, use_git=False), project)


def test_requirements_count_and_other_files_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    plain = {"requirements.txt": "six==1.17\n", "main.py": "1\n", "lib/__init__.py": ""}
    assert told_to_pip(folder, {"main.py": "1\n"}) == ""
    assert told_to_pip(folder, plain) == told_to_pip(folder, {**plain, "main.py": "2\n"}, "another")
    assert told_to_pip(folder, plain) != told_to_pip(folder, {**plain, "requirements.txt": "six==1.16\n"})
    # A package of the index, though a folder is called as it is.
    assert told_to_pip(folder, {**plain, "requirements.txt": "lib\n"}) != "whole"


@pytest.mark.parametrize(
    "line", ["-r more/pins.txt", "-rmore/pins.txt", "--requirement=more/pins.txt", "-c more/pins.txt"]
)
def test_so_do_the_files_that_they_name(tmp_path: Path, line: str) -> None:
    files = {
        "requirements.txt": f"{line}  # ours\n",
        "more/pins.txt": "-c other.txt\n",
        "more/other.txt": "six==1.17\n",
    }
    before = told_to_pip(tmp_path / "project", files)
    assert before not in ("", "whole")
    assert told_to_pip(tmp_path / "project", {**files, "more/other.txt": "six==1.16\n"}) != before


@pytest.mark.parametrize("line", [".", "-e .", "-e ./lib", "./lib[plots]", "lesson @ file:lib", "-e.", "file:."])
def test_where_the_project_itself_is_installed_all_its_files_do(tmp_path: Path, line: str) -> None:
    files = {"requirements.txt": f"{line}\n", "lib/setup.py": "", "setup.py": ""}
    assert told_to_pip(tmp_path / "project", files) == "whole"
