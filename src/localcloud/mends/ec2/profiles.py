"""Instance profiles: on every instance that asked for one, and shown as they are after a change."""

from typing import Any

from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import iam_instance_profile
from moto.ec2.models.iam_instance_profile import IamInstanceProfileAssociation, IamInstanceProfileAssociationBackend
from moto.iam.exceptions import NotFoundException

from localcloud.mends.ec2.launch_request import Request
from localcloud.mends.mend import mend


@mend(iam_instance_profile)
def filter_iam_instance_profiles(
    moto: Any,
    account_id: str,
    partition: str,
    iam_instance_profile_arn: str | None,
    iam_instance_profile_name: str | None,
) -> Any:
    """An unknown profile is EC2's InvalidParameterValue, not IAM's NoSuchEntity: clients wait for that one."""
    name, value = ("arn", iam_instance_profile_arn) if iam_instance_profile_arn else ("name", iam_instance_profile_name)
    try:
        found = moto(account_id, partition, iam_instance_profile_arn, iam_instance_profile_name)
    except NotFoundException:
        found = None
    if found is None:
        what = "ARN" if name == "arn" else "name"
        raise EC2ClientError(
            "InvalidParameterValue",
            f"Value ({value}) for parameter iamInstanceProfile.{name} is invalid. Invalid IAM Instance Profile {what}",
        )
    return found


def check(backend: Any, request: Request) -> None:
    """Refuse an unknown profile before anything is launched."""
    if wanted := request.get("IamInstanceProfile"):
        filter_iam_instance_profiles(backend.account_id, backend.partition, wanted.get("Arn"), wanted.get("Name"))


def give(backend: Any, instance_id: str, request: Request) -> None:
    if wanted := request.get("IamInstanceProfile"):
        backend.associate_iam_instance_profile(
            instance_id,
            iam_instance_profile_name=wanted.get("Name"),
            iam_instance_profile_arn=wanted.get("Arn"),
        )


def _show(association: IamInstanceProfileAssociation) -> None:
    profile: Any = association.iam_instance_profile
    association.instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}


@mend(IamInstanceProfileAssociationBackend)
def associate_iam_instance_profile(moto: Any, self: Any, *args: Any, **kwargs: Any) -> IamInstanceProfileAssociation:
    association: IamInstanceProfileAssociation = moto(self, *args, **kwargs)
    _show(association)
    return association


@mend(IamInstanceProfileAssociationBackend)
def replace_iam_instance_profile_association(
    moto: Any, self: Any, *args: Any, **kwargs: Any
) -> IamInstanceProfileAssociation:
    association: IamInstanceProfileAssociation = moto(self, *args, **kwargs)
    _show(association)
    return association
