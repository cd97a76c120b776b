"""boto3: every question that can be asked without parameters, every paginator and every waiter of ordinary work."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

Client = Callable[..., Any]
KEY = Path(__file__).parent / "files" / "key.pub"
ASKING = ("Describe", "Get", "List")
SERVICES = ("ec2", "iam", "s3", "service-quotas", "ssm", "sts")
# "We do not do this" and "there is none": both are answers.
SAID = {"InvalidAction", "UnsupportedOperation", "MissingParameter", "NoSuchEntity", "ReportNotPresent"}


def questions(client: Any) -> list[str]:
    """All operations that ask, and that need nothing to be told."""
    model = client.meta.service_model
    names = [name for name in model.operation_names if name.startswith(ASKING)]
    return [
        name for name in names if not (shape := model.operation_model(name).input_shape) or not shape.required_members
    ]


@pytest.mark.parametrize("service", SERVICES)
def test_every_question_without_parameters(client: Client, service: str) -> None:
    """That nothing is answered with HTTP 500 is checked by the fixture, for every request."""
    asked = client(service)
    methods = {operation: method for method, operation in asked.meta.method_to_api_mapping.items()}
    refused = {}
    for operation in questions(asked):
        try:
            getattr(asked, methods[operation])()
        except ClientError as error:
            refused[operation] = error.response["Error"]["Code"]
    assert set(refused.values()) <= SAID, refused


# Operations whose pages ordinary work reads, and what they need to be told.
PAGES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ec2": [
        ("describe_addresses_attribute", {}),
        ("describe_dhcp_options", {}),
        ("describe_egress_only_internet_gateways", {}),
        ("describe_images", {}),
        ("describe_instance_status", {"IncludeAllInstances": True}),
        ("describe_instance_type_offerings", {}),
        ("describe_instance_types", {}),
        ("describe_instances", {}),
        ("describe_internet_gateways", {}),
        ("describe_launch_template_versions", {"LaunchTemplateName": "pages"}),
        ("describe_launch_templates", {}),
        ("describe_nat_gateways", {}),
        ("describe_network_acls", {}),
        ("describe_network_interfaces", {}),
        ("describe_prefix_lists", {}),
        ("describe_managed_prefix_lists", {}),
        ("describe_route_tables", {}),
        ("describe_security_group_rules", {}),
        ("describe_security_groups", {}),
        ("describe_snapshots", {"OwnerIds": ["self"]}),
        ("describe_spot_instance_requests", {}),
        ("describe_spot_price_history", {"InstanceTypes": ["t3.micro"]}),
        ("describe_subnets", {}),
        ("describe_tags", {}),
        ("describe_volume_status", {}),
        ("describe_volumes", {}),
        ("describe_volumes_modifications", {}),
        ("describe_vpc_endpoint_services", {}),
        ("describe_vpc_endpoints", {}),
        ("describe_vpc_peering_connections", {}),
        ("describe_vpcs", {}),
    ],
}


@pytest.fixture
def lab(client: Client, image: str) -> Any:
    """A little of everything, so that pages have something to turn over."""
    ec2 = client("ec2")
    made_before = [{"Name": "launch-template-name", "Values": ["pages"]}]
    if ec2.describe_launch_templates(Filters=made_before)["LaunchTemplates"]:
        return ec2
    tags = [{"Key": "Lab", "Value": "pages"}, {"Key": "Owner", "Value": "teacher"}]
    instance = {"ImageId": image, "InstanceType": "t3.micro"}
    for _ in range(3):
        ec2.run_instances(
            **instance, MinCount=1, MaxCount=1, TagSpecifications=[{"ResourceType": "instance", "Tags": tags}]
        )
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    for number in range(3):
        ec2.create_snapshot(VolumeId=volume)
        ec2.modify_volume(VolumeId=volume, Size=2 + number)
        ec2.create_security_group(GroupName=f"pages-{number}", Description="pages")
        ec2.create_vpc(CidrBlock=f"10.{number}.0.0/16")
        ec2.create_internet_gateway()
        ec2.create_dhcp_options(DhcpConfigurations=[{"Key": "domain-name", "Values": [f"{number}.example"]}])
        data = {"ImageId": image, "InstanceType": "t3.micro"}
        if number:
            ec2.create_launch_template_version(LaunchTemplateName="pages", LaunchTemplateData=data)
        else:
            ec2.create_launch_template(LaunchTemplateName="pages", LaunchTemplateData=data)
    return ec2


@pytest.mark.parametrize(("operation", "wanted"), PAGES["ec2"], ids=[name for name, _ in PAGES["ec2"]])
def test_ec2_pages_hold_together_what_one_answer_holds(lab: Any, operation: str, wanted: dict[str, Any]) -> None:
    paginator = lab.get_paginator(operation)
    key = paginator.result_keys[0].expression
    whole = [each for page in paginator.paginate(**wanted) for each in page[key]]
    size = {"describe_instance_type_offerings": 500, "describe_instance_types": 100}.get(operation, 5)
    pages = list(paginator.paginate(**wanted, PaginationConfig={"PageSize": size}))
    assert [each for page in pages for each in page[key]] == whole
    assert all(len(page[key]) <= size for page in pages)
    assert len(pages) == max(1, -(-len(whole) // size))


def test_pages_of_the_other_services(client: Client) -> None:
    iam, s3, ssm, quotas = client("iam"), client("s3"), client("ssm"), client("service-quotas")
    trust = '{"Version": "2012-10-17", "Statement": []}'
    bucket = "pages-of-clients"
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        iam.create_role(RoleName=f"role-{number}", AssumeRolePolicyDocument=trust, Path="/pages/")
        iam.create_user(UserName=f"user-{number}", Path="/pages/")
        s3.put_object(Bucket=bucket, Key=f"a/{number}", Body=b"x")
        ssm.put_parameter(Name=f"/pages/{number}", Value=str(number), Type="String")

    def pages(asked: Any, operation: str, key: str, size: int = 2, **wanted: Any) -> list[int]:
        turned = asked.get_paginator(operation).paginate(**wanted, PaginationConfig={"PageSize": size})
        return [len(page.get(key, [])) for page in turned]

    assert pages(iam, "list_roles", "Roles", PathPrefix="/pages/") == [2, 2, 1]
    assert pages(iam, "list_users", "Users", PathPrefix="/pages/") == [2, 2, 1]
    assert sum(pages(iam, "list_policies", "Policies", 1000, Scope="AWS")) > 1000
    assert pages(iam, "list_instance_profiles", "InstanceProfiles", PathPrefix="/pages/") == [0]
    assert pages(s3, "list_objects_v2", "Contents", Bucket=bucket, Prefix="a/") == [2, 2, 1]
    assert pages(s3, "list_objects", "Contents", Bucket=bucket) == [2, 2, 1]
    assert pages(s3, "list_object_versions", "Versions", Bucket=bucket) == [2, 2, 1]
    assert pages(ssm, "get_parameters_by_path", "Parameters", Path="/pages") == [2, 2, 1]
    assert (
        sum(pages(ssm, "get_parameters_by_path", "Parameters", 10, Path="/aws/service/canonical", Recursive=True)) >= 4
    )
    assert sum(pages(ssm, "describe_parameters", "Parameters")) >= 5
    counts = pages(quotas, "list_service_quotas", "Quotas", 3, ServiceCode="ec2")
    assert sum(counts) >= 1
    assert max(counts) <= 3


def test_waiters_of_a_machine(client: Client, image: str) -> None:
    ec2 = client("ec2")

    def wait(name: str, **wanted: Any) -> None:
        ec2.get_waiter(name).wait(**wanted, WaiterConfig={"Delay": 1, "MaxAttempts": 20})

    ec2.import_key_pair(KeyName="waiters", PublicKeyMaterial=KEY.read_bytes())
    wait("key_pair_exists", KeyNames=["waiters"])
    group = ec2.create_security_group(GroupName="waiters", Description="waiters")["GroupId"]
    wait("security_group_exists", GroupIds=[group])
    [made] = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"]
    instance = {"InstanceIds": [made["InstanceId"]]}
    for name in ("instance_exists", "instance_running", "instance_status_ok", "system_status_ok"):
        wait(name, **instance)
    ec2.stop_instances(**instance)
    wait("instance_stopped", **instance)
    picture = ec2.create_image(InstanceId=made["InstanceId"], Name="waiters")["ImageId"]
    wait("image_exists", ImageIds=[picture])
    wait("image_available", ImageIds=[picture])
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=1)["VolumeId"]
    wait("volume_available", VolumeIds=[volume])
    snapshot = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    wait("snapshot_completed", SnapshotIds=[snapshot])
    ec2.delete_volume(VolumeId=volume)
    wait("volume_deleted", VolumeIds=[volume])
    spot = ec2.request_spot_instances(LaunchSpecification={"ImageId": image, "InstanceType": "t3.micro"})
    request = spot["SpotInstanceRequests"][0]
    wait("spot_instance_request_fulfilled", SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])
    ec2.terminate_instances(InstanceIds=[made["InstanceId"], request["InstanceId"]])
    wait("instance_terminated", **instance)


def test_waiters_of_a_network(client: Client) -> None:
    ec2 = client("ec2")

    def wait(name: str, **wanted: Any) -> None:
        ec2.get_waiter(name).wait(**wanted, WaiterConfig={"Delay": 1, "MaxAttempts": 5})

    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    wait("vpc_exists", VpcIds=[vpc])
    wait("vpc_available", VpcIds=[vpc])
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]
    wait("subnet_available", SubnetIds=[subnet])
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    wait("internet_gateway_exists", InternetGatewayIds=[gateway])
    interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    wait("network_interface_available", NetworkInterfaceIds=[interface])
    address = ec2.allocate_address()["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=subnet, AllocationId=address)["NatGateway"]["NatGatewayId"]
    wait("nat_gateway_available", NatGatewayIds=[nat])
    ec2.delete_nat_gateway(NatGatewayId=nat)
    wait("nat_gateway_deleted", NatGatewayIds=[nat])
    other = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    peering = ec2.create_vpc_peering_connection(VpcId=vpc, PeerVpcId=other)["VpcPeeringConnection"]
    wait("vpc_peering_connection_exists", VpcPeeringConnectionIds=[peering["VpcPeeringConnectionId"]])
    ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    wait("vpc_peering_connection_deleted", VpcPeeringConnectionIds=[peering["VpcPeeringConnectionId"]])


def test_waiters_of_the_other_services(client: Client) -> None:
    iam, s3 = client("iam"), client("s3")
    trust = '{"Version": "2012-10-17", "Statement": []}'

    allowed = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'

    def wait(asked: Any, name: str, **wanted: Any) -> None:
        asked.get_waiter(name).wait(**wanted, WaiterConfig={"Delay": 1, "MaxAttempts": 3})

    iam.create_role(RoleName="waiters", AssumeRolePolicyDocument=trust)
    wait(iam, "role_exists", RoleName="waiters")
    iam.create_user(UserName="waiters")
    wait(iam, "user_exists", UserName="waiters")
    iam.create_instance_profile(InstanceProfileName="waiters")
    wait(iam, "instance_profile_exists", InstanceProfileName="waiters")
    policy = iam.create_policy(PolicyName="waiters", PolicyDocument=allowed)["Policy"]["Arn"]
    wait(iam, "policy_exists", PolicyArn=policy)
    s3.create_bucket(Bucket="waiters-of-clients")
    wait(s3, "bucket_exists", Bucket="waiters-of-clients")
    s3.put_object(Bucket="waiters-of-clients", Key="a", Body=b"x")
    wait(s3, "object_exists", Bucket="waiters-of-clients", Key="a")
    s3.delete_object(Bucket="waiters-of-clients", Key="a")
    wait(s3, "object_not_exists", Bucket="waiters-of-clients", Key="a")
    s3.delete_bucket(Bucket="waiters-of-clients")
    wait(s3, "bucket_not_exists", Bucket="waiters-of-clients")
