"""Users, groups, policies and instance profiles of IAM, where moto drops, loses or refuses what clients send."""

from collections.abc import Iterable
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.iam.exceptions import DeleteConflictException, IAMException, NoSuchEntity
from moto.iam.models import AWSManagedPolicy, IAMBackend, User
from moto.iam.responses import IamResponse

from localcloud.mends.mend import mend

# What a user stored before this mend has, too.
User.permissions_boundary_arn = None  # type: ignore[attr-defined]  # an attribute that moto gives to roles only
User.permissions_boundary = property(  # type: ignore[attr-defined]  # read by moto's serializer under this name
    lambda self: (
        {
            "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
            "PermissionsBoundaryArn": self.permissions_boundary_arn,
        }
        if self.permissions_boundary_arn
        else None
    )
)


def _bound(backend: IAMBackend, user: Any, arn: str) -> None:
    if arn not in backend.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {arn} does not exist or is not attachable.")
    user.permissions_boundary_arn = arn


@mend(IamResponse)
def create_user(moto: Any, self: IamResponse) -> ActionResult:
    boundary = self._get_param("PermissionsBoundary")
    if boundary and boundary not in self.backend.managed_policies:
        raise NoSuchEntity(f"Scope ARN: {boundary} does not exist or is not attachable.")
    result: ActionResult = moto(self)
    if boundary:
        _bound(self.backend, self.backend.get_user(self._get_param("UserName")), boundary)
    return result


@mend(IamResponse)
def put_user_permissions_boundary(moto: Any, self: IamResponse) -> EmptyResult:
    user = self.backend.get_user(self._get_param("UserName"))
    _bound(self.backend, user, self._get_param("PermissionsBoundary"))
    return EmptyResult()


@mend(IamResponse)
def delete_user_permissions_boundary(moto: Any, self: IamResponse) -> EmptyResult:
    user: Any = self.backend.get_user(self._get_param("UserName"))
    user.permissions_boundary_arn = None
    return EmptyResult()


@mend(IAMBackend)
def delete_user(moto: Any, self: IAMBackend, user_name: str) -> None:
    user = self.get_user(user_name)
    for kept, what in (
        (user.access_keys, "delete access keys"),
        (self.get_groups_for_user(user_name), "remove users from group"),
        (user.password, "delete login profile"),
    ):
        if kept:
            raise DeleteConflictException(f"Cannot delete entity, must {what} first.")
    moto(self, user_name)


@mend(IAMBackend)
def delete_group(moto: Any, self: IAMBackend, group_name: str) -> None:
    group = self.groups.get(group_name)
    if group:
        for kept, what in (
            (group.users, "remove users from group"),
            (group.managed_policies, "detach all policies"),
            (group.policies, "delete policies"),
        ):
            if kept:
                raise DeleteConflictException(f"Cannot delete entity, must {what} first.")
    moto(self, group_name)


def _refuse_aws_own(policy: Any) -> None:
    if isinstance(policy, AWSManagedPolicy):
        raise IAMException("AccessDenied", f"{policy.arn} is managed by AWS and can be neither changed nor deleted.")


@mend(IAMBackend)
def delete_policy(moto: Any, self: IAMBackend, policy_arn: str) -> None:
    policy = self.get_policy(policy_arn)
    _refuse_aws_own(policy)
    if policy.attachment_count:
        raise DeleteConflictException("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise DeleteConflictException(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's versions."
        )
    moto(self, policy_arn)


@mend(IAMBackend)
def create_policy_version(moto: Any, self: IAMBackend, policy_arn: str, *args: Any, **kwargs: Any) -> Any:
    _refuse_aws_own(self.get_policy(policy_arn))
    return moto(self, policy_arn, *args, **kwargs)


def _page(self: IamResponse, name: str, items: Iterable[Any]) -> ActionResult:
    """One page of a list, of the path that was asked for."""
    prefix = self._get_param("PathPrefix", "/")
    found = [item for item in items if item.path.startswith(prefix)]
    start = int(self._get_param("Marker", "0"))
    end = start + int(self._get_param("MaxItems", 100))
    more = end < len(found)
    return ActionResult({name: found[start:end], "IsTruncated": more, "Marker": str(end) if more else None})


@mend(IamResponse)
def list_users(moto: Any, self: IamResponse) -> ActionResult:
    return _page(self, "Users", self.backend.users.values())


@mend(IamResponse)
def list_groups(moto: Any, self: IamResponse) -> ActionResult:
    return _page(self, "Groups", self.backend.groups.values())


@mend(IamResponse)
def list_instance_profiles(moto: Any, self: IamResponse) -> ActionResult:
    return _page(self, "InstanceProfiles", self.backend.instance_profiles.values())


@mend(IamResponse)
def list_instance_profile_tags(moto: Any, self: IamResponse) -> ActionResult:
    profile = self.backend.get_instance_profile(self._get_param("InstanceProfileName"))
    return ActionResult({"Tags": profile.tags, "IsTruncated": False})


@mend(IamResponse)
def list_access_keys(moto: Any, self: IamResponse) -> ActionResult:
    """Without a user's name it lists the caller's; the account's own credentials are no user's key."""
    if not self._get_param("UserName") and self.get_access_key() not in self.backend.access_keys:
        return ActionResult({"AccessKeyMetadata": [], "IsTruncated": False})
    result: ActionResult = moto(self)
    return result


@mend(IamResponse)
def list_service_specific_credentials(moto: Any, self: IamResponse) -> ActionResult:
    """None can be made here; amazon.aws.iam_user asks for them before it deletes a user."""
    return ActionResult({"ServiceSpecificCredentials": []})
