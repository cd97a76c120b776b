"""`make bake` and what comes of it: seats from an image are seats of their own, and a bake may be killed anywhere."""

import random
import re
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aws_hosts import Lab
from school import School

# What a seat must have in common with no other; and what must not be there at all.
IDENTITY = "cat /etc/machine-id; cut -d' ' -f2 /etc/ssh/ssh_host_ed25519_key.pub; sudo ls /etc/ssh | grep host_"
TRACES = """
sudo grep -rls --exclude-dir=lists '[i]mage-builder' /etc /var/lib /var/log /home /root /opt /tmp 2>/dev/null
sudo find /root /home -name '.*history' -o -name '.ansible' -o -name '.classlab'
sudo find /tmp /var/tmp -name '*ansible*'
"""


@pytest.fixture
def school(lab: Lab) -> Iterator[School]:
    # Not tmp_path: that has the test's name in it, and ssh's sockets want short paths.
    with tempfile.TemporaryDirectory() as folder:
        made = School(lab.cloud, Path(folder))
        try:
            yield made
        finally:
            made.clear()


def test_seats_from_an_image_are_ready_at_once_and_are_seats_of_their_own(school: School) -> None:
    said = school.make("bake")
    image = re.search(r"(ami-\w+) is made: 20 GiB, at most \$1.00 a month", said)
    assert image, said
    # What it took has gone; image and snapshot tell whose they are.
    assert school.seats() == {}
    tags = {each["Key"]: each["Value"] for each in school.images()[0]["Tags"]}
    told = {"Lab": "cs", "ManagedBy": "classlab", "Python": "3.11", "DollarsAMonth": "1.00"}
    assert told.items() <= tags.items()
    assert {"Fingerprint", "Recipe", "BaseImage", "ProjectDigest", "Baked"} <= tags.keys()
    assert len(school.left()) == 2
    assert "nothing to bake" in school.make("bake")
    assert re.search(rf"{image[1]}  cs .* fits\n", school.make("images"))

    said = school.make("up")
    assert f"New seats come from {image[1]}" in said
    # Nothing was installed: that is what the image is for.
    assert not re.search(r"\+ (deadsnakes python|pip|venv|packages)", said)
    seen = {student: school.ssh(student, IDENTITY).splitlines() for student in ("ada", "ben")}
    for mine, other in zip(seen["ada"], seen["ben"], strict=True):
        # The files of the host key have the same names, and all else differs.
        assert (mine == other) == mine.startswith("ssh_host_")
    assert seen["ada"][2:] == ["ssh_host_ed25519_key", "ssh_host_ed25519_key.pub"]
    for student in ("ada", "ben"):
        assert school.ssh(student, TRACES + "true") == ""
        assert school.ssh(student, "bash -lc 'cd lesson && python main.py'").startswith("3.11.")
        assert school.ssh(student, "grep -c classlab-student ~/.ssh/authorized_keys") == "1"
        assert school.ssh(student, "systemctl is-active classlab-deadline.timer") == "active"

    # What a seat would become is another thing now, so the image serves no more; those who have one keep it.
    school.roster("ada", "ben", "cy", lab_packages=["tmux", "tree"])
    said = school.make("up")
    assert f"{image[1]}, baked on" in said
    assert "another state of lab_packages: new seats are set up from Ubuntu's image" in said
    assert school.ssh("cy", "command -v tree") == "/usr/bin/tree"
    assert "stale: another state of lab_packages" in school.make("images")
    # Its image goes, and ada's seat does not.
    assert f"Removed: image {image[1]}, snapshot" in school.make("images", PRUNE="yes")
    assert school.images() == []
    assert school.ssh("ada", "command -v tree") == "/usr/bin/tree"


def test_an_image_is_kept_only_when_that_is_said(school: School) -> None:
    school.make("bake")
    said = school.make("down", YES="yes", KEEP_IMAGE="yes")
    assert "nothing but the image that you keep is left" in said
    assert "Kept, and billing: the image ami-" in " ".join(said.split())
    assert "at most $1.00 a month." in " ".join(said.split())
    assert len(school.left()) == 2
    said = school.make("down", YES="yes")
    assert "cs is gone: nothing with its tags is left" in said
    assert school.left() == []


def test_no_image_is_made_of_a_seat_that_could_not_be_set_up(school: School) -> None:
    school.roster("ada", lab_packages=["no-such-package"])
    said = school.make("bake", fails=True)
    assert "no-such-package" in said
    assert "No image was made: the seat that it was to be made of could not be set up." in said
    assert school.left() == []


MOMENTS: list[Callable[[School, str], bool]] = [
    lambda school, shown: bool(school.seats()),
    lambda school, shown: "deadsnakes python" in shown,
    lambda school, shown: "Take its identity away" in shown,
    lambda school, shown: bool(school.images()),
    lambda school, shown: any(each["State"] == "available" for each in school.images()),
]


@pytest.mark.parametrize("mends", ["bake", "down"])
def test_killed_anywhere_it_leaves_nothing_that_the_next_does_not_find(school: School, mends: str) -> None:
    for moment in random.sample(MOMENTS, len(MOMENTS)) if mends == "down" else MOMENTS[:4]:
        school.kill("bake", lambda shown, moment=moment: moment(school, shown))
        if mends == "down":
            assert "cs is gone" in school.make("down", YES="yes")
            assert school.left() == []
    if mends == "bake":
        said = school.make("bake")
        assert "is made" in said or "nothing to bake" in said
        assert school.seats() == {}
        assert len(school.images()) == 1
        assert len(school.left()) == 2, "an image and its snapshot"
