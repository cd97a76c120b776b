"""Who calls: the throw-away credentials are the account's own, and a role must exist to be assumed."""

from typing import Any

from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError
from moto.sts.models import STSBackend
from moto.utilities.utils import get_partition

from localcloud.mends.mend import mend

# moto's answer for credentials that no user and no role has.
NOBODY = "AKIAIOSFODNN7EXAMPLE"


@mend(STSBackend)
def get_caller_identity(moto: Any, self: STSBackend, access_key_id: str, region: str) -> tuple[str, str, str]:
    user_id, arn, account = moto(self, access_key_id, region)
    if user_id == NOBODY:
        return account, f"arn:{get_partition(region)}:iam::{account}:root", account
    return user_id, arn, account


@mend(STSBackend)
def assume_role(
    moto: Any, self: STSBackend, region_name: str, role_session_name: str, role_arn: str, **rest: Any
) -> Any:
    """A role of another account is taken on trust, as moto does: that account may be nowhere but in a test."""
    own = f":iam::{self.account_id}:role/"
    if own in role_arn:
        roles = iam_backends[self.account_id][self.partition].roles.values()
        if role_arn not in {role.arn for role in roles}:
            raise STSClientError(
                "AccessDenied",
                f"User: arn:{self.partition}:iam::{self.account_id}:root is not authorized to perform: "
                f"sts:AssumeRole on resource: {role_arn}",
            )
    return moto(self, region_name=region_name, role_session_name=role_session_name, role_arn=role_arn, **rest)
