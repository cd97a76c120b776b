"""What EC2 says when it does not give a seat: for whom that holds, and how a teacher reads it."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from botocore.exceptions import ClientError

from classlab.cloud.regions import code, reason


class Holds(Enum):
    """For whom a refusal holds: whoever it holds for need not ask again."""

    PLACE = "this zone or subnet"
    LAB = "every seat of the lab"
    SEAT = "this seat"


@dataclass(frozen=True)
class Refusal:
    holds: Holds
    sentence: str


# How the end of a sentence goes that begins with the zone.
_OF_PLACE = {
    "InsufficientInstanceCapacity": "has no room for another {type} at the moment",
    "InsufficientHostCapacity": "has no room for another {type} at the moment",
    "InsufficientFreeAddressesInSubnet": "has no free address left in subnet {subnet}",
    "InsufficientAddressCapacity": "has no public address left at the moment",
    "InvalidSubnetID.NotFound": "has no subnet {subnet} any more",
    "SpotMaxPriceTooLow": "has no spot {type} at its price at the moment",
    "Unsupported": "does not offer {type}",
}
_NOT_ALLOWED = (
    "Your AWS user may not launch seats ({code}): docs/aws-permissions.md has what classlab needs. Then `{again}`."
)
_NOBODY = "AWS does not accept these credentials any more ({code}): log in again (aws sso login), then `{again}`."
_OF_LAB = {
    "VcpuLimitExceeded": "The account's quota of vCPUs leaves no room for another {type}: ask for more under Service "
    "Quotas (EC2, the vCPUs of this family), or end what else runs in {region}; then `{again}` adds what is missing.",
    "InstanceLimitExceeded": "The account may run no more instances in {region}: ask for more under Service Quotas, or "
    "end what else runs there; then `{again}` adds what is missing.",
    "MaxSpotInstanceCountExceeded": "The account's quota of spot instances leaves no room for another {type}: ask for "
    "more under Service Quotas, or set lab_spot: false; then `{again}` adds what is missing.",
    "InvalidAMIID.NotFound": "The image {image} that this lab was launched from is gone, so no seat like the others "
    "can be had: `make down` and `make up` take a new one for all.",
    "InvalidAMIID.Unavailable": "The image {image} that this lab was launched from cannot be used any more: "
    "`make down` and `make up` take a new one for all.",
    "InvalidKeyPair.NotFound": "The lab's key pair is gone from the cloud: `{again}` brings it back.",
    "InvalidGroup.NotFound": "The lab's security group is gone from the cloud: `{again}` brings it back.",
    "AuthFailure.ServiceLinkedRoleCreationNotPermitted": "The account has never had a spot instance, and your AWS user "
    "may not prepare it: have an administrator run aws iam create-service-linked-role --aws-service-name "
    "spot.amazonaws.com, or set lab_spot: false; then `{again}`.",
    "OptInRequired": "The account is not ready for EC2 (OptInRequired): finish signing up in the AWS console.",
    "PendingVerification": "AWS is still checking the account, which takes up to four hours: then `{again}`.",
    "AccessDenied": _NOT_ALLOWED,
    "UnauthorizedOperation": _NOT_ALLOWED,
    "AuthFailure": _NOBODY,
    "ExpiredToken": _NOBODY,
    "InvalidClientTokenId": _NOBODY,
    # No seat at all was launched for a whole minute.
    "RequestLimitExceeded": "AWS was asked too often by all of this account, and went on saying so: wait a minute, "
    "then `{again}` adds what is missing.",
    "RequestExpired": "AWS takes this computer's clock for wrong (RequestExpired): set it, then `{again}`.",
}


def of(error: Exception, facts: Mapping[str, str]) -> Refusal:
    """`facts`: type, region, image, subnet, again."""
    told = {**facts, "code": code(error)}
    for holds, sentences in ((Holds.PLACE, _OF_PLACE), (Holds.LAB, _OF_LAB)):
        if sentence := sentences.get(code(error)):
            return Refusal(holds, sentence.format(**told))
    if isinstance(error, ClientError):
        return Refusal(Holds.SEAT, f"AWS did not launch it: {reason(error)}")
    return Refusal(
        Holds.SEAT,
        f"The cloud did not answer ({reason(error).rstrip('.')}): it may be there all the same. `{facts['again']}` "
        "finds out.",
    )


def no_place(refused: Mapping[str, str], again: str) -> str:
    """Every zone was asked: what each of them said."""
    said = "; ".join(f"{zone} {why}" for zone, why in refused.items())
    return f"No zone would take it: {said}. Try `{again}` later, or another lab_instance_type, or other lab_zones."


def secret_of(error: Exception) -> str:
    """What AWS appends to a denial for an administrator's eyes, or ''."""
    if not isinstance(error, ClientError):
        return ""
    said = str(error.response.get("Error", {}).get("Message", ""))
    return said.partition("Encoded authorization failure message: ")[2].strip()
