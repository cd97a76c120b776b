"""How AWS answers with its best-known errors: HTTP status and words.

Looked up in AWS's error references and in what its clients print; a code that is not here is answered with the status
that the service's own model gives it, else 400.
"""

from collections.abc import Callable
from typing import Any

from localcloud.api.call import ApiCall

Words = str | Callable[[ApiCall], str]

EXPIRED = "The security token included in the request is expired"
UNKNOWN_FAILURE = "The request processing has failed because of an unknown error, exception or failure."
WRONG_SIGNATURE = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access "
    "Key and signing method. Consult the service documentation for details."
)
# 5 is what AWS grants a new account for standard types.
NO_VCPUS = (
    "You have requested more vCPU capacity than your current vCPU limit of 5 allows for the instance bucket that "
    "the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request "
    "an adjustment to this limit."
)
NAME_TAKEN = (
    "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
    "Please select a different name and try again."
)
IDLE = (
    "Your socket connection to the server was not read from or written to within the timeout period. Idle "
    "connections will be closed."
)


def _capacity(call: ApiCall) -> str:
    instance_type, zone = _type_and_zone(call)
    if not zone or not instance_type:
        return "Insufficient capacity."
    return (
        f"We currently do not have sufficient {instance_type} capacity in the Availability Zone you requested "
        f"({zone}). Our system will be working on provisioning additional capacity. You can currently get "
        f"{instance_type} capacity by not specifying an Availability Zone in your request."
    )


def _unsupported(call: ApiCall) -> str:
    instance_type, zone = _type_and_zone(call)
    if not zone or not instance_type:
        return (
            "The requested configuration is currently not supported. Please check the documentation for supported "
            "configurations."
        )
    return (
        f"Your requested instance type ({instance_type}) is not supported in your requested Availability Zone "
        f"({zone}). Please retry your request by not specifying an Availability Zone."
    )


def _type_and_zone(call: ApiCall) -> tuple[str, str]:
    placement: dict[str, Any] = call.parameters.get("Placement") or {}
    return str(call.parameters.get("InstanceType", "")), str(placement.get("AvailabilityZone", ""))


def _no_instance(call: ApiCall) -> str:
    ids = call.parameters.get("InstanceIds") or [call.parameters.get("InstanceId", "")]
    if len(ids) == 1:
        return f"The instance ID '{ids[0]}' does not exist"
    return f"The instance IDs '{', '.join(ids)}' do not exist"


def _quota(call: ApiCall) -> str:
    return (
        f"Your quota allows for 0 more running instance(s). You requested at least {call.parameters.get('MinCount', 1)}"
    )


def _not_allowed(call: ApiCall) -> str:
    return f"User is not authorized to perform: {call.iam_action}"


ANY_SERVICE: dict[str, tuple[int, Words]] = {
    "AccessDenied": (403, _not_allowed),
    "AccessDeniedException": (400, _not_allowed),
    "AddressLimitExceeded": (400, "The maximum number of addresses has been reached."),
    "AuthFailure": (401, "AWS was not able to validate the provided access credentials"),
    "DryRunOperation": (412, "Request would have succeeded, but DryRun flag is set."),
    "ExpiredToken": (403, EXPIRED),
    "ExpiredTokenException": (400, EXPIRED),
    "InstanceLimitExceeded": (400, _quota),
    "InsufficientAddressCapacity": (500, "Insufficient capacity."),
    "InsufficientHostCapacity": (500, "Insufficient capacity."),
    "InsufficientInstanceCapacity": (500, _capacity),
    "InsufficientReservedInstanceCapacity": (500, "Insufficient capacity."),
    "InternalError": (500, "An internal error has occurred"),
    "InternalFailure": (500, UNKNOWN_FAILURE),
    "InternalServerError": (500, "An error occurred on the server side."),
    "InvalidClientTokenId": (403, "The security token included in the request is invalid."),
    "InvalidInstanceID.NotFound": (400, _no_instance),
    "MaxSpotInstanceCountExceeded": (400, "Max spot instance count exceeded"),
    "OptInRequired": (
        401,
        "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.",
    ),
    "RequestExpired": (400, "Request has expired."),
    "RequestLimitExceeded": (503, "Request limit exceeded."),
    "ServiceFailure": (500, UNKNOWN_FAILURE),
    "ServiceUnavailable": (503, "The request has failed due to a temporary failure of the server."),
    "SignatureDoesNotMatch": (
        403,
        WRONG_SIGNATURE,
    ),
    "Throttling": (400, "Rate exceeded"),
    "ThrottlingException": (400, "Rate exceeded"),
    "Unavailable": (503, "The service is unavailable. Please try again shortly."),
    "UnauthorizedOperation": (403, "You are not authorized to perform this operation."),
    "UnrecognizedClientException": (400, "The security token included in the request is invalid."),
    "Unsupported": (400, _unsupported),
    "VcpuLimitExceeded": (
        400,
        NO_VCPUS,
    ),
}

S3_ONLY: dict[str, tuple[int, Words]] = {
    "AccessDenied": (403, "Access Denied"),
    "BucketAlreadyExists": (
        409,
        NAME_TAKEN,
    ),
    "BucketAlreadyOwnedByYou": (
        409,
        "Your previous request to create the named bucket succeeded and you already own it.",
    ),
    "BucketNotEmpty": (409, "The bucket you tried to delete is not empty"),
    "ExpiredToken": (400, "The provided token has expired."),
    "InternalError": (500, "We encountered an internal error. Please try again."),
    "InvalidAccessKeyId": (403, "The AWS Access Key Id you provided does not exist in our records."),
    "NoSuchBucket": (404, "The specified bucket does not exist"),
    "NoSuchKey": (404, "The specified key does not exist."),
    "OperationAborted": (
        409,
        "A conflicting conditional operation is currently in progress against this resource. Please try again.",
    ),
    "RequestTimeTooSkewed": (403, "The difference between the request time and the current time is too large."),
    "RequestTimeout": (
        400,
        IDLE,
    ),
    "ServiceUnavailable": (503, "Service is unable to handle request."),
    "SlowDown": (503, "Please reduce your request rate."),
}


def status_and_words(call: ApiCall, code: str) -> tuple[int | None, str]:
    """AWS's status and message for a code; (None, "") for one that is not known here."""
    status, words = (call.service == "s3" and S3_ONLY.get(code)) or ANY_SERVICE.get(code) or (None, "")
    return status, words if isinstance(words, str) else words(call)
