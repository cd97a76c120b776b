"""The variables given to make (`make up CLASS=cs101 STUDENT=ada`): read them, and refuse what means nothing."""

import ipaddress
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from classlab.command.clouds import known
from classlab.errors import UsageError
from classlab.names import did_you_mean

# Every verb takes these; one that is not about a class takes no CLASS.
ALWAYS = ("CLASS", "CLOUD", "VERBOSE", "FORMAT")
FORMATS = ("text", "json")
# These are for the Makefile itself.
MAKES_OWN = ("PYTHON", "SYSTEM_PACKAGES", "VENV", "BIN", "SHELL", "MAKEFLAGS")
EXAMPLES = {"CLOUD": "aws", "HOURS": "2", "STUDENT": "ada", "TYPE": "t3.large"}


@dataclass(frozen=True)
class Wishes:
    """What the teacher has said on the command line."""

    class_name: str = "demo"
    cloud: str = ""
    verbose: bool = False
    form: str = ""
    yes: bool = False
    prune: bool = False
    force: bool = False
    keep_image: bool = False
    students: list[str] = field(default_factory=list)
    hours: float = 0
    cidrs: list[str] = field(default_factory=list)
    command: str = ""
    type: str = ""
    ssh: bool = True

    @property
    def as_json(self) -> bool:
        return self.form == "json"

    def controls(self) -> dict[str, Any]:
        """The part of it that the playbooks need to know."""
        return {
            "lab_yes": self.yes,
            "lab_prune": self.prune,
            "lab_force": self.force,
            "lab_keep_image": self.keep_image,
            "lab_only": self.students,
            "lab_extend_hours": self.hours,
            "lab_allow_cidrs": self.cidrs,
            "lab_command": self.command,
            "lab_type": self.type,
        }


def wishes(
    verb: str,
    takes: Iterable[str],
    needs: Iterable[str],
    environment: Mapping[str, str],
    always: Iterable[str] = ALWAYS,
    formats: Sequence[str] = FORMATS,
) -> Wishes:
    """A variable that this verb does not take counts as an error only when it stands on the command line of make."""
    taken = tuple(dict.fromkeys((*always, *needs, *takes)))
    for name in environment.get("MAKE_GIVEN", "").split():
        if name not in taken and name not in MAKES_OWN:
            raise UsageError(f"make {verb} takes no {name}: it takes {', '.join(taken)}.{did_you_mean(name, taken)}")
    told = {name: environment[name].strip() for name in taken if name in environment}
    for name in needs:
        if not told.get(name):
            raise UsageError(f"make {verb} needs {name}: for example, make {verb} {name}={EXAMPLES[name]}.")
    return Wishes(
        class_name=told.get("CLASS") or "demo",
        cloud=known(told.get("CLOUD", ""), "CLOUD="),
        verbose=_yes("VERBOSE", told),
        form=told_format(told.get("FORMAT", ""), formats),
        yes=_yes("YES", told),
        prune=_yes("PRUNE", told),
        force=_yes("FORCE", told),
        keep_image=_yes("KEEP_IMAGE", told),
        students=list(dict.fromkeys(re.findall(r"[^\s,]+", told.get("STUDENT", "")))),
        hours=_hours(told.get("HOURS", "")),
        cidrs=[_cidr(each) for each in re.findall(r"[^\s,]+", told.get("CIDR", ""))],
        command=told.get("CMD", "") or told.get("SCRIPT", ""),
        type=_type(told.get("TYPE", "")),
        ssh=_yes("SSH", told, default=True),
    )


def told_format(value: str, formats: Sequence[str]) -> str:
    if value and value not in formats:
        *others, last = formats
        raise UsageError(f"FORMAT={value} is none: it is {', '.join(others)} or {last}.{did_you_mean(value, formats)}")
    return value


def _yes(name: str, told: Mapping[str, str], *, default: bool = False) -> bool:
    value = told.get(name, "").lower()
    if not value:
        return default
    if value in ("yes", "true", "1"):
        return True
    if value in ("no", "false", "0"):
        return False
    word = "no" if default else "yes"
    raise UsageError(f"{name}={told[name]} is neither yes nor no: write {name}={word}, or leave it away.")


def _hours(value: str) -> float:
    if not value:
        return 0
    try:
        hours = float(value)
    except ValueError:
        hours = 0
    if not 0 < hours < math.inf:
        raise UsageError(f"HOURS={value} is no number of hours: write, for example, HOURS=2.")
    return hours


def _type(value: str) -> str:
    if value and not re.fullmatch(r"[a-z0-9-]+\.[a-z0-9-]+", value):
        raise UsageError(f"TYPE={value} is no type: AWS writes family and size, for example TYPE=t3.large.")
    return value


def _cidr(value: str) -> str:
    try:
        return str(ipaddress.IPv4Network(value))
    except ValueError:
        pass
    try:
        proposed = f"write CIDR={ipaddress.IPv4Network(value, strict=False)}"
    except ValueError:
        proposed = "write, for example, CIDR=203.0.113.7/32"
    raise UsageError(f"CIDR={value} is no range of IPv4 addresses: {proposed}.")
