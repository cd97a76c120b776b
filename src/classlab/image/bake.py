"""
An image of a seat that was set up and has no identity left.

CreateImage carries all tags, of the image and of its snapshots: killed before it, there is a builder and no image;
killed after it, EC2 goes on, and there is an image whose fingerprint tells what it is. So nothing has to be noted.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from classlab import clock
from classlab.cloud import seats as in_cloud
from classlab.cloud.patience import patiently
from classlab.cloud.seats import PATIENCE, Seat
from classlab.day import power
from classlab.errors import ClasslabError
from classlab.image.images import Image, baked
from classlab.labfolder import LabFolder
from classlab.names import BUILDER
from classlab.trust.pins import Pins

PAUSE = 2.0
ENDS_WITHIN = 300.0
# What CreateImage gives its tags to.
TAGGED = ("image", "snapshot")


class BakeError(ClasslabError):
    pass


@dataclass(frozen=True)
class Baking:
    lab: str
    tags: Mapping[str, str]
    description: str
    # Seconds for a seat to stop; and for EC2 to copy its disk, which takes minutes.
    stops_within: float = 300
    done_within: float = 1800

    def name(self, builder: Seat) -> str:
        """An account has each name once."""
        return f"classlab-{self.lab}-{clock.now():%Y-%m-%d}-{builder.id[-8:]}"


def builder_of(ec2: Any, lab: str) -> Seat:
    found = [seat for seat in in_cloud.of_lab(ec2, lab) if seat.student == BUILDER and seat.living]
    if len(found) != 1:
        raise BakeError(f"The lab {lab} has {len(found)} seats to make an image of, and not one: `make bake` again.")
    return found[0]


def fitting(ec2: Any, fingerprint: str) -> Image | None:
    """The newest image with this fingerprint. One that a bake, cut off, has left EC2 busy with is waited for."""
    found = [each for each in baked(ec2) if each.fingerprint == fingerprint]
    for image in found:
        if image.state == "pending":
            wait(ec2, image.id, Baking.done_within)
            return image
    return next((each for each in found if each.usable), None)


def end_builder(ec2: Any, lab: str, region: str, folder: LabFolder) -> tuple[list[str], list[Seat]]:
    """What was ended, and what of the lab lives besides. A builder that could not be ended is an error."""
    seats = [seat for seat in in_cloud.of_lab(ec2, lab) if seat.living]
    builders = [seat.id for seat in seats if seat.student == BUILDER]
    if builders:
        ended = in_cloud.end_all(ec2, lab, region, ENDS_WITHIN, only=builders)
        if ended.left:
            raise BakeError(" ".join(why for _, why in ended.left.values()))
    Pins(folder).forget(builders)
    for key in (folder.student_key(BUILDER), folder.first_key(BUILDER)):
        for file in (key, key.with_name(f"{key.name}.pub")):
            file.unlink(missing_ok=True)
    return builders, [seat for seat in seats if seat.student != BUILDER]


def bake(ec2: Any, baking: Baking) -> str:
    """The id of the new image, once seats can be launched from it."""
    builder = builder_of(ec2, baking.lab)
    # Stopped, what it has written is on its disk; and it writes no more of itself onto it.
    _, refused = power.put_to_sleep(ec2, baking.lab, [builder], baking.stops_within)
    if refused:
        raise BakeError(f"No image was made. {refused[BUILDER]}")
    tags = [{"Key": key, "Value": value} for key, value in baking.tags.items()]
    made = patiently(
        ec2.create_image,
        PATIENCE,
        InstanceId=builder.id,
        Name=baking.name(builder),
        Description=baking.description,
        TagSpecifications=[{"ResourceType": each, "Tags": tags} for each in TAGGED],
    )
    wait(ec2, str(made["ImageId"]), baking.done_within)
    return str(made["ImageId"])


def wait(ec2: Any, image_id: str, patience: float) -> None:
    """Until the image is done; an image that failed stays, with its tags, for whoever removes it."""
    until = time.monotonic() + patience
    while True:
        filters = [{"Name": "image-id", "Values": [image_id]}]
        found = patiently(ec2.describe_images, PATIENCE, Owners=["self"], Filters=filters)["Images"]
        state = str(found[0]["State"]) if found else "not told of"
        if state == "available":
            return
        if state not in ("pending", "not told of"):
            why = (found[0].get("StateReason") or {}).get("Message", "EC2 does not say why")
            raise BakeError(
                f"EC2 could not make the image {image_id}, which is {state} ({why}): `make images PRUNE=yes` removes "
                "it, `make bake` tries again."
            )
        if time.monotonic() > until:
            raise BakeError(
                f"The image {image_id} is {state} after {patience / 60:.0f} minutes. EC2 goes on with it; `make "
                "images` tells when it is done, and `make up` uses it then."
            )
        time.sleep(min(PAUSE, patience))
