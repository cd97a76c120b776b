"""The way to every region that the account has enabled, and what to say of one that does not answer."""

from collections.abc import Callable
from typing import Any

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from classlab.errors import CloudError, UsageError

# A region that is out of reach is named after this; waiting for it longer would make nothing better.
PATIENCE = Config(
    connect_timeout=5,
    read_timeout=30,
    max_pool_connections=16,
    retries={"mode": "standard", "total_max_attempts": 3},
)
# What AWS answers when it does not know who asks: then no answer of any region means anything.
NOBODY = frozenset(
    {"AuthFailure", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "RequestExpired"}
    | {"SignatureDoesNotMatch", "UnrecognizedClientException"}
)

Connect = Callable[[str], Any]


def connector(service: str = "ec2", patience: Config = PATIENCE) -> Connect:
    """boto3's own chain: profile, environment, endpoint."""
    import boto3

    session: Any = boto3.session.Session()
    return lambda region: session.client(service, region_name=region, config=patience)


def enabled(connect: Connect, home: str) -> tuple[dict[str, Any], str]:
    """A client for each enabled region, and why the others are not known ('' when all are)."""
    if not home:
        raise UsageError("lab_region is empty: name a region in the class file, for example lab_region: us-east-1.")
    try:
        first = connect(home)
        # Without AllRegions these are exactly the regions that are enabled for the account.
        names = [str(each["RegionName"]) for each in first.describe_regions()["Regions"]]
    except ClientError as error:
        if code(error) in NOBODY:
            raise CloudError(
                f"AWS does not accept these credentials ({reason(error)}) Log in again (aws sso login), or name "
                "another profile in AWS_PROFILE. Nothing was changed."
            ) from error
        return {home: first}, reason(error)
    except BotoCoreError as error:
        raise CloudError(f"The cloud cannot be asked in region {home}: {reason(error)} Nothing was changed.") from error
    # One after the other: making a client is not safe in threads, and takes milliseconds.
    return {home: first} | {name: connect(name) for name in names if name != home}, ""


def code(error: Exception) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) if isinstance(error, ClientError) else ""


def reason(error: Exception) -> str:
    """What the cloud said, as one sentence of a line or two."""
    if isinstance(error, ClientError):
        # AWS appends a long code that only an administrator can read.
        said = str(error.response.get("Error", {}).get("Message", "")).split(" Encoded authorization")[0]
        return f"{code(error)}: {said}".strip().rstrip(".:") + "."
    return " ".join(str(error).split()).rstrip(".") + "."
