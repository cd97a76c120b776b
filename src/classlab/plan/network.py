"""Where seats can be put: subnets with public addresses, in zones that offer the type, in the order to try them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from classlab.plan.living import counted


@dataclass(frozen=True)
class Network:
    vpc_id: str = ""
    placements: list[dict[str, str]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def chosen(
    subnets: list[Mapping[str, Any]],
    wanted: list[str],
    zones: list[str],
    offering: set[str] | None,
    machine: str,
    seats: int,
) -> Network:
    """The subnets to try: `wanted` are lab_subnet_ids, `offering` the zones with the type where that is known."""
    if problems := _problems(subnets, wanted):
        return Network(problems=problems)
    key = "SubnetId" if wanted else "AvailabilityZone"
    rank = {name: place for place, name in enumerate(wanted or zones)}
    usable = [each for each in subnets if not rank or each[key] in rank]
    usable.sort(key=lambda each: (rank.get(each[key], 0), each["AvailabilityZone"]))
    if not usable:
        return Network(problems=[f"The default VPC has no subnet in {' or '.join(zones)}: choose other lab_zones."])
    placed = [each for each in usable if offering is None or each["AvailabilityZone"] in offering]
    if not placed:
        asked = _listed({str(each["AvailabilityZone"]) for each in usable})
        where = "lab_subnet_ids" if wanted else "lab_zones" if zones else "the default VPC"
        return Network(
            problems=[
                f"{machine} is offered in none of the zones of {where} ({asked}), only in {_listed(offering or [])}: "
                "choose among these, or another lab_instance_type."
            ]
        )
    free = sum(int(each.get("AvailableIpAddressCount", seats)) for each in placed)
    if free < seats:
        problems = [
            f"{counted(seats)} to be launched, but the subnets have only {free} free addresses: give more or larger "
            "ones in lab_subnet_ids."
        ]
    placements = [{"zone": str(each["AvailabilityZone"]), "subnet_id": str(each["SubnetId"])} for each in placed]
    return Network(str(placed[0]["VpcId"]), placements, problems)


def unknown_zones(zones: list[str], answer: Mapping[str, Any], region: str) -> list[str]:
    """A sentence for each zone that the region does not have."""
    known = [str(each["ZoneName"]) for each in answer["AvailabilityZones"]]
    return [
        f"lab_zones has '{zone}', which {region} does not have; it has {_listed(known)}."
        for zone in zones
        if zone not in known
    ]


def no_default(region: str, default_vpc: bool) -> str:
    """For an account whose default VPC was removed, or lost its subnets."""
    command = "create-default-subnet --availability-zone ZONE" if default_vpc else "create-default-vpc"
    lacks = "The default VPC has no subnet" if default_vpc else "The account has no default VPC"
    return (
        f"{lacks} in {region}: make one by `aws ec2 {command} --region {region}`, or name subnets with public "
        'addresses, as in lab_subnet_ids: ["subnet-0a1b2c3d"] (aws ec2 describe-subnets lists them).'
    )


def no_such_subnet(wanted: list[str], region: str, said: str) -> str:
    return (
        f"lab_subnet_ids has {', '.join(wanted)}, and not all are there in {region} ({said}): aws ec2 describe-subnets "
        f"--region {region} lists those there are."
    )


def other_vpc(lab_vpc: str, vpc: str) -> str:
    return (
        f"The seats that are there lie in {lab_vpc}, but new ones would go to {vpc}, and a lab has one network: give "
        f"subnets of {lab_vpc} in lab_subnet_ids, or make down first."
    )


def _problems(subnets: list[Mapping[str, Any]], wanted: list[str]) -> list[str]:
    problems = []
    vpcs = {str(each["VpcId"]): str(each["SubnetId"]) for each in subnets}
    if len(vpcs) > 1:
        where = ", ".join(f"{subnet} in {vpc}" for vpc, subnet in sorted(vpcs.items()))
        problems.append(
            f"lab_subnet_ids are in different VPCs ({where}), but a lab has one network: give subnets of one VPC."
        )
    for each in subnets:
        if wanted and not each.get("MapPublicIpOnLaunch"):
            problems.append(
                f"lab_subnet_ids has {each['SubnetId']}, which gives no public addresses, so that no seat could be "
                f"reached: choose another, or aws ec2 modify-subnet-attribute --subnet-id {each['SubnetId']} "
                "--map-public-ip-on-launch."
            )
    return problems


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
