"""GetProducts, as a service of moto's."""

import json
import re
from collections.abc import Callable
from typing import Any

from moto import backend_index, backends
from moto.core.base_backend import BackendDict, BaseBackend
from moto.core.exceptions import JsonRESTError
from moto.core.responses import BaseResponse

from localcloud.mends.mend import mend
from localcloud.mends.pricing.products import products

PAGE = 100
# How a filter compares a product's value with the one that is wanted; AWS looks at neither's capitals.
COMPARES: dict[str, Callable[[str, str], bool]] = {
    "TERM_MATCH": lambda has, wanted: has == wanted,
    "EQUALS": lambda has, wanted: has == wanted,
    "CONTAINS": lambda has, wanted: wanted in has,
    "ANY_OF": lambda has, wanted: has in wanted.split(","),
    "NONE_OF": lambda has, wanted: has not in wanted.split(","),
}


class PricingBackend(BaseBackend):
    """Knows nothing that anybody could change."""

    @property
    def url_bases(self) -> list[str]:
        return [r"https?://(api\.)?pricing\.(.+)\.amazonaws\.com"]

    @property
    def url_paths(self) -> dict[str, Any]:
        return {"/$": PricingResponse.dispatch}

    def get_products(self, service_code: str, filters: list[dict[str, str]]) -> list[dict[str, Any]]:
        if service_code not in products():
            raise JsonRESTError("InvalidParameterException", f"There is no service {service_code} in the price list.")
        return [each for each in products()[service_code] if all(_meets(each, wanted) for wanted in filters)]


def _meets(product: dict[str, Any], wanted: dict[str, str]) -> bool:
    told = product["product"]
    words = {**told["attributes"], "sku": told["sku"], "productFamily": told.get("productFamily", "")}
    has = {name.lower(): value.lower() for name, value in words.items()}
    return COMPARES[wanted["Type"]](has.get(wanted["Field"].lower(), ""), wanted["Value"].lower())


class PricingResponse(BaseResponse):
    def __init__(self) -> None:
        super().__init__(service_name="pricing")

    def get_products(self) -> str:
        asked = json.loads(self.body)
        for each in asked.get("Filters") or []:
            if each["Type"] not in COMPARES:
                raise JsonRESTError("InvalidParameterException", f"There is no filter of the type {each['Type']}.")
        backend = pricing_backends[self.current_account][self.region]
        found = backend.get_products(asked["ServiceCode"], asked.get("Filters") or [])
        token = str(asked.get("NextToken") or "0")
        if not token.isdigit():
            raise JsonRESTError("InvalidNextTokenException", "The pagination token is invalid.")
        start, size = int(token), int(asked.get("MaxResults") or PAGE)
        # Each product is a document of its own, as a text.
        page = [json.dumps(each) for each in found[start : start + size]]
        more = {"NextToken": str(start + size)} if start + size < len(found) else {}
        return json.dumps({"FormatVersion": "aws_v1", "PriceList": page, **more})


pricing_backends = BackendDict(PricingBackend, "pricing")


@mend(backends)
def _import_backend(moto: Any, module_name: str, backends_name: str) -> Any:
    return pricing_backends if module_name == "pricing" else moto(module_name, backends_name)


backend_index.backend_url_patterns.append(("pricing", re.compile(r"https?://(api\.)?pricing\.(.+)\.amazonaws\.com")))
