"""What is understood of a product of AWS's price list, and what is not."""

import json
from typing import Any

import pytest

from classlab import pricelist


class Pricing:
    """Answers every question with these products."""

    def __init__(self, *products: Any) -> None:
        self.products = [json.dumps(each) for each in products]

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> Any:
        return self

    def search(self, _: str) -> list[str]:
        return self.products


def product(usage: str, unit: str = "Hrs", **price: str) -> dict[str, Any]:
    terms = {"a": {"priceDimensions": {"b": {"unit": unit, "pricePerUnit": price}}}}
    return {"product": {"attributes": {"usagetype": usage}}, "terms": {"OnDemand": terms}}


def price(kind: str, *products: Any) -> float | None:
    return pricelist.ask(Pricing(*products), "eu-west-1", [kind]).instance_hour.get(kind)


@pytest.mark.parametrize("begins", ["", "EUC1-", "USE1-"])
def test_a_use_is_known_with_the_regions_beginning_and_without(begins: str) -> None:
    assert price("t3.micro", product(f"{begins}BoxUsage:t3.micro", USD="0.01")) == 0.01
    assert price("u-6tb1.metal", product(f"{begins}BoxUsage:u-6tb1.metal", USD="5")) == 5


@pytest.mark.parametrize(
    "other",
    [
        product("EU-UnusedBox:t3.micro", USD="1"),
        product("EU-HostBoxUsage:t3.micro", USD="1"),
        product("EU-BoxUsage:t3.micro", unit="Quantity", USD="1"),
        product("EU-BoxUsage:t3.micro", CNY="1"),
    ],
)
def test_another_use_unit_or_currency_is_no_price(other: dict[str, Any]) -> None:
    assert price("t3.micro", other) is None
    assert price("t3.micro", other, product("EU-BoxUsage:t3.micro", USD="0.01")) == 0.01


def test_what_is_asked_and_answered_is_of_one_region_and_day() -> None:
    told = pricelist.ask(Pricing(), "eu-west-1", ["t3.micro"], ["gp3", "io2"])
    assert (told.region, told.instance_hour, told.gib_month, told.address_hour) == ("eu-west-1", {}, {}, None)
    assert pricelist.PriceList.from_json(told.as_json()) == told


@pytest.mark.parametrize("strange", [{}, {"product": []}, {"product": {"attributes": {}}}])
def test_another_form_is_no_price_and_no_crash(strange: Any) -> None:
    with pytest.raises(ValueError, match="another form"):
        pricelist.ask(Pricing(strange), "eu-west-1", ["t3.micro"])
