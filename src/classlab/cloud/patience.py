"""Ask EC2 again when that can help, for a while that ends.

boto3's own retries are switched off for what goes through here: they treat lack of capacity, which is an HTTP 500, like
a hiccup, and ask eight times what will not be answered otherwise.
"""

import random
import time
from collections.abc import Callable, Iterable
from typing import Any

from botocore import exceptions
from botocore.config import Config
from botocore.exceptions import ClientError

from classlab.cloud.regions import code

ONCE = Config(
    retries={"mode": "standard", "total_max_attempts": 1},
    connect_timeout=10,
    read_timeout=60,
    max_pool_connections=16,
)
# What passes by itself. RunInstances may be asked twice a second in a region, and has five in store.
PASSING = frozenset(
    {"InternalError", "InternalFailure", "RequestLimitExceeded", "ServiceUnavailable", "Throttling"}
    | {"ThrottlingException", "Unavailable"}
)
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0


def connect(region: str) -> Any:
    """An EC2 client by boto3's own chain: profile, environment, endpoint."""
    import boto3

    return boto3.client("ec2", region_name=region, config=ONCE)


def patiently(call: Callable[..., Any], seconds: float, also: Iterable[str] = (), **asked: Any) -> Any:
    """The answer; or, when it is still refused after so many seconds, the last refusal. `also` may pass, too."""
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        try:
            return call(**asked)
        except (ClientError, exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            passes = not isinstance(error, ClientError) or code(error) in PASSING.union(also)
            # The more ask at once, the more must their pauses differ.
            wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret depends on it
            if not passes or time.monotonic() + wait > until:
                raise
            time.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)
