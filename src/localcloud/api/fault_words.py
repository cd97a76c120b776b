"""The little language of `localcloud fault add`: words of the form key=value in any order, read into a rule."""

import re
import shlex
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Any, NoReturn

from localcloud.api import fault_values as values
from localcloud.api.call import service_model
from localcloud.api.fault_rules import ApiRule, CapacityRule, Condition, HostRule, Rule, When, segments
from localcloud.errors import UsageError

WHEN_FORM = "[next=N | every=N | percent=P | rate=PER_SECOND [burst=N]]"
API_FORM = (
    "SERVICE.ACTION [Parameter.Path=VALUE ...] [region=REGION] "
    f"error=CODE [message=TEXT] [status=HTTP] | delay=SECONDS | drop=answer | hide=SECONDS {WHEN_FORM}"
)
CAPACITY_FORM = "capacity [zone=ZONE] [type=TYPE] left=K"
HOST_FORM = (
    "host never-boots | no-ssh | slow-boot seconds=S | apt-lock seconds=S | other-key "
    f"[Name=NAME | tag:KEY=VALUE] [type=TYPE] [zone=ZONE] {WHEN_FORM}"
)
FORMS = f"The forms are: {API_FORM}; {CAPACITY_FORM}; {HOST_FORM}."

WHEN = ("next", "every", "percent", "rate")
API = ("region", "error", "message", "status", "delay", "drop", "hide", *WHEN, "burst")
CAPACITY = ("zone", "type", "left")
HOST = ("seconds", "type", "zone", *WHEN, "burst")
TROUBLES = ("never-boots", "no-ssh", "slow-boot", "apt-lock", "other-key")
LASTING = ("slow-boot", "apt-lock")
LAUNCH = ("ec2", "RunInstances")


def parse(spec: str | Sequence[str], check: bool = True) -> Rule:
    """Read a fault; UsageError names the word that is off. `check` asks AWS's models whether the names exist."""
    words = _split(spec)
    bare = [word for word in words if "=" not in word]
    pairs = [(key, value) for key, _, value in (word.partition("=") for word in words if "=" in word)]
    if "host" in bare:
        return _host(bare, pairs)
    if "capacity" in bare:
        return _capacity(bare, pairs)
    for word in bare:
        if "." not in word and word != "*":
            known = ("host", "capacity", *(f"host {trouble}" for trouble in TROUBLES))
            _off(f"{word!r} is neither SERVICE.ACTION nor capacity nor host{_nearest(word, known)}")
    if len(bare) != 1:
        _off(f"{shlex.join(words)!r} names {len(bare)} actions; a fault has one SERVICE.ACTION, or capacity, or host.")
    return _api(bare[0], pairs, check)


def _split(spec: str | Sequence[str]) -> list[str]:
    if not isinstance(spec, str):
        words = list(spec)
    else:
        try:
            words = shlex.split(spec)
        except ValueError as error:
            raise UsageError(f"The fault {spec!r} cannot be read: {error}. {FORMS}") from error
    if not words:
        _off("A fault needs words.")
    return words


def _api(target: str, pairs: list[tuple[str, str]], check: bool) -> ApiRule:
    service, dot, action = target.partition(".")
    if target == "*":
        service, action = "*", "*"
    elif not (dot and service and action):
        _off(f"{target!r} is no SERVICE.ACTION; all actions of a service are ec2.*, all of all services are *.")
    conditions = tuple(Condition(path=key, glob=value) for key, value in pairs if _is_parameter(key))
    options = _Options([pair for pair in pairs if not _is_parameter(pair[0])], API, f"The form is: {API_FORM}.")
    rule = ApiRule(
        service=service,
        action=action,
        region=options.get("region", values.glob, "*"),
        conditions=conditions,
        error=options.get("error", values.code, ""),
        message=options.get("message", str, ""),
        status=options.get("status", values.http_error, None),
        delay=options.get("delay", values.seconds, 0.0),
        drop=options.get("drop", values.answer, False),
        hide=options.get("hide", values.seconds, 0.0),
        when=_when(options),
    )
    if not (rule.error or rule.delay or rule.drop or rule.hide):
        options.off(f"This fault on {target} does nothing: say error=, delay=, drop= or hide=.")
    if rule.error and (rule.drop or rule.hide):
        options.off("A call that is refused with error= has no answer to drop= and no instances to hide=.")
    if (rule.message or rule.status) and not rule.error:
        options.off("message= and status= need error=CODE beside them.")
    if rule.hide and not (fnmatchcase(LAUNCH[0], service) and fnmatchcase(LAUNCH[1], action)):
        options.off(f"hide= hides new instances, so it belongs to {'.'.join(LAUNCH)}, not to {target}.")
    if check:
        _check_names(rule)
    return rule


def _capacity(bare: list[str], pairs: list[tuple[str, str]]) -> CapacityRule:
    options = _Options(pairs, CAPACITY, f"The form is: {CAPACITY_FORM}.")
    if bare != ["capacity"]:
        options.off(f"{next(word for word in [*bare, ''] if word != 'capacity')!r} has no place beside capacity.")
    left = options.get("left", values.amount, -1)
    if left < 0:
        options.off("capacity needs left=K, the number of instances that can still be had.")
    return CapacityRule(
        left=left, zone=options.get("zone", values.glob, "*"), type=options.get("type", values.glob, "*")
    )


def _host(bare: list[str], pairs: list[tuple[str, str]]) -> HostRule:
    tags = tuple((key.removeprefix("tag:"), value) for key, value in pairs if _is_tag(key))
    options = _Options([pair for pair in pairs if not _is_tag(pair[0])], HOST, f"The form is: {HOST_FORM}.")
    troubles = [word for word in bare if word != "host"]
    for word in troubles:
        if word not in TROUBLES:
            options.off(f"{word!r} is no trouble of a host{_nearest(word, TROUBLES)}")
    if len(troubles) != 1:
        options.off("A host fault names one trouble.")
    seconds = options.get("seconds", values.seconds, 0.0)
    if troubles[0] in LASTING and not seconds:
        options.off(f"{troubles[0]} needs seconds=S.")
    if troubles[0] not in LASTING and seconds:
        options.off(f"{troubles[0]} does not end, so it takes no seconds=.")
    return HostRule(
        trouble=troubles[0],
        seconds=seconds,
        tags=tags,
        type=options.get("type", values.glob, "*"),
        zone=options.get("zone", values.glob, "*"),
        when=_when(options),
    )


def _is_parameter(key: str) -> bool:
    """AWS's parameters start with a capital or are paths; our own words are neither."""
    return key[:1].isupper() or any(mark in key for mark in ".[*")


def _is_tag(key: str) -> bool:
    return key.startswith("tag:") or key[:1].isupper()


class _Options:
    """The key=value words of one fault, each of them known and given once."""

    def __init__(self, pairs: list[tuple[str, str]], known: Sequence[str], form: str) -> None:
        self.form = form
        self.values: dict[str, str] = {}
        for key, value in pairs:
            if key not in known:
                self.off(f"'{key}={value}': there is no {key!r} here{_nearest(key, known)}")
            if key in self.values:
                self.off(f"{key}= is given twice.")
            self.values[key] = value

    def get(self, key: str, read: Callable[[str], Any], default: Any) -> Any:
        if key not in self.values:
            return default
        try:
            return read(self.values[key])
        except ValueError as error:
            self.off(f"'{key}={self.values[key]}': {error}.")

    def off(self, what: str) -> NoReturn:
        raise UsageError(f"{what} {self.form}")


def _when(options: _Options) -> When:
    given = [key for key in WHEN if key in options.values]
    if len(given) > 1:
        options.off(f"Only one of {', '.join(f'{key}=' for key in WHEN)} can be given, not {' and '.join(given)}.")
    if "burst" in options.values and "rate" not in options.values:
        options.off("burst= needs rate= beside it.")
    return When(
        next=options.get("next", values.count, None),
        every=options.get("every", values.count, None),
        percent=options.get("percent", values.percent, None),
        rate=options.get("rate", values.rate, None),
        burst=options.get("burst", values.count, None),
    )


def _check_names(rule: ApiRule) -> None:
    """A misspelt name would be a fault that never acts, and a rehearsal that proves nothing."""
    if re.search(r"[*?\[]", rule.service):
        return
    model = service_model(rule.service)
    if model is None:
        _off(f"AWS has no service {rule.service!r}{_nearest(rule.service, ('ec2', 's3', 'iam', 'sts', 'ssm'))}")
    actions = [name for name in model.operation_names if fnmatchcase(name, rule.action)]
    if not actions:
        _off(f"{rule.service} has no action {rule.action!r}{_nearest(rule.action, model.operation_names)}")
    for condition in rule.conditions:
        misses = [_miss(model.operation_model(name).input_shape, segments(condition.path)) for name in actions]
        if all(misses):
            _off(f"'{condition.path}={condition.glob}': {rule.service}.{rule.action} has no {misses[0]}")


def _miss(shape: Any, steps: list[str]) -> str:
    """What a request's shape lacks of a path, with the nearest that it has; "" where the path is there."""
    if shape is None:
        return "parameters."
    if shape.type_name == "list":
        return _miss(shape.member, steps[1:] if steps and (steps[0] == "*" or steps[0].isdigit()) else steps)
    if shape.type_name == "map" and steps:
        return _miss(shape.value, steps[1:])
    if shape.type_name == "structure" and steps:
        members = [name for name in shape.members if fnmatchcase(name, steps[0])]
        if not members:
            return f"parameter {steps[0]!r}{_nearest(steps[0], list(shape.members))}"
        misses = [_miss(shape.members[name], steps[1:]) for name in members]
        return min(misses, key=len)
    if steps:
        return f"parameter {steps[0]!r} there."
    return "single value there, the path ends too early." if shape.type_name in ("structure", "map") else ""


def _nearest(word: str, known: Sequence[str]) -> str:
    lowered = {name.lower(): name for name in known}
    near = get_close_matches(word.lower(), lowered, 1, 0.5)
    return f"; did you mean {lowered[near[0]]!r}?" if near else "."


def _off(what: str) -> NoReturn:
    raise UsageError(f"{what} {FORMS}")
