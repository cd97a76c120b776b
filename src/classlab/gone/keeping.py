"""Baked images that a teacher keeps when the lab goes: what they are, and what they cost."""

from collections.abc import Sequence

from classlab import money
from classlab.cloud.kinds import BY_NAME, Found, counted


def kept(found: Sequence[Found]) -> list[Found]:
    """The images that seats can be launched from, and their snapshots. A snapshot without an image is of no use."""
    images = [each for each in found if each.kind == "image" and each.state == "available"]
    disks = {disk for image in images for disk in image.outlived_by}
    return images + [each for each in found if each.kind == "snapshot" and each.id in disks]


def a_month(found: Sequence[Found]) -> float | None:
    """At most: AWS bills what is written on an image's disks, and tells only how large they are."""
    disks = [each for each in found if each.kind == "snapshot"]
    return money.add(0, *(money.times(money.gib_month(each.region, "snapshot"), each.size) for each in disks))


def told(found: Sequence[Found]) -> str:
    """'the image cs101-2026-11-21 (ami-0ab), at most $0.40 a month'"""
    images = [each for each in found if each.kind == "image"]
    names = ", ".join(f"{each.id} ({each.label})" for each in images)
    what = BY_NAME["image"].name if len(images) == 1 else counted(len(images), "image")
    price = a_month(found)
    cost = "at a price that is not known here" if price is None else f"at most {money.dollars(price)} a month"
    return f"{'the ' if len(images) == 1 else ''}{what} {names}, {cost}"
