"""Spot instances of RunInstances have a request, which ends with them."""

from collections.abc import Callable
from typing import Any

from test_launch import described, image, refusal, run

Aws = Callable[..., Any]
SPOT = {"MarketType": "spot"}


def requests(ec2: Any, **wanted: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ec2.describe_spot_instance_requests(**wanted)["SpotInstanceRequests"]
    return found


def test_each_instance_has_its_request(aws: Aws) -> None:
    ec2 = aws("ec2")
    tags = [{"ResourceType": "spot-instances-request", "Tags": [{"Key": "Lab", "Value": "demo"}]}]
    launched = run(ec2, MinCount=2, MaxCount=2, InstanceMarketOptions=SPOT, TagSpecifications=tags)
    for each in launched:
        seen = described(ec2, each["InstanceId"])
        assert seen["InstanceLifecycle"] == "spot"
        [request] = requests(ec2, SpotInstanceRequestIds=[seen["SpotInstanceRequestId"]])
        assert (request["InstanceId"], request["State"]) == (each["InstanceId"], "active")
        assert (request["Status"]["Code"], request["Type"]) == ("fulfilled", "one-time")
        assert request["Tags"] == [{"Key": "Lab", "Value": "demo"}]
    assert len(requests(ec2, Filters=[{"Name": "tag:Lab", "Values": ["demo"]}])) == 2
    assert "SpotInstanceRequestId" not in run(ec2)[0]


def test_terminating_closes_the_request(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2, InstanceMarketOptions=SPOT)
    ec2.terminate_instances(InstanceIds=[launched["InstanceId"]])
    [request] = requests(ec2)
    assert (request["State"], request["Status"]["Code"]) == ("closed", "instance-terminated-by-user")


def test_cancelling_leaves_the_instance(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2, InstanceMarketOptions=SPOT)
    sir = launched["SpotInstanceRequestId"]
    [cancelled] = ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[sir])["CancelledSpotInstanceRequests"]
    assert cancelled == {"SpotInstanceRequestId": sir, "State": "cancelled"}
    [request] = requests(ec2, Filters=[{"Name": "state", "Values": ["cancelled"]}])
    assert request["Status"]["Code"] == "request-canceled-and-instance-running"
    assert described(ec2, launched["InstanceId"])["State"]["Name"] == "running"


def test_a_one_time_spot_instance_cannot_be_stopped(aws: Aws) -> None:
    ec2 = aws("ec2")
    [launched] = run(ec2, InstanceMarketOptions=SPOT)
    assert refusal(ec2.stop_instances, InstanceIds=[launched["InstanceId"]])[0] == "UnsupportedOperation"
    options = {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop"}
    [lasting] = run(ec2, InstanceMarketOptions=SPOT | {"SpotOptions": options})
    ec2.stop_instances(InstanceIds=[lasting["InstanceId"]])


def test_unknown_requests_and_filters(aws: Aws) -> None:
    ec2 = aws("ec2")
    unknown = ["sir-00000000"]
    for call in (ec2.describe_spot_instance_requests, ec2.cancel_spot_instance_requests):
        assert refusal(call, SpotInstanceRequestIds=unknown)[0] == "InvalidSpotInstanceRequestID.NotFound"
    said = refusal(ec2.describe_spot_instance_requests, Filters=[{"Name": "colour", "Values": ["red"]}])
    assert said == ("InvalidParameterValue", "The filter 'colour' is invalid")


def test_requested_the_old_way(aws: Aws) -> None:
    ec2 = aws("ec2")
    [made] = ec2.request_spot_instances(
        LaunchSpecification={"ImageId": image(ec2)["ImageId"], "InstanceType": "t3.micro"}
    )["SpotInstanceRequests"]
    seen = described(ec2, made["InstanceId"])
    assert (seen["SpotInstanceRequestId"], seen["InstanceLifecycle"]) == (made["SpotInstanceRequestId"], "spot")
    assert seen["BlockDeviceMappings"][0]["DeviceName"] == seen["RootDeviceName"]
