"""The questions to the cloud: read-only, as few as will do, those that do not need one another's answers at once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from classlab import clock
from classlab.errors import CloudError
from classlab.names import did_you_mean
from classlab.plan import addresses, region
from classlab.plan.cloud import Cloud, ask, denied, explained
from classlab.plan.content import Class
from classlab.plan.region import Found

Questions = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Survey:
    """What the cloud said, and what is wrong with it. `notes` are worth telling, and no reason to stop."""

    account: str = ""
    # Who asks, as AWS calls them; and how far this computer's clock is ahead of the cloud's, where that was told.
    who: str = ""
    ahead: timedelta | None = None
    ssh_cidrs: list[str] = field(default_factory=list)
    # Why the caller's own address is not known, where it is wanted.
    no_address: str = ""
    found: Found = field(default_factory=Found)
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def survey(wanted: Class, last_region: str) -> Survey:
    """Ask everything that the class file is sound enough to ask. `last_region` is where the lab was at its last up."""
    try:
        return _survey(Cloud(wanted.region), wanted, last_region)
    except CloudError as error:
        return Survey(problems=[str(error)])


def _survey(cloud: Cloud, wanted: Class, last_region: str) -> Survey:
    sts, ec2 = cloud.client("sts", cloud.home), cloud.client("ec2", cloud.home)
    questions: Questions = {
        "sts:GetCallerIdentity": lambda: _identity(sts),
        "ec2:DescribeRegions": lambda: ec2.describe_regions(AllRegions=True),
    }
    if wanted.ask_address:
        questions["address"] = lambda: addresses.own(wanted.ask_address)
    answers = ask(questions)
    no_address = str(answers.refusal("address") or "")
    problems = [no_address] if no_address else []
    if unknown := answers.refusal("sts:GetCallerIdentity"):
        # No other answer means anything to somebody whom AWS does not know.
        return Survey(no_address=no_address, problems=[*problems, explained(unknown)])
    if (refusal := answers.refusal("ec2:DescribeRegions")) and not denied(refusal):
        return Survey(no_address=no_address, problems=[*problems, explained(refusal)])
    regions = answers.get("ec2:DescribeRegions")
    # Who may not list the regions may still use one: then the region itself tells.
    no_region = region_problem(wanted.region, regions) if wanted.region and regions else ""
    found = Found() if no_region or not wanted.region else region.survey(cloud, wanted, last_region)
    own = answers.get("address")
    identity = answers.get("sts:GetCallerIdentity")
    return Survey(
        account=str(identity["Account"]),
        who=str(identity["Arn"]),
        ahead=identity["ahead"],
        ssh_cidrs=[own] if own else wanted.ssh_cidrs,
        no_address=no_address,
        found=found,
        problems=[*problems, *([no_region] if no_region else []), *found.problems],
        notes=found.notes,
    )


def _identity(sts: Any) -> dict[str, Any]:
    """Who asks; and, as every answer says when it was given, whose clock is ahead."""
    answer = sts.get_caller_identity()
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return {**answer, "ahead": clock.now() - parsedate_to_datetime(date) if date else None}


def region_problem(name: str, answer: Mapping[str, Any]) -> str:
    """'' for a region that exists and is enabled for the account."""
    states = {str(each["RegionName"]): each["OptInStatus"] for each in answer["Regions"]}
    if name not in states:
        usable = [each for each, state in states.items() if state != "not-opted-in"]
        hint = did_you_mean(name, usable) or " aws ec2 describe-regions lists those there are."
        return f"lab_region '{name}' does not exist.{hint}"
    if states[name] == "not-opted-in":
        return (
            f"lab_region {name} is not enabled for this AWS account: enable it (aws account enable-region "
            f"--region-name {name}), or choose another."
        )
    return ""
