"""Ask EC2 again when that can help, for a while that ends.

boto3's own retries are switched off for what goes through here: they treat lack of capacity, which is an HTTP 500, like
a hiccup, and ask eight times what will not be answered otherwise.
"""

import random
import threading
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
# Asked too often: by all of an account, in a region.
THROTTLED = frozenset({"RequestLimitExceeded", "Throttling", "ThrottlingException"})
# What passes by itself.
PASSING = THROTTLED | {"InternalError", "InternalFailure", "ServiceUnavailable", "Unavailable"}
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 8.0


class Pace:
    """How fast many threads together may ask one thing: as fast as they can, until the cloud says that it is too fast.

    Then they take turns, with a gap that grows with each refusal and shrinks a little with each answer. It settles a
    little above what the cloud allows, whatever that is: for RunInstances AWS lets an account have five requests at
    once, and two a second after that. Nobody's time is over as long as somebody is answered.
    """

    FIRST_GAP, LONGEST_GAP = 0.25, 2.0
    WIDER, NARROWER = 1.15, 0.99

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gap = 0.0
        self._next = 0.0
        self._slowed = 0.0
        self.answered = 0.0

    def turn(self) -> float:
        """Wait for one's turn; when it came."""
        with self._lock:
            turn = max(self._next, time.monotonic()) if self._gap else time.monotonic()
            self._next = turn + self._gap
        time.sleep(max(0, turn - time.monotonic()))
        return time.monotonic()

    def refused(self, asked: float) -> None:
        """What was asked before the last refusal was told knew nothing of it, and is not counted again."""
        with self._lock:
            if asked >= self._slowed:
                self._gap = min(max(self._gap * self.WIDER, self.FIRST_GAP), self.LONGEST_GAP)
                self._slowed = time.monotonic()
                self._next = max(self._next, self._slowed + self._gap)

    def took(self) -> None:
        with self._lock:
            self._gap *= self.NARROWER
            self.answered = time.monotonic()


def connect(region: str) -> Any:
    """An EC2 client by boto3's own chain: profile, environment, endpoint."""
    import boto3

    return boto3.client("ec2", region_name=region, config=ONCE)


def patiently(
    call: Callable[..., Any], seconds: float, also: Iterable[str] = (), pace: Pace | None = None, **asked: Any
) -> Any:
    """The answer; or, when it is still refused after so many seconds, the last refusal. `also` may pass, too.

    With a `pace` it is asked in turns with others, and throttling is its affair.
    """
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE
    while True:
        turn = pace.turn() if pace else 0.0
        try:
            answer = call(**asked)
        except (ClientError, exceptions.ConnectionError, exceptions.HTTPClientError) as error:
            if pace and code(error) in THROTTLED:
                pace.refused(turn)
                if time.monotonic() > max(until, pace.answered + seconds):
                    raise
                continue
            passes = not isinstance(error, ClientError) or code(error) in PASSING.union(also)
            # The more ask at once, the more must their pauses differ.
            wait = pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret depends on it
            if not passes or time.monotonic() + wait > until:
                raise
            time.sleep(wait)
            pause = min(pause * 2, LONGEST_PAUSE)
        else:
            if pace:
                pace.took()
            return answer
