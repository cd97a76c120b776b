"""Changing instances: only while stopped where EC2 wants that, protected where asked, read back as set."""

import base64
from collections.abc import Callable
from typing import Any

import pytest
from test_launch import described, image, refusal, run

Aws = Callable[..., Any]


def one(ec2: Any, **wanted: Any) -> str:
    found: str = run(ec2, **wanted)[0]["InstanceId"]
    return found


def attribute(ec2: Any, instance_id: str, name: str) -> Any:
    answer = ec2.describe_instance_attribute(InstanceId=instance_id, Attribute=name)
    return next(value for key, value in answer.items() if key not in ("InstanceId", "ResponseMetadata"))


@pytest.mark.parametrize(
    "change",
    [
        {"InstanceType": {"Value": "t3.small"}},
        {"Attribute": "instanceType", "Value": "t3.small"},
        {"UserData": {"Value": b"#!/bin/sh"}},
        {"EbsOptimized": {"Value": True}},
    ],
)
def test_only_while_stopped(aws: Aws, change: dict[str, Any]) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    said = refusal(ec2.modify_instance_attribute, InstanceId=seat, **change)
    assert said == ("IncorrectInstanceState", f"The instance '{seat}' is not in the 'stopped' state.")
    ec2.stop_instances(InstanceIds=[seat])
    ec2.modify_instance_attribute(InstanceId=seat, **change)


def test_a_new_type(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    ec2.stop_instances(InstanceIds=[seat])
    change = {"InstanceId": seat, "InstanceType": {"Value": "c5.2xlarge"}}
    ec2.modify_instance_attribute(**change)
    seen = described(ec2, seat)
    assert (seen["InstanceType"], seen["CpuOptions"]) == ("c5.2xlarge", {"CoreCount": 4, "ThreadsPerCore": 2})
    unknown = change | {"InstanceType": {"Value": "t3.huge"}}
    assert refusal(ec2.modify_instance_attribute, **unknown)[0] == "InvalidInstanceAttributeValue"
    assert described(ec2, seat)["InstanceType"] == "c5.2xlarge"


def test_each_attribute_is_read_back(aws: Aws) -> None:
    ec2 = aws("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    root = image(ec2)["RootDeviceName"]
    seat = one(ec2, SecurityGroupIds=[group], InstanceInitiatedShutdownBehavior="terminate", UserData="hello")
    assert attribute(ec2, seat, "instanceType") == {"Value": "t3.micro"}
    assert attribute(ec2, seat, "instanceInitiatedShutdownBehavior") == {"Value": "terminate"}
    assert base64.b64decode(attribute(ec2, seat, "userData")["Value"]) == b"hello"
    assert attribute(ec2, seat, "rootDeviceName") == {"Value": root}
    [device] = attribute(ec2, seat, "blockDeviceMapping")
    assert (device["DeviceName"], device["Ebs"]["DeleteOnTermination"]) == (root, True)
    assert [each["GroupId"] for each in attribute(ec2, seat, "groupSet")] == [group]
    for name, value in (
        ("disableApiTermination", False),
        ("disableApiStop", False),
        ("sourceDestCheck", True),
        ("ebsOptimized", False),
        ("enaSupport", True),
    ):
        assert attribute(ec2, seat, name) == {"Value": value}, name
    for name in ("kernel", "ramdisk"):
        assert attribute(ec2, seat, name) == {}
    assert attribute(ec2, seat, "productCodes") == []
    asked = {"InstanceId": seat, "Attribute": "colour"}
    assert refusal(ec2.describe_instance_attribute, **asked)[0] == "InvalidParameterValue"


def test_user_data_is_changed_and_removed(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2, UserData="old")
    ec2.stop_instances(InstanceIds=[seat])
    ec2.modify_instance_attribute(InstanceId=seat, UserData={"Value": b"new"})
    assert base64.b64decode(attribute(ec2, seat, "userData")["Value"]) == b"new"


def test_shutdown_behaviour_is_one_of_two(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    change = {"InstanceId": seat, "InstanceInitiatedShutdownBehavior": {"Value": "terminate"}}
    ec2.modify_instance_attribute(**change)
    assert attribute(ec2, seat, "instanceInitiatedShutdownBehavior") == {"Value": "terminate"}
    change["InstanceInitiatedShutdownBehavior"] = {"Value": "explode"}
    assert refusal(ec2.modify_instance_attribute, **change)[0] == "InvalidParameterValue"


def test_groups_reach_the_interface(aws: Aws) -> None:
    ec2 = aws("ec2")
    group = ec2.create_security_group(GroupName="g", Description="d")["GroupId"]
    seat = one(ec2)
    ec2.modify_instance_attribute(InstanceId=seat, Groups=[group])
    seen = described(ec2, seat)
    assert [each["GroupId"] for each in seen["SecurityGroups"]] == [group]
    [interface] = ec2.describe_network_interfaces()["NetworkInterfaces"]
    assert [each["GroupId"] for each in interface["Groups"]] == [group]
    missing = "sg-0123456789abcdef0"
    said = refusal(ec2.modify_instance_attribute, InstanceId=seat, Groups=[missing])
    assert said == ("InvalidGroup.NotFound", f"The security group '{missing}' does not exist")


def test_source_dest_check_reaches_the_interface(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    ec2.modify_instance_attribute(InstanceId=seat, SourceDestCheck={"Value": False})
    seen = described(ec2, seat)
    assert (seen["SourceDestCheck"], seen["NetworkInterfaces"][0]["SourceDestCheck"]) == (False, False)


def test_a_volume_can_be_kept(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    root = described(ec2, seat)["RootDeviceName"]
    device = {"DeviceName": root, "Ebs": {"DeleteOnTermination": False}}
    ec2.modify_instance_attribute(InstanceId=seat, BlockDeviceMappings=[device])
    assert described(ec2, seat)["BlockDeviceMappings"][0]["Ebs"]["DeleteOnTermination"] is False
    ec2.terminate_instances(InstanceIds=[seat])
    assert [each["State"] for each in ec2.describe_volumes()["Volumes"]] == ["available"]
    unknown = {"DeviceName": "/dev/xyz", "Ebs": {"DeleteOnTermination": False}}
    said = refusal(ec2.modify_instance_attribute, InstanceId=seat, BlockDeviceMappings=[unknown])
    assert said[0] == "InvalidInstanceAttributeValue"


def test_termination_protection_holds_for_the_whole_call(aws: Aws) -> None:
    ec2 = aws("ec2")
    plain, protected = one(ec2), one(ec2, DisableApiTermination=True)
    said = refusal(ec2.terminate_instances, InstanceIds=[plain, protected])
    assert said == (
        "OperationNotPermitted",
        (
            f"The instance '{protected}' may not be terminated. Modify its 'disableApiTermination' instance attribute "
            "and try again."
        ),
    )
    assert described(ec2, plain)["State"]["Name"] == "running"
    ec2.modify_instance_attribute(InstanceId=protected, DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=[plain, protected])
    assert described(ec2, protected)["State"]["Name"] == "terminated"


def test_stop_protection_holds_for_the_whole_call(aws: Aws) -> None:
    ec2 = aws("ec2")
    plain, protected = one(ec2), one(ec2, DisableApiStop=True)
    said = refusal(ec2.stop_instances, InstanceIds=[plain, protected])
    assert said == (
        "OperationNotPermitted",
        f"The instance '{protected}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.",
    )
    assert described(ec2, plain)["State"]["Name"] == "running"
    ec2.terminate_instances(InstanceIds=[protected])


@pytest.mark.parametrize("call", ["start_instances", "stop_instances", "reboot_instances", "terminate_instances"])
def test_ids_that_are_none(aws: Aws, call: str) -> None:
    act = getattr(aws("ec2"), call)
    missing = "i-0123456789abcdef0"
    assert refusal(act, InstanceIds=[missing]) == (
        "InvalidInstanceID.NotFound",
        f"The instance ID '{missing}' does not exist",
    )
    assert refusal(act, InstanceIds=["seat"]) == (
        "InvalidInstanceID.Malformed",
        'Invalid id: "seat" (expecting "i-...")',
    )


@pytest.mark.parametrize("call", ["start_instances", "stop_instances", "reboot_instances"])
def test_what_is_terminated_stays_so(aws: Aws, call: str) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    ec2.terminate_instances(InstanceIds=[seat])
    assert refusal(getattr(ec2, call), InstanceIds=[seat])[0] == "IncorrectInstanceState"
    ec2.terminate_instances(InstanceIds=[seat])


def test_metadata_options_keep_what_is_not_given(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2, MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 3})
    ec2.modify_instance_metadata_options(InstanceId=seat, InstanceMetadataTags="enabled")
    options = described(ec2, seat)["MetadataOptions"]
    assert (options["HttpTokens"], options["HttpPutResponseHopLimit"]) == ("required", 3)
    assert (options["InstanceMetadataTags"], options["HttpEndpoint"]) == ("enabled", "enabled")
    asked = {"InstanceId": seat, "HttpTokens": "perhaps"}
    assert refusal(ec2.modify_instance_metadata_options, **asked)[0] == "InvalidParameterValue"


def test_placement_and_cpu_change_while_stopped(aws: Aws) -> None:
    ec2 = aws("ec2")
    ec2.create_placement_group(GroupName="near", Strategy="cluster")
    seat = one(ec2, InstanceType="c5.2xlarge")
    for call, wanted in (
        (ec2.modify_instance_placement, {"GroupName": "near"}),
        (ec2.modify_instance_cpu_options, {"CoreCount": 2, "ThreadsPerCore": 1}),
    ):
        assert refusal(call, InstanceId=seat, **wanted)[0] == "IncorrectInstanceState"
    ec2.stop_instances(InstanceIds=[seat])
    ec2.modify_instance_placement(InstanceId=seat, GroupName="near")
    ec2.modify_instance_cpu_options(InstanceId=seat, CoreCount=2, ThreadsPerCore=1)
    seen = described(ec2, seat)
    assert seen["Placement"]["GroupName"] == "near"
    assert seen["CpuOptions"] == {"CoreCount": 2, "ThreadsPerCore": 1}
    asked = {"InstanceId": seat, "GroupName": "far"}
    assert refusal(ec2.modify_instance_placement, **asked)[0] == "InvalidPlacementGroup.Unknown"
    asked = {"InstanceId": seat, "CoreCount": 99, "ThreadsPerCore": 1}
    assert refusal(ec2.modify_instance_cpu_options, **asked)[0] == "InvalidParameterValue"


def test_names_maintenance_monitoring_and_credits(aws: Aws) -> None:
    ec2 = aws("ec2")
    seat = one(ec2)
    ec2.modify_private_dns_name_options(InstanceId=seat, EnableResourceNameDnsARecord=True)
    ec2.modify_instance_maintenance_options(InstanceId=seat, AutoRecovery="disabled")
    ec2.monitor_instances(InstanceIds=[seat])
    seen = described(ec2, seat)
    assert seen["PrivateDnsNameOptions"]["EnableResourceNameDnsARecord"] is True
    assert seen["PrivateDnsNameOptions"]["HostnameType"] == "ip-name"
    assert seen["MaintenanceOptions"]["AutoRecovery"] == "disabled"
    assert seen["Monitoring"]["State"] == "enabled"
    ec2.unmonitor_instances(InstanceIds=[seat])
    assert described(ec2, seat)["Monitoring"]["State"] == "disabled"

    def credits_of() -> str:
        [found] = ec2.describe_instance_credit_specifications(InstanceIds=[seat])["InstanceCreditSpecifications"]
        return str(found["CpuCredits"])

    assert credits_of() == "unlimited"
    ec2.modify_instance_credit_specification(
        InstanceCreditSpecifications=[{"InstanceId": seat, "CpuCredits": "standard"}]
    )
    assert credits_of() == "standard"
