"""The price list: found by attributes, told as AWS tells it, in pages."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

Aws = Callable[..., Any]
LINUX = {"operatingSystem": "Linux", "tenancy": "shared", "preInstalledSw": "NA", "capacitystatus": "Used"}


def found(pricing: Any, service: str, **attributes: str) -> list[dict[str, Any]]:
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in attributes.items()]
    pages = pricing.get_paginator("get_products").paginate(ServiceCode=service, Filters=filters)
    return [json.loads(each) for each in pages.search("PriceList[]")]


def prices(product: dict[str, Any]) -> list[tuple[str, str]]:
    dimensions = [each for term in product["terms"]["OnDemand"].values() for each in term["priceDimensions"].values()]
    return [(each["unit"], each["pricePerUnit"]["USD"]) for each in dimensions]


def test_an_hour_of_a_type_in_a_region(aws: Aws) -> None:
    [micro] = found(aws("pricing"), "AmazonEC2", regionCode="eu-central-1", instanceType="t3.micro", **LINUX)
    assert prices(micro) == [("Hrs", "0.0120000000")]
    attributes = micro["product"]["attributes"]
    assert (attributes["usagetype"], attributes["location"]) == ("EUC1-BoxUsage:t3.micro", "EU (Frankfurt)")
    assert micro["product"]["productFamily"] == "Compute Instance"
    sku = micro["product"]["sku"]
    assert list(micro["terms"]["OnDemand"]) == [f"{sku}.JRTCKXETXF"]


def test_who_does_not_say_all_is_told_more(aws: Aws) -> None:
    several = found(aws("pricing"), "AmazonEC2", regionCode="us-east-1", instanceType="t3.micro")
    usages = {each["product"]["attributes"]["usagetype"] for each in several}
    assert usages == {"BoxUsage:t3.micro", "UnusedBox:t3.micro", "Reservation:t3.micro"}


def test_disks_by_the_month_and_addresses_by_the_hour(aws: Aws) -> None:
    [disk] = found(aws("pricing"), "AmazonEC2", regionCode="us-east-1", productFamily="Storage", volumeApiName="gp3")
    assert prices(disk) == [("GB-Mo", "0.0800000000")]
    used, idle = found(aws("pricing"), "AmazonVPC", regionCode="eu-west-1", group="VPCPublicIPv4Address")
    assert used["product"]["attributes"]["usagetype"] == "EU-PublicIPv4:InUseAddress"
    assert prices(used) == prices(idle) == [("Hrs", "0.0050000000")]


def test_what_is_not_in_it_is_an_empty_answer(aws: Aws) -> None:
    assert found(aws("pricing"), "AmazonEC2", regionCode="us-east-1", instanceType="t9.micro") == []


def test_pages_are_no_longer_than_wanted(aws: Aws) -> None:
    first = aws("pricing").get_products(ServiceCode="AmazonVPC", MaxResults=20)
    assert len(first["PriceList"]) == 20
    second = aws("pricing").get_products(ServiceCode="AmazonVPC", NextToken=first["NextToken"])
    assert len(second["PriceList"]) == 10 and "NextToken" not in second


@pytest.mark.parametrize(
    ("kind", "value", "many"), [("EQUALS", "gp3", 1), ("CONTAINS", "gp", 2), ("ANY_OF", "gp3,st1", 1)]
)
def test_the_other_filters(aws: Aws, kind: str, value: str, many: int) -> None:
    here = {"Type": "EQUALS", "Field": "regionCode", "Value": "us-east-1"}
    wanted = {"Type": kind, "Field": "volumeApiName", "Value": value}
    assert len(aws("pricing").get_products(ServiceCode="AmazonEC2", Filters=[here, wanted])["PriceList"]) == many


@pytest.mark.parametrize("asked", [{"ServiceCode": "AmazonX"}, {"ServiceCode": "AmazonVPC", "NextToken": "x"}])
def test_what_makes_no_sense_is_refused(aws: Aws, asked: dict[str, str]) -> None:
    with pytest.raises(ClientError, match="Invalid"):
        aws("pricing").get_products(**asked)
