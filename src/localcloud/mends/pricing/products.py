"""What the price list has: products with their attributes and on-demand prices, in the form in which AWS tells them."""

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any

Region = tuple[str, str, str, float]
Sizes = dict[str, float]
PUBLISHED = "2026-01-15T00:00:00Z"
# How AWS calls the terms under which everybody may have a thing, and the price by the unit.
ON_DEMAND, BY_UNIT = "JRTCKXETXF", "6YS6EN2CT7"
# Region, its place, the beginning of its usage types, a GiB of gp2 for a month.
REGIONS: tuple[Region, ...] = (
    ("us-east-1", "US East (N. Virginia)", "USE1", 0.10),
    ("us-east-2", "US East (Ohio)", "USE2", 0.10),
    ("us-west-1", "US West (N. California)", "USW1", 0.12),
    ("us-west-2", "US West (Oregon)", "USW2", 0.10),
    ("ca-central-1", "Canada (Central)", "CAN1", 0.11),
    ("eu-west-1", "EU (Ireland)", "EU", 0.11),
    ("eu-west-2", "EU (London)", "EUW2", 0.116),
    ("eu-west-3", "EU (Paris)", "EUW3", 0.116),
    ("eu-central-1", "EU (Frankfurt)", "EUC1", 0.119),
    ("eu-north-1", "EU (Stockholm)", "EUN1", 0.1045),
    ("ap-south-1", "Asia Pacific (Mumbai)", "APS3", 0.114),
    ("ap-southeast-1", "Asia Pacific (Singapore)", "APS1", 0.12),
    ("ap-southeast-2", "Asia Pacific (Sydney)", "APS2", 0.12),
    ("ap-northeast-1", "Asia Pacific (Tokyo)", "APN1", 0.12),
    ("ap-northeast-2", "Asia Pacific (Seoul)", "APN2", 0.114),
)
SMALL: Sizes = {"nano": 1 / 16, "micro": 1 / 8, "small": 1 / 4, "medium": 1 / 2, "large": 1, "xlarge": 2, "2xlarge": 4}
BIG: Sizes = {
    "large": 1,
    "xlarge": 2,
    "2xlarge": 4,
    "4xlarge": 8,
    "8xlarge": 16,
    "12xlarge": 24,
    "16xlarge": 32,
    "24xlarge": 48,
}
# A family's prices go with its sizes: here an hour of its `large`, region by region as above.
FAMILIES: dict[str, tuple[Sizes, tuple[float, ...]]] = {
    "t3": (
        SMALL,
        (.0832, .0832, .0992, .0832, .0928, .0912, .0944, .0944, .096, .0864, .0896, .1056, .1056, .1088, .104),
    ),
    "t4g": (
        SMALL,
        (.0672, .0672, .08, .0672, .0736, .0736, .0752, .0752, .0768, .0688, .0448, .0848, .0848, .0864, .0832),
    ),
    "m5": (BIG, (.096, .096, .112, .096, .107, .107, .111, .112, .115, .102, .101, .12, .12, .124, .118)),
    "c5": (BIG, (.085, .085, .106, .085, .093, .096, .101, .101, .097, .091, .085, .098, .111, .107, .096)),
    "r5": (BIG, (.126, .126, .14, .126, .138, .141, .148, .148, .152, .134, .13, .152, .151, .152, .152)),
}  # fmt: skip
# What an instance's hour is told for: used, kept free by a reservation, and taken from one, which is billed already.
CAPACITY = (
    ("Used", "BoxUsage", 1),
    ("UnusedCapacityReservation", "UnusedBox", 1),
    ("AllocatedCapacityReservation", "Reservation", 0),
)
ADDRESS_HOUR = 0.005


@cache
def products() -> dict[str, list[dict[str, Any]]]:
    """All that there is, by the code of its service."""
    found: dict[str, list[dict[str, Any]]] = {"AmazonEC2": [], "AmazonVPC": []}
    for place, row in enumerate(REGIONS):
        found["AmazonEC2"] += [*_instances(place, row), *_volumes(row)]
        found["AmazonVPC"] += _addresses(row)
    return found


def _instances(place: int, row: Region) -> Iterator[dict[str, Any]]:
    for family, (sizes, large) in FAMILIES.items():
        for size, times in sizes.items():
            kind = f"{family}.{size}"
            for capacity, usage, billed in CAPACITY:
                attributes = {
                    "instanceType": kind,
                    "operatingSystem": "Linux",
                    "tenancy": "Shared",
                    "preInstalledSw": "NA",
                    "licenseModel": "No License required",
                    "capacitystatus": capacity,
                    "operation": "RunInstances",
                    # The first region's have no beginning: it was there before the others.
                    "usagetype": f"{usage}:{kind}" if row[0] == "us-east-1" else f"{row[2]}-{usage}:{kind}",
                }
                price = round(large[place] * times, 4) * billed
                told = f"${price:g} per On Demand Linux {kind} Instance Hour"
                yield _product("AmazonEC2", "Compute Instance", row, attributes, "Hrs", price, told)


def _volumes(row: Region) -> Iterator[dict[str, Any]]:
    for kind, share in (("gp2", 1), ("gp3", 0.8)):
        usage = f"EBS:VolumeUsage.{kind}"
        attributes = {
            "volumeApiName": kind,
            "volumeType": "General Purpose",
            "usagetype": usage if row[0] == "us-east-1" else f"{row[2]}-{usage}",
        }
        price = round(row[3] * share, 4)
        told = f"${price:g} per GB-month of General Purpose ({kind}) provisioned storage"
        yield _product("AmazonEC2", "Storage", row, attributes, "GB-Mo", price, told)


def _addresses(row: Region) -> Iterator[dict[str, Any]]:
    for state, words in (("InUse", "In-use"), ("Idle", "Idle")):
        attributes = {"group": "VPCPublicIPv4Address", "usagetype": f"{row[2]}-PublicIPv4:{state}Address"}
        told = f"${ADDRESS_HOUR:g} per {words} public IPv4 address per hour"
        yield _product("AmazonVPC", "", row, attributes, "Hrs", ADDRESS_HOUR, told)


def _product(
    service: str,
    family: str,
    row: Region,
    attributes: dict[str, str],
    unit: str,
    price: float,
    told: str,
) -> dict[str, Any]:
    sku = hashlib.sha256(f"{service}/{row[0]}/{attributes['usagetype']}".encode()).hexdigest()[:16].upper()
    term, rate = f"{sku}.{ON_DEMAND}", f"{sku}.{ON_DEMAND}.{BY_UNIT}"
    where = {"servicecode": service, "location": row[1], "locationType": "AWS Region", "regionCode": row[0]}
    dimension = {
        "unit": unit,
        "beginRange": "0",
        "endRange": "Inf",
        "description": told,
        "appliesTo": [],
        "rateCode": rate,
        "pricePerUnit": {"USD": f"{price:.10f}"},
    }
    offer = {
        "sku": sku,
        "effectiveDate": PUBLISHED,
        "offerTermCode": ON_DEMAND,
        "termAttributes": {},
        "priceDimensions": {rate: dimension},
    }
    product: dict[str, Any] = {"sku": sku, "attributes": {**where, **attributes}}
    if family:
        product["productFamily"] = family
    return {
        "product": product,
        "serviceCode": service,
        "terms": {"OnDemand": {term: offer}},
        "version": "20260115000000",
        "publicationDate": PUBLISHED,
    }
