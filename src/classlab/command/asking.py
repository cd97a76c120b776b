"""Asking a cloud whether it has anything of a lab: reads only, whatever the answer."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Environment = dict[str, str]
ALIVE = ["pending", "running", "shutting-down", "stopping", "stopped"]


@dataclass(frozen=True)
class Answer:
    """What a cloud says to the question whether it has the lab. `unasked` tells why it could not be asked."""

    there: bool = False
    unasked: str = ""
    credentials: bool = True


def ask(environment: Environment, lab: str, region: str, *, seats_alone: bool = False) -> Answer:
    """Does the cloud that this environment leads to have anything with the lab's tag, in the class's region?"""
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    tags = [{"Name": "tag:Lab", "Values": [lab]}, {"Name": "tag:ManagedBy", "Values": ["classlab"]}]
    with acting_in(environment):
        try:
            session = boto3.session.Session()
            if session.get_credentials() is None:
                return Answer(unasked="no AWS credentials were found", credentials=False)
            patience = Config(connect_timeout=5, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3})
            ec2 = session.client("ec2", region_name=region, config=patience)
            alive = {"Name": "instance-state-name", "Values": ALIVE}
            there = bool(ec2.describe_instances(Filters=[*tags, alive])["Reservations"])
            if not there and not seats_alone:
                there = bool(
                    ec2.describe_security_groups(Filters=tags)["SecurityGroups"]
                    or ec2.describe_key_pairs(Filters=tags)["KeyPairs"]
                )
            return Answer(there)
        except ClientError as error:
            return Answer(
                unasked=f"{error.response['Error']['Code']}: {error.response['Error']['Message'].rstrip('.')}"
            )
        except (BotoCoreError, ValueError) as error:
            return Answer(unasked=str(error).rstrip("."))


@contextmanager
def acting_in(environment: Environment) -> Iterator[None]:
    """boto3 finds its credentials as the programs will that are started with this environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
