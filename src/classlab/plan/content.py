"""From a class's settings to a Class: everything that can be said of them without asking the cloud."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from classlab import clock, settings
from classlab.names import did_you_mean, lab_name_problem
from classlab.plan import addresses, files, tags
from classlab.roster import Student, students

# The largest gp3 volume, in GiB; and the least that Ubuntu's image with a venv fits into.
VOLUME = range(8, 16385)
LONGEST = timedelta(days=30)
KEY_TYPES = ("ed25519", "rsa")
UBUNTUS = ("24.04", "22.04")
# Their kind is told by whoever reads them, in better words.
_OWN_WORDS = {"lab_name", "lab_students", "lab_roster"}


@dataclass(frozen=True)
class Class:
    """What a class file asks for. What was broken in it is empty here, and is then not asked of the cloud."""

    name: str
    region: str
    instance_type: str
    students: list[Student]
    tags: dict[str, str]
    hours: float
    ends_at: datetime | None
    budget: float
    ssh_cidrs: list[str]
    ask_address: str  # the URL that tells the caller's address; empty when it need not be asked
    web: bool
    key_type: str
    ubuntu: str
    volume_size: int
    spot: bool
    zones: list[str]
    subnet_ids: list[str]
    user_data: str


@dataclass
class Settings:
    """The values as given, or the default where one is missing or of the wrong kind; and what was wrong so far."""

    given: Mapping[str, Any]
    defaults: Mapping[str, Any]
    problems: list[str] = field(default_factory=list)
    wrong: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        kinds = settings.of_wrong_kind(self.given, self.defaults)
        for name, problem in kinds.items():
            if name not in _OWN_WORDS:
                self.refuse(name, problem)
        for name, default in self.defaults.items():
            # Such a default is worked out by Ansible, and only where the class file does not have the setting.
            if name in self.given and self.given[name] is None and "{{" in str(default):
                self.refuse(name, f"{name} is empty: give it a value, or remove the line.")

    def __getitem__(self, name: str) -> Any:
        value = self.given.get(name)
        return self.defaults.get(name) if value is None or name in self.wrong else value

    def refuse(self, name: str, problem: str) -> None:
        self.wrong.add(name)
        self.problems.append(problem)

    def check(self, name: str, problem: Callable[[Any], str]) -> Any:
        """The value; or its empty form, after the problem was noted."""
        value = self[name]
        if name not in self.wrong and (sentence := problem(value)):
            self.refuse(name, sentence)
        return type(value)() if name in self.wrong else value


def read(
    given: Mapping[str, Any], defaults: Mapping[str, Any], folder: Path, on_aws: bool, now: datetime
) -> tuple[Class, list[str]]:
    """`folder` is the class file's: paths in it are relative to that."""
    values = Settings(given, defaults)
    name = values.check("lab_name", lab_name_problem) if isinstance(values["lab_name"], str) else ""
    if not isinstance(values["lab_name"], str):
        values.problems.append(lab_name_problem(values["lab_name"]))
    seats, roster_problems = students(dict(given), folder)
    values.problems += roster_problems
    values.check("lab_cloud", _one_of("lab_cloud", ("localcloud", "aws")))
    region = values.check("lab_region", _region_problem)
    values.check("lab_spares", _spares_problem)
    labels, tag_problems = tags.read(values["lab_tags"], on_aws)
    values.problems += tag_problems
    hours = values.check("lab_hours", _hours_problem)
    ends_at = _deadline(values, now)
    budget = values.check("lab_budget", _budget_problem)
    cidrs, cidr_problems = addresses.cidrs(values["lab_ssh_cidrs"])
    values.problems += cidr_problems
    values.check("lab_python", _python_problem)
    values.check("lab_packages", _texts("lab_packages", r"[a-z0-9][a-z0-9+.-]+", "tmux"))
    user_data = files.check(values, folder)
    if values["lab_zones"] and values["lab_subnet_ids"]:
        values.problems.append(
            "Both lab_zones and lab_subnet_ids are given, and a subnet already lies in one zone: keep one of the two."
        )
    return (
        Class(
            name=name,
            region=region,
            instance_type=values.check("lab_instance_type", _type_problem),
            students=seats,
            tags=labels,
            hours=float(hours),
            ends_at=ends_at,
            budget=float(budget),
            ssh_cidrs=cidrs,
            ask_address="" if given.get("lab_ssh_cidrs") else values.check("lab_checkip_url", lambda _: ""),
            web=bool(values["lab_web"]),
            key_type=values.check("lab_key_type", _one_of("lab_key_type", KEY_TYPES)),
            ubuntu=values.check("lab_ubuntu", _one_of("lab_ubuntu", UBUNTUS)),
            volume_size=values.check("lab_volume_size", _volume_problem),
            spot=bool(values["lab_spot"]),
            zones=values.check("lab_zones", _texts("lab_zones", r"[a-z0-9-]+", "us-east-1a")),
            subnet_ids=values.check("lab_subnet_ids", _texts("lab_subnet_ids", r"subnet-[0-9a-f]+", "subnet-0a1b2c3d")),
            user_data=user_data,
        ),
        values.problems,
    )


def _deadline(values: Settings, now: datetime) -> datetime | None:
    text = str(values["lab_ends_at"]).strip()
    if not text:
        return None
    try:
        ends_at = clock.read(text)
    except ValueError as error:
        values.refuse("lab_ends_at", f"lab_ends_at '{text}' {error}")
        return None
    if ends_at <= now:
        values.refuse(
            "lab_ends_at",
            f"lab_ends_at '{text}' is in the past (it is {clock.told(now)}): give a later time, or leave it empty "
            "so that lab_hours counts.",
        )
    elif ends_at - now > LONGEST:
        values.refuse(
            "lab_ends_at",
            f"lab_ends_at '{text}' is {clock.in_words(ends_at - now)} away; a lab lives {LONGEST.days} days at most: "
            "give an earlier time, and extend it with make extend while it is needed.",
        )
    return ends_at


def _hours_problem(hours: float) -> str:
    longest = LONGEST.days * 24
    if hours <= 0:
        return f"lab_hours is {hours}: a lab must live for more than 0 hours, for example lab_hours: 8."
    if not hours <= longest:
        return (
            f"lab_hours is {hours}; a lab lives {longest} hours ({LONGEST.days} days) at most: give fewer, and extend "
            "it with make extend while it is needed."
        )
    return ""


def _budget_problem(budget: float) -> str:
    return "" if budget >= 0 else f"lab_budget is {budget}: give US dollars, or 0 for no limit."


def _spares_problem(spares: float) -> str:
    if spares == int(spares) and spares >= 0:
        return ""
    return f"lab_spares is {spares}: give how many seats are to be kept ready, for example lab_spares: 2; or 0."


def _volume_problem(size: float) -> str:
    if size != int(size):
        return f"lab_volume_size is {size}: give whole GiB, for example lab_volume_size: 20."
    if int(size) not in VOLUME:
        return f"lab_volume_size is {size}: give GiB from {VOLUME.start} to {VOLUME.stop - 1}, for example 20."
    return ""


def _python_problem(version: str) -> str:
    if re.fullmatch(r"3\.\d{1,2}", version):
        return ""
    if found := re.search(r"3\.\d{1,2}", version):
        return (
            f"lab_python is '{version}', but the PPA's packages are named by the first two numbers, and kept at the "
            f'newest of the rest: write lab_python: "{found.group()}".'
        )
    return f"lab_python is '{version}': give a version of Python 3, for example lab_python: \"3.11\"."


def _one_of(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def problem(value: str) -> str:
        if value in choices:
            return ""
        return f"{name} is '{value}': it may be {' or '.join(choices)}.{did_you_mean(value, choices)}"

    return problem


def _texts(name: str, pattern: str, example: str) -> Callable[[list[Any]], str]:
    def problem(values: list[Any]) -> str:
        for value in values:
            if not isinstance(value, str) or not re.fullmatch(pattern, value):
                return f"{name} has {settings.shown(value)}: each entry is a text as in {example}."
        return ""

    return problem


def _region_problem(region: str) -> str:
    if re.fullmatch(r"[a-z0-9-]+", region):
        return ""
    return f"lab_region is '{region}': AWS writes a region in small letters and digits, for example us-east-1."


def _type_problem(instance_type: str) -> str:
    if re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+", instance_type):
        return ""
    return f"lab_instance_type is '{instance_type}': AWS writes a type as family and size, for example t3.micro."
