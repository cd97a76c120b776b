"""ClientToken: the same request again gives the same instances."""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from test_launch import described, image, refusal, run

Aws = Callable[..., Any]


def again(ec2: Any, **wanted: Any) -> dict[str, Any]:
    asked = {"ImageId": image(ec2)["ImageId"], "InstanceType": "t3.micro", "MinCount": 2, "MaxCount": 2} | wanted
    answer: dict[str, Any] = ec2.run_instances(**asked)
    return answer


def test_the_same_call_launches_once(aws: Aws) -> None:
    ec2 = aws("ec2")
    first, second = again(ec2, ClientToken="seats"), again(ec2, ClientToken="seats")
    assert first["ReservationId"] == second["ReservationId"]
    assert [each["InstanceId"] for each in first["Instances"]] == [each["InstanceId"] for each in second["Instances"]]
    assert len(ec2.describe_instances()["Reservations"]) == 1
    assert described(ec2, first["Instances"][0]["InstanceId"])["ClientToken"] == "seats"


def test_another_call_under_the_same_token_is_refused(aws: Aws) -> None:
    ec2 = aws("ec2")
    again(ec2, ClientToken="seats")
    said = refusal(lambda **wanted: again(ec2, **wanted), ClientToken="seats", InstanceType="t3.small")
    assert said == (
        "IdempotentParameterMismatch",
        "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
    )


def test_terminated_instances_come_back_as_they_are(aws: Aws) -> None:
    ec2 = aws("ec2")
    ids = [each["InstanceId"] for each in again(ec2, ClientToken="seats")["Instances"]]
    ec2.terminate_instances(InstanceIds=ids)
    second = again(ec2, ClientToken="seats")["Instances"]
    assert [each["InstanceId"] for each in second] == ids
    assert {each["State"]["Name"] for each in second} == {"terminated"}


def test_a_token_counts_in_its_region_only(aws: Aws) -> None:
    first = again(aws("ec2"), ClientToken="seats")
    second = again(aws("ec2", "eu-west-1"), ClientToken="seats")
    assert first["ReservationId"] != second["ReservationId"]


def test_two_calls_are_two_launches(aws: Aws) -> None:
    """boto3 puts a new token into each call."""
    ec2 = aws("ec2")
    assert run(ec2)[0]["InstanceId"] != run(ec2)[0]["InstanceId"]


def test_a_token_goes_with_its_instances(aws: Aws) -> None:
    ec2 = aws("ec2")
    first = again(ec2, ClientToken="seats")
    del ec2_backends["123456789012"]["us-east-1"].reservations[first["ReservationId"]]
    second = again(ec2, ClientToken="seats", InstanceType="t3.small")
    assert second["ReservationId"] != first["ReservationId"]
