"""Which image new seats are launched from: a baked one that is exactly what they would become, or Ubuntu's."""

from collections.abc import Sequence
from dataclasses import dataclass

from classlab.image.images import Image, of_lab
from classlab.image.recipe import Recipe
from classlab.names import make


@dataclass(frozen=True)
class Choice:
    image: Image | None
    say: str


def choose(images: Sequence[Image], lab: str, recipe: Recipe, volume_size: int, class_name: str) -> Choice:
    """`images`: all baked ones, the newest first. Another lab's serves as well, where it is the same."""
    fitting = [each for each in images if each.fingerprint == recipe.fingerprint]
    usable = [each for each in fitting if each.usable and each.size <= volume_size]
    if usable:
        image = next(iter([*of_lab(usable, lab), *usable]))
        by = "" if image.lab == lab else f" for the lab {image.lab}"
        return Choice(image, f"New seats come from {image.id}, baked{by} on {image.day}: it has all that they need.")
    return Choice(None, _why_not(images, fitting, lab, recipe, volume_size, class_name))


def _why_not(
    images: Sequence[Image], fitting: Sequence[Image], lab: str, recipe: Recipe, volume_size: int, class_name: str
) -> str:
    bake = f"`{make('bake', class_name)}`"
    if large := [each for each in fitting if each.usable]:
        return (
            f"{large[0].id} is not used: its disk has {large[0].size} GiB, and lab_volume_size is {volume_size}. New "
            f"seats are set up from Ubuntu's image; {bake} makes one that fits."
        )
    if fitting:
        return (
            f"{fitting[0].id}, which would fit, is {fitting[0].state}, so new seats are set up from Ubuntu's image. "
            "`make images` tells how it is."
        )
    if own := of_lab(images, lab):
        why = " and ".join(recipe.differs(own[0].recipe)) or "its own tags"
        return (
            f"{own[0].id}, baked on {own[0].day}, is not used, for it has another state of {why}: new seats are set up "
            f"from Ubuntu's image. {bake} makes a new one."
        )
    return f"There is no baked image: new seats are set up from Ubuntu's. {bake} makes one, for seats in seconds."
