"""AWS's price list, as its API tells it: what is known of a region's prices on a day. Asking it changes nothing."""

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from botocore.config import Config

from classlab import clock

# The API is in this region, whichever region's prices are asked for.
HOME = "us-east-1"
# Whoever waits for it longer is better served by the table.
PATIENCE = Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 2})
# The volumes that bill for their size alone, or nearly.
VOLUMES = ("gp2", "gp3", "sc1", "st1")
AT_ONCE = 16


@dataclass(frozen=True)
class PriceList:
    """US dollars. What the list does not have, or has in another currency, is left out."""

    region: str
    date: str
    instance_hour: dict[str, float] = field(default_factory=dict)
    gib_month: dict[str, float] = field(default_factory=dict)
    address_hour: float | None = None

    def as_json(self) -> str:
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        return cls(**json.loads(text))


def ask(pricing: Any, region: str, types: Iterable[str], volumes: Iterable[str] = ("gp3",)) -> PriceList:
    """The prices of these types, these kinds of volume, and an address. Errors are boto3's own, or a ValueError."""
    kinds, disks = sorted(set(types)), sorted(set(volumes).intersection(VOLUMES))
    questions: list[Callable[[], float | None]] = [
        *(lambda kind=each: _instance(pricing, region, kind) for each in kinds),
        *(lambda kind=each: _volume(pricing, region, kind) for each in disks),
        lambda: _address(pricing, region),
    ]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        *told, address = pool.map(lambda question: question(), questions)
    hours, months = told[: len(kinds)], told[len(kinds) :]
    return PriceList(
        region,
        f"{clock.now():%Y-%m-%d}",
        {kind: price for kind, price in zip(kinds, hours, strict=True) if price is not None},
        {kind: price for kind, price in zip(disks, months, strict=True) if price is not None},
        address,
    )


def _instance(pricing: Any, region: str, kind: str) -> float | None:
    wanted = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    found = _products(pricing, "AmazonEC2", regionCode=region, instanceType=kind, **wanted)
    return _price(found, f"BoxUsage:{kind}", "Hrs")


def _volume(pricing: Any, region: str, kind: str) -> float | None:
    found = _products(pricing, "AmazonEC2", regionCode=region, productFamily="Storage", volumeApiName=kind)
    return _price(found, f"EBS:VolumeUsage.{kind}", "GB-Mo")


def _address(pricing: Any, region: str) -> float | None:
    """In use; an idle one costs the same."""
    found = _products(pricing, "AmazonVPC", regionCode=region, group="VPCPublicIPv4Address")
    return _price(found, "PublicIPv4:InUseAddress", "Hrs")


def _products(pricing: Any, service: str, **attributes: str) -> Iterator[dict[str, Any]]:
    """Each product of the list is a document of its own, as a text."""
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in attributes.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
    return (json.loads(each) for each in pages.search("PriceList[]"))


def _price(products: Iterable[dict[str, Any]], usage: str, unit: str) -> float | None:
    """What this use costs on demand. Its name may begin with the region's, as in EUC1-BoxUsage:t3.micro."""
    try:
        for each in products:
            if f"-{each['product']['attributes']['usagetype']}".endswith(f"-{usage}"):
                for term in each["terms"]["OnDemand"].values():
                    for dimension in term["priceDimensions"].values():
                        if dimension["unit"] == unit and "USD" in dimension["pricePerUnit"]:
                            return float(dimension["pricePerUnit"]["USD"])
    except (LookupError, TypeError, AttributeError) as error:
        raise ValueError(f"AWS's price list has another form than it had: {error!r}") from error
    return None
