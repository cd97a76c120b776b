"""The questions to the class's region, and what their answers mean together."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from classlab import pricelist
from classlab.cloud.regions import code, reason
from classlab.plan import living, machine, network, quota
from classlab.plan.cloud import Answers, Cloud, ask, filters
from classlab.plan.content import Class
from classlab.plan.living import Living, counted
from classlab.plan.machine import Machine
from classlab.plan.network import Network
from classlab.pricelist import PriceList

PRICES = "pricing:GetProducts"
# Refusals that speak of the class file: they get words of their own.
NO_TYPE = {"InvalidInstanceType"}
NO_SUBNET = {"InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed", "InvalidSubnetId.Malformed"}


@dataclass
class Found:
    living: Living = field(default_factory=Living)
    network: Network = field(default_factory=Network)
    image_id: str = ""
    image_name: str = ""
    root_device: str = ""
    prices: PriceList | None = None
    # The quota that counts the seats, and why it does not suffice or is not known.
    room: quota.Room | None = None
    no_room: str = ""
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def survey(cloud: Cloud, wanted: Class, last_region: str) -> Found:
    """Two rounds of questions; most need nothing but the class file."""
    first = ask(_first(cloud, wanted, last_region))
    found = Found()
    everything = first.get("ec2:DescribeInstances") or []
    _living(wanted, last_region, first, everything, found)
    seats = sum(student.name not in found.living.students for student in wanted.students)
    type_ = _type(wanted, first)
    subnets = first.get("ec2:DescribeSubnets")
    found.image_id = found.living.image_id
    if type_ and not found.image_id and (parameters := first.get("ssm:GetParameters")):
        found.image_id = machine.image_id(parameters, wanted.ubuntu, type_)
        if not found.image_id:
            found.problems.append(machine.no_image(wanted.ubuntu, type_, wanted.region))

    questions = _second(cloud, wanted, found.image_id, type_, subnets is not None and not subnets["Subnets"])
    if type_:
        pricing = cloud.client("pricing", pricelist.HOME, pricelist.PATIENCE)
        types = {wanted.instance_type, *(seat.instance_type for seat in found.living.seats)}
        questions[PRICES] = lambda: pricelist.ask(pricing, wanted.region, types)
    second = ask(questions)
    # Who may not ask for prices, or gets none, is told those of the table: no reason to stop.
    found.prices = second.get(PRICES)
    found.problems += second.without(PRICES).unanswered()
    if wanted.instance_type and not type_ and (offered := second.get("ec2:DescribeInstanceTypeOfferings")) is not None:
        found.problems.append(machine.no_such_type(wanted.instance_type, wanted.region, offered))
    if type_:
        _image(wanted, type_, second, seats, found)
        _quota(wanted, type_, first, everything, seats, found)
    _network(wanted, type_, first, second, seats, found)
    return found


def _first(cloud: Cloud, wanted: Class, last_region: str) -> dict[str, Callable[[], Any]]:
    ec2 = cloud.client("ec2")
    # All that lives in the region: this lab's seats, and whatever else counts against the quota.
    alive = filters(instance_state_name=living.LIVING)
    questions: dict[str, Callable[[], Any]] = {
        "ec2:DescribeInstances": lambda: living.instances(
            ec2.get_paginator("describe_instances").paginate(Filters=alive, PaginationConfig={"PageSize": 1000})
        ),
        "ec2:DescribeSubnets": lambda: (
            ec2.describe_subnets(SubnetIds=wanted.subnet_ids)
            if wanted.subnet_ids
            else ec2.describe_subnets(Filters=filters(default_for_az=["true"]))
        ),
    }
    if wanted.name:
        questions["ec2:DescribeKeyPairs"] = lambda: ec2.describe_key_pairs(Filters=filters(key_name=[wanted.name]))
    if wanted.zones:
        questions["ec2:DescribeAvailabilityZones"] = ec2.describe_availability_zones
    if wanted.ubuntu:
        ssm = cloud.client("ssm")
        questions["ssm:GetParameters"] = lambda: ssm.get_parameters(Names=machine.parameters(wanted.ubuntu))
    if wanted.instance_type:
        by_type = filters(instance_type=[wanted.instance_type])
        questions["ec2:DescribeInstanceTypes"] = lambda: ec2.describe_instance_types(
            InstanceTypes=[wanted.instance_type]
        )
        questions["ec2:DescribeInstanceTypeOfferings"] = lambda: ec2.describe_instance_type_offerings(
            LocationType="availability-zone", Filters=by_type
        )
        if quota_code := quota.bucket(wanted.instance_type, wanted.spot)[1]:
            quotas = cloud.client("service-quotas")
            questions["servicequotas:GetServiceQuota"] = lambda: quotas.get_service_quota(
                ServiceCode="ec2", QuotaCode=quota_code
            )
    if wanted.name and last_region not in ("", wanted.region):
        there = cloud.client("ec2", last_region)
        of_lab = filters(instance_state_name=living.LIVING) + filters(**{"tag:Lab": [wanted.name]})
        questions[f"ec2:DescribeInstances in {last_region}"] = lambda: living.instances(
            [there.describe_instances(Filters=of_lab)]
        )
    return questions


def _second(
    cloud: Cloud, wanted: Class, image_id: str, type_: Machine | None, no_subnets: bool
) -> dict[str, Callable[[], Any]]:
    ec2 = cloud.client("ec2")
    questions: dict[str, Callable[[], Any]] = {}
    if image_id:
        # Asked by a filter, because an image that is gone is then an empty answer and no error.
        questions["ec2:DescribeImages"] = lambda: ec2.describe_images(Filters=filters(image_id=[image_id]))["Images"]
    if wanted.instance_type and not type_:
        pages = ec2.get_paginator("describe_instance_type_offerings")
        questions["ec2:DescribeInstanceTypeOfferings"] = lambda: [
            str(each["InstanceType"]) for page in pages.paginate() for each in page["InstanceTypeOfferings"]
        ]
    if no_subnets and not wanted.subnet_ids:
        questions["ec2:DescribeVpcs"] = lambda: ec2.describe_vpcs(Filters=filters(is_default=["true"]))["Vpcs"]
    return questions


def _type(wanted: Class, first: Answers) -> Machine | None:
    """The type, when it exists and is offered in the region."""
    described, offered = first.get("ec2:DescribeInstanceTypes"), first.get("ec2:DescribeInstanceTypeOfferings")
    if described and described["InstanceTypes"] and (offered is None or offered["InstanceTypeOfferings"]):
        return machine.described(described)
    return None


def _living(wanted: Class, last_region: str, first: Answers, everything: list[dict[str, Any]], found: Found) -> None:
    """Whose the name is, and which seats there are; also what could not be asked at all."""
    told = [
        action
        for action, codes in (("ec2:DescribeInstanceTypes", NO_TYPE), ("ec2:DescribeSubnets", NO_SUBNET))
        if (error := first.refusal(action)) and code(error) in codes
    ]
    found.problems += first.without("servicequotas:GetServiceQuota", *told).unanswered()
    owner = wanted.tags.get("Owner", "")
    if wanted.name:
        found.living, problems = living.found(wanted.name, owner, everything)
        pairs = first.get("ec2:DescribeKeyPairs")
        if not problems and pairs and (taken := living.key_pair_problem(wanted.name, owner, pairs["KeyPairs"])):
            problems = [taken]
        found.problems += problems
        there = first.get(f"ec2:DescribeInstances in {last_region}")
        if there and (
            moved := living.elsewhere_problem(
                wanted.name, living.found(wanted.name, owner, there)[0], last_region, wanted.region
            )
        ):
            found.problems.append(moved)


def _image(wanted: Class, type_: Machine, second: Answers, seats: int, found: Found) -> None:
    images = second.get("ec2:DescribeImages")
    if images is None:
        return
    if images:
        found.image_name = str(images[0].get("Name", ""))
        found.root_device = str(images[0].get("RootDeviceName", ""))
    if not seats:
        return  # only what is still to be launched needs an image
    if wanted.spot and not type_.spot:
        found.problems.append(f"{type_.name} is not sold as spot: write lab_spot: false, or choose another type.")
    if not images:
        found.problems.append(
            f"The image {found.image_id} of the seats that are there is gone, so no equal seat can be launched: "
            "make down, then make up, gives all of them the newest."
        )
        return
    if problem := machine.image_problem(images[0], type_, wanted.volume_size, bool(found.living.seats)):
        found.problems.append(problem)


def _quota(
    wanted: Class, type_: Machine, first: Answers, everything: list[dict[str, Any]], seats: int, found: Found
) -> None:
    name, quota_code = quota.bucket(type_.name, wanted.spot)
    asleep = [seat for seat in found.living.asleep if quota.bucket(seat.instance_type, wanted.spot)[1] == quota_code]
    if not quota_code:
        return
    if answer := first.get("servicequotas:GetServiceQuota"):
        found.room = quota.Room(name, quota_code, float(answer["Quota"]["Value"]), quota.in_use(quota_code, everything))
    if not (seats or asleep):
        return
    if error := first.refusal("servicequotas:GetServiceQuota"):
        found.no_room = (
            f"The quota '{name}' ({quota_code}) could not be read ({reason(error)}) Whether it has room "
            f"for {counted(seats + len(asleep))} more will show at their launch."
        )
        found.notes.append(found.no_room)
    elif found.room:
        found.no_room = found.room.problem(seats, type_.vcpus, [seat.vcpus for seat in asleep], wanted.region)
        if found.no_room:
            found.problems.append(found.no_room)


def _network(wanted: Class, type_: Machine | None, first: Answers, second: Answers, seats: int, found: Found) -> None:
    zones = first.get("ec2:DescribeAvailabilityZones")
    strange = network.unknown_zones(wanted.zones, zones, wanted.region) if zones else []
    found.problems += strange
    answer = first.get("ec2:DescribeSubnets")
    if answer is None:
        if (error := first.refusal("ec2:DescribeSubnets")) and code(error) in NO_SUBNET:
            found.problems.append(network.no_such_subnet(wanted.subnet_ids, wanted.region, reason(error)))
    elif not answer["Subnets"]:
        if (vpcs := second.get("ec2:DescribeVpcs")) is not None:
            found.problems.append(network.no_default(wanted.region, default_vpc=bool(vpcs)))
    elif not strange:
        offered = first.get("ec2:DescribeInstanceTypeOfferings")
        offering = {str(each["Location"]) for each in offered["InstanceTypeOfferings"]} if type_ and offered else None
        order = wanted.subnet_ids, wanted.zones
        found.network = network.chosen(answer["Subnets"], *order, offering, wanted.instance_type, seats)
        found.problems += found.network.problems
        lab_vpc = found.living.vpc_id
        if seats and lab_vpc and found.network.vpc_id not in ("", lab_vpc):
            found.problems.append(network.other_vpc(lab_vpc, found.network.vpc_id))
