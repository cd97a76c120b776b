"""One request, one id: in the header, in the body, and another one for the next request."""

from typing import Any

import pytest
from botocore.exceptions import ClientError


def test_each_answer_has_an_id_of_its_own(aws: Any) -> None:
    told = [aws("ec2").describe_regions()["ResponseMetadata"] for _ in range(2)]
    ids = [each["RequestId"] for each in told]
    assert ids == [each["HTTPHeaders"]["x-amzn-requestid"] for each in told]
    assert len(set(ids)) == 2


def test_a_refusal_has_one_too(aws: Any) -> None:
    with pytest.raises(ClientError) as refused:
        aws("ec2").describe_instances(InstanceIds=["i-0123456789abcdef0"])
    told = refused.value.response["ResponseMetadata"]
    assert told["RequestId"] == told["HTTPHeaders"]["x-amzn-requestid"]
