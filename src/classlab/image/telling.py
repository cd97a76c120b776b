"""What a teacher is told of baked images."""

from collections.abc import Mapping, Sequence
from typing import Any

from classlab import money
from classlab.cloud.kinds import Found
from classlab.gone.listing import columns
from classlab.image.images import Image
from classlab.image.stock import Stocked
from classlab.names import make


def description(recipe: Mapping[str, Any]) -> str:
    """As EC2's console shows it."""
    project = f", {recipe['project']}" if recipe.get("project") else ""
    return f"classlab: Python {recipe.get('python', '')}{project}"


def cost(images: Sequence[Image], region: str) -> str:
    """AWS bills what is written on the disks, and does not tell how much that is."""
    total = money.add(*(each.a_month(region) for each in images))
    return "at a price that is not known here" if total is None else f"at most {money.dollars(total)} a month"


def there_already(image: Image, class_name: str) -> str:
    return (
        f"{image.id}, baked on {image.day}, has all that the class needs, so there is nothing to bake. "
        f"`{make('bake', class_name)} FORCE=yes` makes another all the same, with the newest packages."
    )


def stock(there: Sequence[Stocked], removed: Sequence[Found], lab: str, region: str, class_name: str) -> list[str]:
    """A table of the images that there are, and what was removed."""
    lines = [f"Removed: {', '.join(f'{each.kind} {each.id}' for each in removed)}."] if removed else []
    if not there:
        return [*lines, f"There is no baked image in {region}. `{make('bake', class_name)}` makes one."]
    rows = [("image", "lab", "baked", "GiB", "a month", "")]
    for each in there:
        image = each.image
        price = money.dollars(image.a_month(region))
        rows.append((image.id, image.lab, image.day, str(image.size), price, each.why_not or "fits"))
    lines += [f"Baked images in {region}", *columns(rows, right={3, 4})]
    lines.append(f"They cost {cost([each.image for each in there], region)}: AWS bills what is written on them.")
    if any(each.ours and each.why_not and each.image.state != "pending" for each in there):
        lines.append(f"`{make('images', class_name)} PRUNE=yes` removes those of {lab} that do not fit.")
    if not any(not each.why_not for each in there):
        lines.append(f"`{make('bake', class_name)}` makes one that fits.")
    return lines


def made(image: Image, older: Sequence[Image], region: str, class_name: str) -> list[str]:
    lines = [
        f"{image.id} is made: {image.size} GiB, {cost([image], region)} until it is removed. From now on "
        f"`{make('up', class_name)}` launches from it, for as long as it fits."
    ]
    if older:
        lines.append(
            f"Older ones are there as well ({', '.join(each.id for each in older)}, {cost(older, region)}): "
            f"`{make('images', class_name)} PRUNE=yes` removes them."
        )
    return lines
