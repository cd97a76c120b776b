"""Seats of another type: stopped, changed, started. Whether there is room is asked before anything is stopped."""

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from classlab import money
from classlab.cloud import seats as in_cloud
from classlab.cloud.bringup import counted, listed
from classlab.cloud.patience import patiently
from classlab.cloud.regions import code, reason
from classlab.cloud.seats import PATIENCE, Seat
from classlab.day import power
from classlab.day.power import Powered
from classlab.errors import ClasslabError, CloudError
from classlab.plan import living, quota
from classlab.plan.cloud import Cloud, ask, filters
from classlab.plan.machine import Machine, described, no_such_type
from classlab.plan.region import NO_TYPE

AT_ONCE = 10


def resize(
    cloud: Cloud,
    ec2: Any,
    lab: str,
    students: Collection[str],
    type_: str,
    port_tag: str,
    patience: float,
    at: datetime,
) -> Powered:
    """Afterwards all these seats run, and are of this type; where it cannot be had after all, of their former one."""
    chosen, refused = power.chosen_of(ec2, lab, students)
    refused |= {each.student: ending for each in chosen if (ending := in_cloud.would_end(each, at))}
    chosen = [each for each in chosen if each.student not in refused]
    other = [each for each in chosen if each.type != type_]
    if other and (problem := _problem(_ask(cloud, type_), other, chosen, cloud.region)):
        raise ClasslabError(f"{problem}\nNothing was changed.")
    now, awake = power.put_to_sleep(ec2, lab, other, patience)
    asleep = [each for each in other if each.student not in awake]
    unchanged = _change(ec2, [(each, type_) for each in asleep])
    changed = [each for each in asleep if each.student not in unchanged]
    students = [each.student for each in chosen if each.student not in awake]
    started = power.start(ec2, lab, students, port_tag, patience, at)
    if back := {each.student: each for each in changed if each.student in started.refused}:
        why = started.refused
        _change(ec2, [(each, each.type) for each in back.values()])
        started = power.start(ec2, lab, students, port_tag, patience, at)
        refused |= {
            student: f"It could not be started as {type_}: {why[student]} It is to be {seat.type} again."
            for student, seat in back.items()
        }
    refused = {**started.refused, **awake, **unchanged, **refused}
    done = [each for each in changed if each.student not in refused]
    names = [each.student for each in done]
    return Powered(started.found or now, names, refused, _say(cloud.region, done, type_, refused))


def _say(region: str, done: Sequence[Seat], type_: str, refused: Collection[str]) -> list[str]:
    if not done:
        return [] if refused else [f"All are {type_} already."]
    names, before = [each.student for each in done], sorted({each.type for each in done})
    costs = ", ".join(f"{each} {money.dollars(money.instance_hour(region, each))}" for each in (*before, type_))
    return [
        f"{counted(names)} {'is' if len(names) == 1 else 'are'} {type_} now: {listed(names)}.",
        f"An hour costs: {costs}. New seats are as lab_instance_type in the class file says.",
    ]


@dataclass(frozen=True)
class Told:
    """What the region says of the type."""

    machine: Machine
    zones: set[str]
    instances: Mapping[str, Mapping[str, Any]]
    quota: str
    quota_code: str
    # None where it may not be asked: then the start will tell.
    limit: float | None


def _ask(cloud: Cloud, type_: str) -> Told:
    ec2, quotas = cloud.client("ec2"), cloud.client("service-quotas")
    quota_name, quota_code = quota.bucket(type_, spot=False)
    alive, of_type = filters(instance_state_name=living.LIVING), filters(instance_type=[type_])
    pages = ec2.get_paginator("describe_instances").paginate(Filters=alive, PaginationConfig={"PageSize": 1000})
    answers = ask(
        {
            "ec2:DescribeInstances": lambda: living.instances(pages),
            "ec2:DescribeInstanceTypes": lambda: ec2.describe_instance_types(InstanceTypes=[type_]),
            "ec2:DescribeInstanceTypeOfferings": lambda: ec2.describe_instance_type_offerings(
                LocationType="availability-zone", Filters=of_type
            )["InstanceTypeOfferings"],
            "servicequotas:GetServiceQuota": lambda: quotas.get_service_quota(ServiceCode="ec2", QuotaCode=quota_code),
        }
    )
    if (unknown := answers.refusal("ec2:DescribeInstanceTypes")) and code(unknown) in NO_TYPE:
        every = ec2.get_paginator("describe_instance_type_offerings").paginate()
        offered = [str(each["InstanceType"]) for page in every for each in page["InstanceTypeOfferings"]]
        raise ClasslabError(no_such_type(type_, cloud.region, offered, "TYPE"))
    if unanswered := answers.without("servicequotas:GetServiceQuota").unanswered():
        raise CloudError(" ".join(unanswered))
    limit = answers.get("servicequotas:GetServiceQuota")
    return Told(
        described(answers.get("ec2:DescribeInstanceTypes")),
        {str(each["Location"]) for each in answers.get("ec2:DescribeInstanceTypeOfferings")},
        {str(each["InstanceId"]): each for each in answers.get("ec2:DescribeInstances")},
        quota_name,
        quota_code,
        float(limit["Quota"]["Value"]) if limit else None,
    )


def _problem(told: Told, other: Sequence[Seat], chosen: Sequence[Seat], region: str) -> str:
    """Why these seats cannot become of this type, and all that are chosen run: '' when they can."""
    new = told.machine
    for each in other:
        record = told.instances[each.id]
        zone, made_for = record["Placement"]["AvailabilityZone"], record["Architecture"]
        if made_for not in new.architectures:
            return f"{each.student}'s seat runs {made_for}, and {new.name} is {' or '.join(new.architectures)}."
        if zone not in told.zones:
            return f"{each.student}'s seat is in {zone}, where {new.name} is not offered: choose another type."
    if told.limit is None:
        return ""
    # What they take now is free when they have stopped.
    moving = {each.id for each in other}
    used = quota.in_use(told.quota_code, (each for id_, each in told.instances.items() if id_ not in moving))
    asleep = [living.vcpus(told.instances[each.id]) for each in chosen if each.id not in moving and each.asleep]
    room = quota.Room(told.quota, told.quota_code, told.limit, used)
    needed = new.vcpus * len(other) + sum(asleep)
    return room.lacks(needed, new.vcpus, f"run {living.counted(len(other))} as {new.name}", region)


def _change(ec2: Any, wanted: Sequence[tuple[Seat, str]]) -> dict[str, str]:
    """Sentences about those that were refused, by student."""

    def one(change: tuple[Seat, str]) -> str:
        seat, type_ = change
        try:
            patiently(ec2.modify_instance_attribute, PATIENCE, InstanceId=seat.id, InstanceType={"Value": type_})
        except ClientError as error:
            return f"{seat.id} is not {type_}. {reason(error)}"
        return ""

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return {seat.student: why for (seat, _), why in zip(wanted, pool.map(one, wanted), strict=True) if why}
