"""Which baked images there are: whether they fit their class as it is now, and the end of those that do not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from classlab.cloud.kinds import Found
from classlab.gone import leftovers
from classlab.gone.leftovers import Stays
from classlab.image.images import Image
from classlab.image.recipe import Recipe

# EC2 may be about to finish an image, which cannot be removed before.
PATIENCE = 60.0


@dataclass(frozen=True)
class Stocked:
    """`why_not`: why no seat of the class is launched from it; '' for the one that they are launched from."""

    image: Image
    ours: bool
    why_not: str = ""

    def as_document(self, region: str) -> dict[str, Any]:
        image, price = self.image, self.image.a_month(region)
        return {
            "id": image.id,
            "name": image.name,
            "lab": image.lab,
            "made": image.made,
            "state": image.state,
            "gib": image.size,
            "dollars_a_month": None if price is None else round(price, 4),
            "fits": not self.why_not,
            "why_not": self.why_not,
        }


def stock(images: Sequence[Image], lab: str, recipe: Recipe) -> list[Stocked]:
    """`images`: the newest first."""
    fitting = [each.id for each in images if each.usable and each.lab == lab and each.fingerprint == recipe.fingerprint]
    return [Stocked(each, each.lab == lab, _why_not(each, lab, recipe, fitting)) for each in images]


def _why_not(image: Image, lab: str, recipe: Recipe, fitting: Sequence[str]) -> str:
    if not image.usable:
        return "still being made" if image.state == "pending" else image.state
    if image.fingerprint != recipe.fingerprint:
        differs = " and ".join(recipe.differs(image.recipe)) or "its tags"
        return f"stale: another state of {differs}" if image.lab == lab else f"of the lab {image.lab}"
    if image.lab == lab and fitting[0] != image.id:
        return f"replaced by {fitting[0]}"
    return ""


def prune(
    ec2: Any, lab: str, region: str, there: Sequence[Stocked], dry: bool = False
) -> tuple[list[Found], list[Stays]]:
    """Remove this lab's images that serve no more; and snapshots that none of the others holds."""
    staying = [each.image for each in there if each.ours and (not each.why_not or each.image.state == "pending")]
    ids = {id_ for image in staying for id_ in (image.id, *image.snapshots)}
    done = leftovers.remove(
        lab,
        region,
        ec2,
        PATIENCE,
        kinds=("image", "snapshot"),
        keep=lambda found: [each for each in found if each.id in ids],
        dry=dry,
    )
    return done.removed, done.stays
