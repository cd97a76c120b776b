"""Asking EC2 again: for how long, when others are answered meanwhile."""

import pytest
from botocore.exceptions import ClientError

from classlab.cloud.patience import Pace, patiently

TOO_OFTEN = ClientError(
    {"Error": {"Code": "RequestLimitExceeded", "Message": "Request limit exceeded."}}, "RunInstances"
)


def test_nobody_gives_up_as_long_as_others_are_answered() -> None:
    pace, left = Pace(), [TOO_OFTEN] * 4

    def launch() -> str:
        pace.took()  # another seat was launched just now
        if left:
            raise left.pop()
        return "launched"

    # Its turns alone take longer than its patience.
    assert 4 * Pace.FIRST_GAP > 2 * 0.4
    assert patiently(launch, 0.4, pace=pace) == "launched"


def test_and_gives_up_when_nobody_is() -> None:
    def launch() -> str:
        raise TOO_OFTEN

    with pytest.raises(ClientError, match="RequestLimitExceeded"):
        patiently(launch, 0.4, pace=Pace())
