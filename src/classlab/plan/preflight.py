"""From a request to a plan, or to all that is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from classlab import classfile, clock, money, settings
from classlab.cloud.kinds import MANAGED_BY
from classlab.labfolder import LabFolder
from classlab.names import BUILDER
from classlab.plan import content, words
from classlab.plan.content import Class
from classlab.plan.machine import ubuntu_of
from classlab.plan.survey import Survey, survey
from classlab.pricelist import PriceList
from classlab.roster import Student

# What a lab is planned for: its students' seats; an image for them; or only to know what such an image would be.
SEATS, IMAGE, LOOK = "seats", "image", "look"
# So long `make bake` takes at most; then what it has launched ends itself.
BAKES_WITHIN = 2.0


@dataclass(frozen=True)
class Request:
    """What `make up`, or another that plans, was called with."""

    settings: Mapping[str, Any]
    class_file: Path
    defaults: Path  # the folder group_vars/all
    cloud: str = "localcloud"
    lab_folder: Path | None = None
    prune: bool = False
    purpose: str = SEATS


@dataclass(frozen=True)
class Checked:
    """Either problems, or a plan and what is to be said of it; made of the class and what the cloud said."""

    wanted: Class
    asked: Survey
    problems: list[str] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)
    say: list[str] = field(default_factory=list)
    prices: PriceList | None = None


def check(request: Request) -> Checked:
    """Read everything, ask everything, change nothing."""
    now = clock.now()
    wanted, unknown, broken = read(request, now)
    if request.purpose == IMAGE:
        wanted = replace(wanted, students=[Student(BUILDER)], hours=BAKES_WITHIN, ends_at=None, spot=False, budget=0)
    problems = unknown + broken
    last = _last_region(request.lab_folder)
    asked = survey(wanted, last)
    problems += asked.problems
    money.learn(wanted.region, asked.found.prices)
    ends_at = deadline(wanted, asked, now) if request.purpose == SEATS else now + timedelta(hours=wanted.hours)
    estimate = money.estimate(
        wanted.region,
        wanted.instance_type,
        wanted.volume_size,
        len(wanted.students) + (0 if request.prune else len(words.leaving(wanted, asked))),
        (ends_at - now) / timedelta(hours=1),
    )
    total = whole_cost(wanted, asked, ends_at, now, request.prune)
    # Only what was understood can be reckoned.
    if not broken and not asked.problems and (expensive := words.over_budget(wanted, total)):
        problems.append(expensive)
    if request.purpose == LOOK and asked.found.image_id:
        problems = broken  # where there is no room for seats, images can be looked at all the same
    if problems:
        return Checked(wanted, asked, problems=list(dict.fromkeys(problems)))
    free = request.cloud != "aws"
    say = []
    if request.purpose == SEATS:
        say = words.cost(wanted, estimate, total, ends_at, now, free=free)
        say += words.warnings(wanted, asked, ends_at, request.prune)
    elif request.purpose == IMAGE:
        say = words.bake(wanted, estimate, now, ends_at, free=free)
    plan = _plan(wanted, asked, ends_at, estimate.hourly, total)
    return Checked(wanted, asked, plan=plan, say=say, prices=asked.found.prices)


def read(request: Request, now: datetime) -> tuple[Class, list[str], list[str]]:
    """The class, its settings that nobody knows, and what is wrong with the others; no cloud is asked."""
    defaults = settings.known(request.defaults)
    unknown = settings.unknown(classfile.read(request.class_file, request.class_file.name), defaults)
    wanted, broken = content.read(request.settings, defaults, request.class_file.parent, request.cloud == "aws", now)
    return wanted, unknown, broken


def remember(request: Request, checked: Checked) -> None:
    """Keep where the lab is, so that a changed lab_region is noticed at the next up; and what things cost there."""
    if request.lab_folder:
        folder = LabFolder(request.lab_folder)
        folder.write(folder.region, f"{checked.plan['region']}\n")
        if checked.prices:
            folder.write(folder.prices, checked.prices.as_json())


def _last_region(lab_folder: Path | None) -> str:
    file = LabFolder(lab_folder).region if lab_folder else None
    return file.read_text("utf-8").strip() if file and file.is_file() else ""


def deadline(wanted: Class, asked: Survey, now: datetime) -> datetime:
    """The one that is written, else that of the living seats, else so many hours from now."""
    if wanted.ends_at:
        return wanted.ends_at
    before = asked.found.living.ends_at
    return before if before and before > now else now + timedelta(hours=wanted.hours)


def whole_cost(wanted: Class, asked: Survey, ends_at: datetime, now: datetime, prune: bool) -> float | None:
    """From the launch of each seat to the end of the lab, those included that are still to be launched."""
    names = {student.name for student in wanted.students}
    living = asked.found.living
    staying = [seat for seat in living.seats if seat.student in names or not prune]
    new = len(names - living.students)
    spans = [(seat.instance_type, seat.launched or now) for seat in staying] + [(wanted.instance_type, now)] * new
    return money.add(
        *(money.cost_of(wanted.region, type_, wanted.volume_size, since, ends_at) for type_, since in spans)
    )


def _plan(wanted: Class, asked: Survey, ends_at: datetime, hourly: float | None, total: float | None) -> dict[str, Any]:
    found = asked.found
    # What all seats share ends when the last of them does, and not when a builder does.
    lab_ends_at = ends_at if wanted.students != [Student(BUILDER)] else found.living.ends_at or ends_at
    tags = {"Lab": wanted.name, **wanted.tags, "EndsAt": clock.written(lab_ends_at), "ManagedBy": MANAGED_BY}
    return {
        "name": wanted.name,
        "region": wanted.region,
        "account": asked.account,
        "vpc_id": found.living.vpc_id or found.network.vpc_id,
        "tags": {key: value for key, value in tags.items() if value},
        "ends_at": clock.written(ends_at),
        "ssh_cidrs": asked.ssh_cidrs,
        "web": wanted.web,
        "key_type": wanted.key_type,
        "image_id": found.image_id,
        "image_name": found.image_name,
        "root_device": found.root_device,
        "ubuntu": ubuntu_of(found.image_name) or wanted.ubuntu,
        "instance_type": wanted.instance_type,
        "volume_size": wanted.volume_size,
        "spot": wanted.spot,
        "placements": found.network.placements,
        "user_data": wanted.user_data,
        "seats": [
            {
                "student": student.name,
                "name": f"{wanted.name}-{student.name}",
                "email": student.email,
                "ssh_key": student.ssh_key,
            }
            for student in wanted.students
        ],
        "leaving": words.leaving(wanted, asked),
        "new": [student.name for student in wanted.students if student.name not in found.living.students],
        "hourly": None if hourly is None else round(hourly, 6),
        "total": None if total is None else round(total, 4),
    }
