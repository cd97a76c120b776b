"""SimulatePrincipalPolicy and SimulateCustomPolicy: what would these policies allow?

Identity policies and a permissions boundary are evaluated: actions and resources with wildcards, Allow and Deny, and
the condition operators below for keys that the caller gives a value. A statement whose condition cannot be judged, for
want of a value or of its operator here, does not count, and its keys are told as MissingContextValues.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.core.responses import ActionResult
from moto.iam.exceptions import NoSuchEntity, ValidationError
from moto.iam.models import IAMBackend
from moto.iam.responses import IamResponse

from localcloud.mends.mend import mend

NEGATIONS = {"StringNotEquals": "StringEquals", "StringNotLike": "StringLike", "ArnNotEquals": "ArnLike"}
EXACT = ("StringEquals", "Bool")
WITH_WILDCARDS = ("StringLike", "ArnLike", "ArnEquals")


@dataclass(frozen=True)
class Source:
    """One policy: its document, and how the answer names it."""

    name: str
    kind: str
    document: str


@dataclass
class Verdict:
    allowed: list[Source] = field(default_factory=list)
    denied: list[Source] = field(default_factory=list)
    missing: set[str] = field(default_factory=set)

    @property
    def decision(self) -> str:
        return "explicitDeny" if self.denied else "allowed" if self.allowed else "implicitDeny"


def policies_of(backend: IAMBackend, arn: str) -> tuple[list[Source], list[Source]]:
    """The policies that a user, group or role acts under, and its permissions boundary."""
    for kind, holders in (
        ("user", backend.users.values()),
        ("role", backend.roles.values()),
        ("group", backend.groups.values()),
    ):
        for holder in holders:
            if holder.arn == arn:
                found = list(_held(kind, holder))
                if kind == "user":
                    groups = [group for group in backend.groups.values() if holder in group.users]
                    found += [source for group in groups for source in _held("group", group)]
                boundary = getattr(holder, "permissions_boundary_arn", None)
                return found, [_managed(backend.get_policy(boundary))] if boundary else []
    raise NoSuchEntity(f"The principal {arn} cannot be found.")


def _held(kind: str, holder: Any) -> Iterator[Source]:
    for name, document in holder.policies.items():
        yield Source(f"{kind}_{holder.name}_{name}", kind, document)
    for policy in holder.managed_policies.values():
        yield _managed(policy)


def _managed(policy: Any) -> Source:
    kind = "aws-managed" if ":iam::aws:" in policy.arn else "user-managed"
    document = next(version.document for version in policy.versions if version.is_default)
    return Source(policy.name, kind, document)


def judge(sources: list[Source], action: str, resource: str, context: dict[str, list[str]]) -> Verdict:
    verdict = Verdict()
    for source in sources:
        for statement in _listed(json.loads(source.document)["Statement"]):
            if not _concerns(statement, action, resource):
                continue
            holds, missing = _conditions(statement.get("Condition", {}), context)
            verdict.missing |= missing
            if holds:
                (verdict.allowed if statement["Effect"] == "Allow" else verdict.denied).append(source)
    return verdict


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _concerns(statement: dict[str, Any], action: str, resource: str) -> bool:
    def matches(element: str, value: str, flags: int) -> bool:
        if element in statement:
            return _any_like(statement[element], value, flags)
        return f"Not{element}" not in statement or not _any_like(statement[f"Not{element}"], value, flags)

    return matches("Action", action, re.IGNORECASE) and matches("Resource", resource, 0)


def _any_like(patterns: Any, value: str, flags: int = 0) -> bool:
    meaning = {"*": ".*", "?": "."}
    return any(
        re.fullmatch("".join(meaning.get(sign, re.escape(sign)) for sign in str(pattern)), value, flags)
        for pattern in _listed(patterns)
    )


def _conditions(conditions: dict[str, dict[str, Any]], context: dict[str, list[str]]) -> tuple[bool, set[str]]:
    """Whether all hold, and the keys that could not be judged."""
    holds, missing = True, set()
    for written, entries in conditions.items():
        operator = written.removesuffix("IfExists")
        negated = operator in NEGATIONS
        operator = NEGATIONS.get(operator, operator)
        for key, expected in entries.items():
            actual = context.get(key.lower())
            if actual is None:
                missing.add(key)
                holds &= written.endswith("IfExists") or negated
            elif operator in EXACT or operator in WITH_WILDCARDS:
                fits = any(_fits(operator, expected, value) for value in actual)
                holds &= fits != negated
            else:
                missing.add(key)
                holds = False
    return holds, missing


def _fits(operator: str, expected: Any, actual: str) -> bool:
    if operator in WITH_WILDCARDS:
        return _any_like(expected, actual)
    fold = str.lower if operator == "Bool" else str
    return fold(actual) in [fold(str(value)) for value in _listed(expected)]


@mend(IamResponse)
def simulate_principal_policy(moto: Any, self: IamResponse) -> ActionResult:
    sources, boundary = policies_of(self.backend, self._get_param("PolicySourceArn"))
    return _simulate(self, sources, boundary)


@mend(IamResponse)
def simulate_custom_policy(moto: Any, self: IamResponse) -> ActionResult:
    return _simulate(self, [], [])


def _simulate(self: IamResponse, sources: list[Source], boundary: list[Source]) -> ActionResult:
    sources = sources + _given(self, "PolicyInputList")
    boundary = _given(self, "PermissionsBoundaryPolicyInputList") or boundary
    entries = self._get_param("ContextEntries", [])
    context = {entry["ContextKeyName"].lower(): entry.get("ContextKeyValues", []) for entry in entries}
    return ActionResult(
        {
            "EvaluationResults": [
                _evaluate(sources, boundary, action, resource, context)
                for action in self._get_param("ActionNames", [])
                for resource in self._get_param("ResourceArns", ["*"])
            ],
            "IsTruncated": False,
        }
    )


def _given(self: IamResponse, parameter: str) -> list[Source]:
    sources = []
    for number, document in enumerate(self._get_param(parameter, []), start=1):
        try:
            json.loads(document)["Statement"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValidationError(f"{parameter} {number} is not a policy document: {error!r}") from error
        sources.append(Source(f"{parameter}.{number}", "IAM Policy", document))
    return sources


def _evaluate(
    sources: list[Source], boundary: list[Source], action: str, resource: str, context: dict[str, list[str]]
) -> dict[str, Any]:
    verdict = judge(sources, action, resource, context)
    decision, missing = verdict.decision, verdict.missing
    result: dict[str, Any] = {"EvalActionName": action, "EvalResourceName": resource}
    if boundary:
        within = judge(boundary, action, resource, context)
        missing = missing | within.missing
        result["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within.decision == "allowed"}
        if decision == "allowed":
            decision = within.decision
    return result | {
        "EvalDecision": decision,
        "MatchedStatements": [
            {"SourcePolicyId": source.name, "SourcePolicyType": source.kind}
            for source in verdict.denied or verdict.allowed
        ],
        "MissingContextValues": sorted(missing),
    }


@mend(IamResponse)
def get_context_keys_for_principal_policy(moto: Any, self: IamResponse) -> ActionResult:
    sources, boundary = policies_of(self.backend, self._get_param("PolicySourceArn"))
    return _context_keys(sources + boundary + _given(self, "PolicyInputList"))


@mend(IamResponse)
def get_context_keys_for_custom_policy(moto: Any, self: IamResponse) -> ActionResult:
    return _context_keys(_given(self, "PolicyInputList"))


def _context_keys(sources: list[Source]) -> ActionResult:
    keys = {
        key
        for source in sources
        for statement in _listed(json.loads(source.document)["Statement"])
        for entries in statement.get("Condition", {}).values()
        for key in entries
    }
    return ActionResult({"ContextKeyNames": sorted(keys)})
