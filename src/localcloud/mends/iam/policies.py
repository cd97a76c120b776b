"""AWS's own managed policies: there from the start, the same after each start, and not part of the stored state."""

import hashlib
import json
from base64 import b32encode
from functools import cache
from typing import Any, cast

from moto.iam.aws_managed_policies import aws_managed_policies_data
from moto.iam.models import AWSManagedPolicy, IAMBackend

from localcloud.mends.mend import mend


@cache
def _published() -> dict[str, dict[str, Any]]:
    data: dict[str, dict[str, Any]] = json.loads(aws_managed_policies_data)
    return data


@cache
def _as_published(name: str) -> dict[str, Any]:
    """What is the same for every account. It is made once: for all 1,500 that takes a tenth of a second."""
    policy = AWSManagedPolicy.from_data(name, "aws", "aws", _published()[name])
    # AWS's ids never change, and what holds one must find it again tomorrow.
    policy.id = "ANPA" + b32encode(hashlib.sha256(name.encode()).digest()).decode()[:17]
    return vars(policy)


def _aws_policy(name: str, account_id: str, region: str) -> AWSManagedPolicy:
    policy = cast(AWSManagedPolicy, AWSManagedPolicy.__new__(AWSManagedPolicy))
    vars(policy).update(_as_published(name), account_id=account_id, partition=region, tags={})
    return policy


@mend(IAMBackend)
def _init_aws_policies(moto: Any, self: IAMBackend) -> list[AWSManagedPolicy]:
    """
    moto leaves them out unless asked; a role without AmazonSSMManagedInstanceCore to attach is no rehearsal. The other
    partitions (China, the governments) do without: nobody is there, but moto looks into each with the second call.
    """
    if self.region_name != "aws":
        return []
    return [_aws_policy(name, self.account_id, self.region_name) for name in _published()]


@mend(AWSManagedPolicy, "__reduce__")
def reduce(moto: Any, self: AWSManagedPolicy) -> tuple[Any, ...]:
    """Store which policy it is and how often it is attached, not its text."""
    return _aws_policy, (self.name, self.account_id, self.partition), {"attachment_count": self.attachment_count}


@mend(IAMBackend, "__getstate__")
def get_state(moto: Any, self: IAMBackend) -> dict[str, Any]:
    """Of AWS's 1,500 policies only those in use are worth storing."""
    used = {
        arn: policy
        for arn, policy in self.managed_policies.items()
        if policy.attachment_count or not isinstance(policy, AWSManagedPolicy)
    }
    return self.__dict__ | {"managed_policies": used, "aws_managed_policies": []}


@mend(IAMBackend, "__setstate__")
def set_state(moto: Any, self: IAMBackend, state: dict[str, Any]) -> None:
    self.__dict__.update(state)
    stored = self.managed_policies
    published = {policy.arn: stored.get(policy.arn, policy) for policy in self._init_aws_policies()}
    self.aws_managed_policies = list(published.values())
    self.managed_policies = published | stored


@mend(IAMBackend)
def get_account_authorization_details(moto: Any, self: IAMBackend, policy_filter: list[str]) -> dict[str, Any]:
    """Of AWS's policies it tells only those that the account uses."""
    details: dict[str, Any] = moto(self, policy_filter)
    details["managed_policies"] = [
        policy
        for policy in details["managed_policies"]
        if policy.attachment_count or not isinstance(policy, AWSManagedPolicy)
    ]
    return details
