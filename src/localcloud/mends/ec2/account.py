"""DescribeRegions and DescribeAccountAttributes tell what was asked for, and only of this account's partition."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses import EC2Response
from moto.ec2.utils import generic_filter
from moto.utilities.utils import get_partition

from localcloud.mends.ec2.filters import unknown_filter
from localcloud.mends.mend import mend

REGION_FILTERS = {"endpoint": "endpoint", "opt-in-status": "opt_in_status", "region-name": "name"}


class _Filterable:
    """moto's regions know no filters."""

    def __init__(self, region: Any) -> None:
        self.region = region

    def get_filter_value(self, name: str) -> str:
        if name not in REGION_FILTERS:
            raise unknown_filter(name)
        return str(getattr(self.region, REGION_FILTERS[name]))


@mend(EC2Response)
def describe_regions(moto: Any, self: Any) -> ActionResult:
    self.error_on_dryrun()
    wanted = self._get_param("RegionNames", [])
    here = get_partition(self.region)
    regions = {each.name: each for each in self.ec2_backend.describe_regions() if get_partition(each.name) == here}
    if unknown := [name for name in wanted if name not in regions]:
        raise EC2ClientError("InvalidParameterValue", f"Invalid region names provided: {', '.join(unknown)}")
    told = [regions[name] for name in wanted] or [
        each for each in regions.values() if self._get_bool_param("AllRegions") or each.opt_in_status != "not-opted-in"
    ]
    matching = generic_filter(self._filters_from_querystring(), [_Filterable(each) for each in told])
    return ActionResult({"Regions": [each.region for each in matching]})


@mend(EC2Response)
def describe_account_attributes(moto: Any, self: Any) -> ActionResult:
    """moto tells of no default VPC, although there is one, and of platforms that AWS gave up."""
    attributes = {each["AttributeName"]: each for each in moto(self).result["AccountAttributes"]}
    default = next((vpc.id for vpc in self.ec2_backend.vpcs.values() if vpc.is_default), "none")
    for name, value in (("default-vpc", default), ("supported-platforms", "VPC")):
        attributes[name] = {"AttributeName": name, "AttributeValues": [{"AttributeValue": value}]}
    wanted = self._get_param("AttributeNames", []) or list(attributes)
    if unknown := [name for name in wanted if name not in attributes]:
        raise EC2ClientError("InvalidParameterValue", f"Value ({unknown[0]}) for parameter attributeName is invalid.")
    return ActionResult({"AccountAttributes": [attributes[name] for name in wanted]})
