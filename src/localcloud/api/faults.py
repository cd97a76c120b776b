"""The faults that were ordered, how often each has acted, and which act on this call or this host."""

import json
import random
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from localcloud.api.call import ApiCall
from localcloud.api.fault_rules import ApiRule, CapacityRule, HostRule, Rule, When, as_text
from localcloud.api.fault_words import parse
from localcloud.errors import UsageError


@dataclass(frozen=True)
class Fault:
    """One ordered fault: `seen` counts the calls (hosts, instances) that it matched, `used` those that it acted on."""

    id: int
    rule: Rule
    seen: int = 0
    used: int = 0

    def __str__(self) -> str:
        return as_text(self.rule)

    @property
    def kind(self) -> str:
        return {ApiRule: "api", CapacityRule: "capacity", HostRule: "host"}[type(self.rule)]

    @property
    def error(self) -> str:
        return self.rule.error if isinstance(self.rule, ApiRule) else ""

    @property
    def message(self) -> str:
        return self.rule.message if isinstance(self.rule, ApiRule) else ""

    @property
    def status(self) -> int | None:
        return self.rule.status if isinstance(self.rule, ApiRule) else None

    @property
    def delay(self) -> float:
        return self.rule.delay if isinstance(self.rule, ApiRule) else 0

    @property
    def drop(self) -> bool:
        return isinstance(self.rule, ApiRule) and self.rule.drop

    @property
    def hide(self) -> float:
        return self.rule.hide if isinstance(self.rule, ApiRule) else 0

    @property
    def trouble(self) -> str:
        return self.rule.trouble if isinstance(self.rule, HostRule) else ""

    @property
    def seconds(self) -> float:
        return self.rule.seconds if isinstance(self.rule, HostRule) else 0

    @property
    def left(self) -> int | None:
        """How many instances can still be had, or how many calls `next=` still acts on; None: no end to it."""
        if isinstance(self.rule, CapacityRule):
            return self.rule.left
        return None if self.rule.when.next is None else max(0, self.rule.when.next - self.seen)

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "fault": str(self), "kind": self.kind, "seen": self.seen, "used": self.used} | (
            {} if self.left is None else {"left": self.left}
        )


# Inside the class `list` is its method.
Found = list[Fault]
Short = list[tuple[Fault, CapacityRule]]


class Faults:
    """All faults of one localcloud. Threads may use it at once. With the same seed, faults and calls come the same
    decisions, also when the server was restarted in between."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = secrets.randbelow(2**32) if seed is None else seed
        self.changes = 0  # counts up with every change, so that a keeper knows when to_json has something new
        self._faults: dict[int, Fault] = {}
        self._tokens: dict[int, tuple[float, float]] = {}  # those left of a fault with rate=, and when that was
        self._last_id = 0
        self._lock = threading.Lock()

    def add(self, spec: str | Sequence[str]) -> Fault:
        rule = parse(spec)
        with self._lock:
            self._last_id += 1
            return self._put(Fault(self._last_id, rule))

    def list(self) -> Found:
        with self._lock:
            return [*self._faults.values()]

    def clear(self, number: int | str | None = None) -> int:
        """Forget one fault, or all; returns how many that were."""
        with self._lock:
            self.changes += 1
            if number is None:
                cleared = len(self._faults)
                self._faults.clear()
                return cleared
            if str(number).isdigit() and int(number) in self._faults:
                del self._faults[int(number)]
                return 1
            there = ", ".join(map(str, self._faults)) or "none"
        raise UsageError(f"There is no fault {number!r}; there are: {there}. `localcloud fault list` shows them.")

    def for_call(self, call: ApiCall) -> Found:
        """The faults that act on this call now; each counts as used."""
        if call.model is None:
            return []  # moto's own pages and what AWS does not have
        acting: Found = []
        with self._lock:
            # Who refuses comes first: a refused call is not carried out, so it has nothing to drop or to hide, and
            # a second refusal keeps its turn for the next call.
            for fault in sorted(self._faults.values(), key=lambda fault: not fault.error):
                refused = any(each.error for each in acting)
                idle = refused and (fault.error or fault.drop or fault.hide)
                if isinstance(fault.rule, ApiRule) and not idle and fault.rule.matches(call):
                    acting += self._act(fault, fault.rule.when)
        return acting

    def for_host(self, tags: dict[str, str], instance_type: str, zone: str) -> Found:
        """The troubles of a host that is launched now; each counts as used."""
        acting: Found = []
        with self._lock:
            for fault in [*self._faults.values()]:
                if isinstance(fault.rule, HostRule) and fault.rule.matches(tags, instance_type, zone):
                    acting += self._act(fault, fault.rule.when)
        return acting

    def room(self, zone: str, instance_type: str, wanted: int) -> int:
        """How many of `wanted` instances could be had; nothing is taken."""
        with self._lock:
            return min([wanted, *(rule.left for _, rule in self._short(zone, instance_type))])

    def capacity(self, zone: str, instance_type: str, wanted: int, least: int = 1) -> int:
        """Take as many of `wanted` instances as can be had; 0, and nothing taken, where not even `least` can."""
        with self._lock:
            short = self._short(zone, instance_type)
            possible = min([wanted, *(rule.left for _, rule in short)])
            taken = possible if possible >= least else 0
            for fault, rule in short:
                left = replace(rule, left=rule.left - taken)
                self._put(replace(fault, rule=left, seen=fault.seen + wanted, used=fault.used + wanted - taken))
        return taken

    def give_back(self, zone: str, instance_type: str, count: int) -> None:
        """Instances that were granted but not launched after all."""
        with self._lock:
            for fault, rule in self._short(zone, instance_type):
                self._put(replace(fault, rule=replace(rule, left=rule.left + count), seen=fault.seen - count))

    def to_json(self) -> str:
        with self._lock:
            faults = [
                {"id": fault.id, "words": fault.rule.words(), "seen": fault.seen, "used": fault.used}
                for fault in self._faults.values()
            ]
            return json.dumps({"seed": self.seed, "last_id": self._last_id, "faults": faults})

    @classmethod
    def from_json(cls, text: str) -> Self:
        stored = json.loads(text)
        faults = cls(stored["seed"])
        faults._last_id = stored["last_id"]
        for each in stored["faults"]:
            # Not checked against AWS's models again: another version of them must not keep the server from starting.
            rule = parse(each["words"], check=False)
            faults._faults[each["id"]] = Fault(each["id"], rule, each["seen"], each["used"])
        return faults

    def __reduce__(self) -> tuple[Callable[[str], Self], tuple[str]]:
        return self.from_json, (self.to_json(),)

    def _act(self, fault: Fault, when: When) -> Found:
        """Count a match, and the fault itself if its turn has come."""
        seen = fault.seen + 1
        # Drawn anew from the seed for each decision, so that there is no generator whose state could be lost.
        chance = random.Random(f"{self.seed}/{fault}/{seen}").random()  # noqa: S311 - a die, not a secret
        acts = when.acts(seen, chance) if when.rate is None else not self._spend(fault.id, when.rate, when.burst or 1)
        counted = self._put(replace(fault, seen=seen, used=fault.used + acts))
        return [counted] if acts else []

    def _spend(self, number: int, rate: float, burst: int) -> bool:
        now = time.monotonic()
        left, before = self._tokens.get(number, (burst, now))
        left = min(burst, left + (now - before) * rate)
        granted = left >= 1
        self._tokens[number] = (left - granted, now)
        return granted

    def _put(self, fault: Fault) -> Fault:
        self._faults[fault.id] = fault
        self.changes += 1
        return fault

    def _short(self, zone: str, instance_type: str) -> Short:
        return [
            (fault, fault.rule)
            for fault in self._faults.values()
            if isinstance(fault.rule, CapacityRule) and fault.rule.matches(zone, instance_type)
        ]
