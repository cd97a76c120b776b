"""The three kinds of fault as data: what they match, what they do, and the words that make the same fault again."""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from localcloud.api.call import ApiCall


@dataclass(frozen=True, kw_only=True)
class When:
    """Which of the matching calls, or hosts, a fault acts on; without words on all of them."""

    next: int | None = None
    every: int | None = None
    percent: float | None = None
    # As AWS throttles: calls spend tokens, of which so many come a second and at most `burst` are kept. It acts on
    # calls for which none is left.
    rate: float | None = None
    burst: int | None = None

    def acts(self, count: int, chance: float) -> bool:
        """`count` is this call's number among the matching ones, from 1; `chance` is drawn from 0 to 1 for it."""
        if self.next is not None:
            return count <= self.next
        if self.every is not None:
            return count % self.every == 0
        return self.percent is None or chance * 100 < self.percent

    def words(self) -> list[str]:
        return _pairs(next=self.next, every=self.every, percent=self.percent, rate=self.rate, burst=self.burst)


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A parameter of the call, by dotted path, whose value must match: TagSpecifications.*.Tags.*.Value=ada"""

    path: str
    glob: str

    def holds(self, parameters: dict[str, Any]) -> bool:
        return any(fnmatchcase(value, self.glob) for value in values_at(parameters, segments(self.path)))

    def words(self) -> list[str]:
        return [f"{self.path}={self.glob}"]


@dataclass(frozen=True, kw_only=True)
class ApiRule:
    """A call is refused, delayed, its answer dropped, or the instances that it makes hidden for a while."""

    service: str
    action: str
    region: str = "*"
    conditions: tuple[Condition, ...] = ()
    error: str = ""
    message: str = ""
    status: int | None = None
    delay: float = 0
    drop: bool = False
    hide: float = 0
    when: When = When()

    def matches(self, call: ApiCall) -> bool:
        # boto3's name of a service is as good as the one that its requests are signed for.
        served = any(fnmatchcase(name, self.service) for name in (call.service, call.model_name))
        return (
            served
            and fnmatchcase(call.action, self.action)
            and fnmatchcase(call.region, self.region)
            and all(condition.holds(call.parameters) for condition in self.conditions)
        )

    def words(self) -> list[str]:
        return [
            f"{self.service}.{self.action}",
            *_narrowed(region=self.region),
            *(word for condition in self.conditions for word in condition.words()),
            *_pairs(error=self.error, message=self.message, status=self.status, delay=self.delay or None),
            *_pairs(drop="answer" if self.drop else "", hide=self.hide or None),
            *self.when.words(),
        ]


@dataclass(frozen=True, kw_only=True)
class CapacityRule:
    """A zone, or a type, has room for only so many more instances."""

    left: int
    zone: str = "*"
    type: str = "*"

    def matches(self, zone: str, instance_type: str) -> bool:
        return fnmatchcase(zone, self.zone) and fnmatchcase(instance_type, self.type)

    def words(self) -> list[str]:
        return ["capacity", *_narrowed(zone=self.zone, type=self.type), *_pairs(left=self.left)]


@dataclass(frozen=True, kw_only=True)
class HostRule:
    """A host that is launched has this trouble; `seconds` says how long, where the trouble ends."""

    trouble: str
    seconds: float = 0
    tags: tuple[tuple[str, str], ...] = ()
    type: str = "*"
    zone: str = "*"
    when: When = When()

    def matches(self, tags: dict[str, str], instance_type: str, zone: str) -> bool:
        return (
            all(key in tags and fnmatchcase(tags[key], glob) for key, glob in self.tags)
            and fnmatchcase(instance_type, self.type)
            and fnmatchcase(zone, self.zone)
        )

    def words(self) -> list[str]:
        return [
            "host",
            self.trouble,
            *_pairs(seconds=self.seconds or None),
            *(f"{key if key == 'Name' else f'tag:{key}'}={glob}" for key, glob in self.tags),
            *_narrowed(type=self.type, zone=self.zone),
            *self.when.words(),
        ]


Rule = ApiRule | CapacityRule | HostRule


def as_text(rule: Rule) -> str:
    return shlex.join(rule.words())


def segments(path: str) -> list[str]:
    """The steps of a path; Tags[].Key, Tags[*].Key and Tags.*.Key are the same."""
    dotted = path.replace("[]", ".*").replace("[", ".").replace("]", "")
    return [step for step in dotted.split(".") if step]


def values_at(value: Any, steps: list[str]) -> Iterator[str]:
    """Every plain value at the end of a path, as text. A list that the path passes over stands for all its items."""
    if isinstance(value, list):
        picked = steps and (steps[0] == "*" or steps[0].isdigit())
        chosen = value[int(steps[0]) :][:1] if picked and steps[0].isdigit() else value
        for item in chosen:
            yield from values_at(item, steps[1:] if picked else steps)
    elif isinstance(value, dict):
        for key, item in value.items():
            if steps and fnmatchcase(key, steps[0]):
                yield from values_at(item, steps[1:])
    elif not steps:
        yield str(value).lower() if isinstance(value, bool) else str(value)


def _pairs(**options: str | int | float | None) -> list[str]:
    return [
        f"{key}={value:.10g}" if isinstance(value, float) else f"{key}={value}"
        for key, value in options.items()
        if value is not None and value != ""
    ]


def _narrowed(**globs: str) -> list[str]:
    return [f"{key}={glob}" for key, glob in globs.items() if glob != "*"]
