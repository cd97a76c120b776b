"""The baked images of a region, as their tags tell them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from classlab import clock, money
from classlab.cloud.kinds import BASE_IMAGE, MANAGED_BY, tags_of
from classlab.cloud.patience import patiently
from classlab.cloud.seats import PATIENCE
from classlab.image.recipe import Recipe

# Their tags, besides the lab's.
FINGERPRINT, RECIPE, PYTHON, PROJECT = "Fingerprint", "Recipe", "Python", "ProjectDigest"
# For whoever looks at it in the console: since when it costs, and how much a month at most, by that day's prices.
BAKED, A_MONTH = "Baked", "DollarsAMonth"


@dataclass(frozen=True)
class Image:
    id: str
    name: str
    state: str
    lab: str
    made: str  # as AWS writes it: 2026-11-20T18:00:00.000Z
    size: int  # GiB of its disks; AWS bills what is written on them
    root_device: str
    snapshots: tuple[str, ...]
    tags: Mapping[str, str]

    @property
    def fingerprint(self) -> str:
        return self.tags.get(FINGERPRINT, "")

    @property
    def recipe(self) -> str:
        return self.tags.get(RECIPE, "")

    @property
    def day(self) -> str:
        return self.made[:10]

    @property
    def usable(self) -> bool:
        return self.state == "available"

    def a_month(self, region: str) -> float | None:
        """At most: how much of the disks is written on, AWS does not tell."""
        return money.times(money.gib_month(region, "snapshot"), self.size)


def baked(ec2: Any) -> list[Image]:
    """All images of this account in the region that `make bake` made, whichever lab's; the newest first."""
    filters = [{"Name": "tag:ManagedBy", "Values": [MANAGED_BY]}, {"Name": "tag-key", "Values": [FINGERPRINT]}]
    answer = patiently(ec2.describe_images, PATIENCE, Owners=["self"], Filters=filters)
    return sorted((_image(each) for each in answer["Images"]), key=lambda each: each.made, reverse=True)


def of_lab(images: Iterable[Image], lab: str) -> list[Image]:
    return [each for each in images if each.lab == lab]


def tags_for(lab_tags: Mapping[str, str], facts: Mapping[str, str]) -> dict[str, str]:
    """Of an image and its snapshots. Those of the lab, but for the end: an image stays until it is removed."""
    return {key: value for key, value in {**lab_tags, **facts}.items() if value and key != "EndsAt"}


def facts(base: str, recipe: Recipe, python: str, project: str, price: float | None = None) -> dict[str, str]:
    """What an image tells of itself. `price`: for a month, where that is known."""
    told = {BASE_IMAGE: base, FINGERPRINT: recipe.fingerprint, RECIPE: recipe.written}
    told |= {BAKED: f"{clock.now():%Y-%m-%d}", A_MONTH: "" if price is None else f"{price:.2f}"}
    return {**told, PYTHON: python, PROJECT: project}


def _image(record: Mapping[str, Any]) -> Image:
    tags = tags_of(record)
    disks = [each["Ebs"] for each in record.get("BlockDeviceMappings") or [] if "Ebs" in each]
    return Image(
        id=str(record["ImageId"]),
        name=str(record.get("Name", "")),
        state=str(record.get("State", "")),
        lab=tags.get("Lab", ""),
        made=str(record.get("CreationDate", "")),
        size=sum(int(disk.get("VolumeSize", 0)) for disk in disks),
        root_device=str(record.get("RootDeviceName", "")),
        snapshots=tuple(str(disk["SnapshotId"]) for disk in disks if disk.get("SnapshotId")),
        tags=tags,
    )
