"""DHCP options: a region has a default set, every VPC is born with it, and a set in use cannot be deleted."""

from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import DependencyViolationError
from moto.ec2.models.dhcp_options import DHCPOptionsSet, DHCPOptionsSetBackend
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses.dhcp_options import DHCPOptions

from localcloud.mends.ec2.filters import teach
from localcloud.mends.mend import mend

DHCPOptionsSet.owner_id = property(lambda options: options.ec2_backend.account_id)  # type: ignore[attr-defined]

# EC2's order. Ansible compares the whole list with what it would make.
ORDER = ("domain-name", "domain-name-servers", "ntp-servers", "netbios-name-servers", "netbios-node-type")


def _configurations(options: Any) -> list[dict[str, Any]]:
    return [
        {"Key": key, "Values": [{"Value": value} for value in options._options[key]]}
        for key in ORDER
        if options._options[key]
    ]


DHCPOptionsSet.dhcp_configurations = property(_configurations)  # type: ignore[method-assign,assignment]

teach(
    DHCPOptionsSet,
    {
        "key": lambda options: [key for key, values in options._options.items() if values],
        "owner-id": lambda options: options.ec2_backend.account_id,
        "value": lambda options: [value for values in options._options.values() for value in values or []],
    },
)


def default_options(backend: Any) -> Any:
    """The region's own set, made when first asked for."""
    known = backend.dhcp_options_sets.get(getattr(backend, "default_dhcp_options_id", None))
    if known is None:
        region = backend.region_name
        domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
        known = DHCPOptionsSet(backend, domain_name_servers=["AmazonProvidedDNS"], domain_name=[domain])  # type: ignore[arg-type]
        backend.dhcp_options_sets[known.id] = known
        backend.default_dhcp_options_id = known.id
    return known


@mend(VPC, "__init__")
def born(moto: Any, self: Any, ec2_backend: Any, *rest: Any, **kwargs: Any) -> None:
    moto(self, ec2_backend, *rest, **kwargs)
    self.dhcp_options = default_options(ec2_backend)


teach(VPC, {"dhcp-options-id": lambda vpc: vpc.dhcp_options_id, "dhcpOptionsId": lambda vpc: vpc.dhcp_options_id})


@mend(DHCPOptionsSetBackend)
def disassociate_dhcp_options(moto: Any, self: Any, vpc: Any) -> None:
    """moto forgets by this that other VPCs may use the same set."""
    vpc.dhcp_options = None


@mend(DHCPOptionsSetBackend)
def delete_dhcp_options_set(moto: Any, self: Any, options_id: str | None) -> None:
    for vpc in self.vpcs.values():
        if vpc.dhcp_options and vpc.dhcp_options.id == options_id:
            raise DependencyViolationError(f"The dhcpOptions '{options_id}' has dependencies and cannot be deleted.")
    if options_id in self.dhcp_options_sets:
        self.dhcp_options_sets[options_id].vpc = None
    moto(self, options_id)
    self.tags.pop(options_id, None)


@mend(DHCPOptions, "create_dhcp_options")
def answer_create_dhcp_options(moto: Any, self: Any) -> ActionResult:
    tags = self._parse_tag_specification().get("dhcp-options", {})
    self.error_on_dryrun()
    answer: ActionResult = moto(self)
    answer.result["DhcpOptions"].add_tags(tags)  # type: ignore[index]  # moto's answer is a dict here
    return answer
