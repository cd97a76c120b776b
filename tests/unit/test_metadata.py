"""The metadata service's manners, the tree that it shows, and its server on the loopback device."""

import base64
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from moto import mock_aws
from moto.ec2.models import ec2_backends

from localcloud.hosts.metadata import MetadataServer
from localcloud.hosts.metadata_answers import Response, respond
from localcloud.hosts.metadata_tree import MetadataView, view_of

TOKEN = "X-aws-ec2-metadata-token"
TTL = "X-aws-ec2-metadata-token-ttl-seconds"
TREE: Any = {
    "instance-id": "i-1",
    "public-keys": {"0=teacher": {"openssh-key": "ssh-ed25519 AAAA teacher"}},
    "tags": {"instance": {"Name": "seat 1", "a=b": "c"}},
}


def view(**more: Any) -> MetadataView:
    return MetadataView(**({"instance_id": "i-1", "meta_data": TREE, "user_data": b"#!/bin/sh\n"} | more))


def get(path: str, seen: MetadataView | None = None, token: str = "", at: float = 0) -> Response:
    return respond("GET", path, {TOKEN: token} if token else {}, seen or view(), lambda: at)


def token(seen: MetadataView | None = None, ttl: str = "60", at: float = 0, **headers: str) -> Response:
    return respond("PUT", "/latest/api/token", {TTL: ttl} | headers, seen or view(), lambda: at)


def text(path: str, seen: MetadataView | None = None) -> str:
    response = get(path, seen)
    assert response.status == 200, path
    return response.body.decode()


# Tokens.


def test_a_token_opens_until_it_ends() -> None:
    strict = view(tokens_required=True)
    made = token(strict, "60", at=1000)
    assert (made.status, made.headers[TTL.lower()]) == (200, "60")
    assert get("/latest/meta-data/instance-id", strict, made.body.decode(), at=1059).status == 200
    assert get("/latest/meta-data/instance-id", strict, made.body.decode(), at=1060).status == 401


def test_without_a_token_only_where_tokens_are_optional() -> None:
    assert get("/latest/meta-data/instance-id").status == 200
    assert get("/latest/meta-data/instance-id", view(tokens_required=True)).status == 401


@pytest.mark.parametrize("wrong", ["x", "AAAA", "AQAEAAAAAAAA==", "é"])
def test_a_wrong_token_is_refused_even_where_none_is_needed(wrong: str) -> None:
    assert get("/latest/meta-data/instance-id", token=wrong).status == 401


def test_a_token_is_of_no_use_to_another_instance() -> None:
    other = token(view(instance_id="i-2")).body.decode()
    assert get("/latest/meta-data/instance-id", token=other).status == 401


def test_a_token_cannot_be_made_to_last() -> None:
    later = bytearray(base64.urlsafe_b64decode(token().body))
    later[1] += 1
    forged = base64.urlsafe_b64encode(later).decode()
    assert get("/latest/meta-data/instance-id", token=forged).status == 401


@pytest.mark.parametrize(
    ("ttl", "status"),
    [("1", 200), ("21600", 200), ("0", 400), ("21601", 400), ("-1", 400), ("soon", 400), ("", 400), ("9" * 5000, 400)],
)
def test_how_long_a_token_may_last(ttl: str, status: int) -> None:
    assert token(ttl=ttl).status == status


def test_a_token_asked_for_by_a_proxy_is_refused() -> None:
    assert token(**{"X-Forwarded-For": "192.0.2.1"}).status == 403


def test_only_the_token_travels_no_further_than_the_hop_limit() -> None:
    assert token(view(hop_limit=3)).ttl == 3
    assert get("/latest/meta-data/instance-id").ttl is None


def test_refusals() -> None:
    assert get("/latest/meta-data/", view(enabled=False)).status == 403
    assert token(view(enabled=False)).status == 403
    assert respond("GET", "/latest/meta-data/", {}, None).status == 404
    assert respond("POST", "/latest/meta-data/", {}, view()).status == 405
    assert respond("PUT", "/latest/meta-data/", {TTL: "60"}, view()).status == 405
    assert get("/latest/api/token").status == 405


# What is read.


def test_listings_end_folders_with_a_slash() -> None:
    assert text("/latest/meta-data/") == text("/latest/meta-data") == "instance-id\npublic-keys/\ntags/"
    assert text("/latest/meta-data/public-keys/") == "0=teacher"
    assert text("/latest/meta-data/public-keys/0") == text("/latest/meta-data/public-keys/0/") == "openssh-key"
    assert text("/latest/meta-data/public-keys/0/openssh-key") == "ssh-ed25519 AAAA teacher"
    assert text("/latest/meta-data/tags/instance") == "Name\na=b"
    assert text("/latest/meta-data/tags/instance/a=b") == "c"
    assert text("/latest") == "dynamic\nmeta-data\nuser-data"
    assert text("/latest", view(user_data=None)) == "dynamic\nmeta-data"


def test_versions_are_listed_and_each_can_be_asked() -> None:
    versions = text("/").split("\n")
    assert versions[0] == "1.0"
    assert versions[-1] == "latest"
    assert all(text(f"/{version}/meta-data/instance-id") == "i-1" for version in versions)


@pytest.mark.parametrize(
    "path",
    ["/latest/meta-data/nothing", "/latest/meta-data/instance-id/x", "/latest/nothing", "/2000-01-01/meta-data/"],
)
def test_what_is_not_there_is_404(path: str) -> None:
    assert get(path).status == 404


def test_user_data_is_given_as_it_came() -> None:
    raw = bytes(range(256))
    assert get("/latest/user-data", view(user_data=raw)).body == raw
    assert get("/latest/user-data", view(user_data=None)).status == 404
    assert get("/latest/user-data", view(user_data=b"")).body == b""


# From moto's books.


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield lambda service: boto3.client(service, region_name="us-east-1")


def launch(aws: Callable[[str], Any], **more: Any) -> Any:
    ec2 = aws("ec2")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    asked = {"ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "t3.micro"} | more
    made = ec2.run_instances(**asked)["Instances"][0]
    return ec2_backends["123456789012"]["us-east-1"].get_instance(made["InstanceId"])


def test_the_tree_of_an_instance(aws: Callable[[str], Any]) -> None:
    ec2 = aws("ec2")
    key = b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA1II9xIcIr/xENZ2pB9tKHRu/vj3gyK1yq+G6O3Ggf6 teacher"
    ec2.import_key_pair(KeyName="teacher", PublicKeyMaterial=key)
    vpc = ec2.describe_vpcs()["Vpcs"][0]
    group = ec2.create_security_group(GroupName="seats", Description="seats", VpcId=vpc["VpcId"])["GroupId"]
    host = launch(
        aws,
        KeyName="teacher",
        UserData="#!/bin/sh\necho é\n",
        SecurityGroupIds=[group],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "seat 1"}]}],
        MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "InstanceMetadataTags": "enabled"},
    )
    described = ec2.describe_instances()["Reservations"][0]
    instance = described["Instances"][0]
    seen = view_of(host)
    assert (seen.tokens_required, seen.hop_limit, seen.enabled) == (True, 2, True)
    pass_ = token(seen).body.decode()

    def read(path: str) -> str:
        response = get(path, seen, pass_)
        assert response.status == 200, path
        return response.body.decode()

    meta = "/latest/meta-data"
    assert read(f"{meta}/instance-id") == instance["InstanceId"]
    assert read(f"{meta}/ami-id") == instance["ImageId"]
    assert read(f"{meta}/instance-type") == "t3.micro"
    assert read(f"{meta}/local-ipv4") == instance["PrivateIpAddress"]
    assert read(f"{meta}/public-ipv4") == instance["PublicIpAddress"]
    assert read(f"{meta}/public-hostname") == instance["PublicDnsName"]
    assert read(f"{meta}/hostname") == read(f"{meta}/local-hostname") == instance["PrivateDnsName"]
    assert read(f"{meta}/reservation-id") == described["ReservationId"]
    assert read(f"{meta}/security-groups") == "seats"
    assert read(f"{meta}/instance-life-cycle") == "on-demand"
    assert read(f"{meta}/placement/availability-zone") == instance["Placement"]["AvailabilityZone"]
    assert read(f"{meta}/placement/availability-zone-id").startswith("use1-az")
    assert read(f"{meta}/placement/region") == "us-east-1"
    assert read(f"{meta}/services/domain") == "amazonaws.com"
    assert read(f"{meta}/services/partition") == "aws"
    assert read(f"{meta}/block-device-mapping/root") == instance["RootDeviceName"]
    assert read(f"{meta}/public-keys/0/openssh-key").encode() == key
    assert read(f"{meta}/tags/instance/") == "Name"
    assert read(f"{meta}/tags/instance/Name") == "seat 1"
    assert read("/latest/user-data") == "#!/bin/sh\necho é\n"

    nic = instance["NetworkInterfaces"][0]
    mac = read(f"{meta}/mac")
    assert mac == nic["MacAddress"]
    assert read(f"{meta}/network/interfaces/macs/") == f"{mac}/"
    wire = f"{meta}/network/interfaces/macs/{mac}"
    assert read(f"{wire}/interface-id") == nic["NetworkInterfaceId"]
    assert read(f"{wire}/subnet-id") == instance["SubnetId"]
    assert read(f"{wire}/vpc-id") == instance["VpcId"]
    assert read(f"{wire}/vpc-ipv4-cidr-blocks") == vpc["CidrBlock"]
    assert read(f"{wire}/security-group-ids") == group
    assert read(f"{wire}/ipv4-associations/{instance['PublicIpAddress']}") == instance["PrivateIpAddress"]

    document = json.loads(read("/latest/dynamic/instance-identity/document"))
    assert document["instanceId"] == instance["InstanceId"]
    assert document["accountId"] == "123456789012"
    assert document["region"] == "us-east-1"
    assert document["privateIp"] == instance["PrivateIpAddress"]
    assert "spot" not in read(f"{meta}/")
    assert "iam/" not in read(f"{meta}/")
    assert get(f"{meta}/iam/security-credentials/", seen, pass_).status == 404


def test_tags_are_shown_only_when_asked_for(aws: Callable[[str], Any]) -> None:
    assert get("/latest/meta-data/tags/instance/", view_of(launch(aws))).status == 404


def test_an_instance_profile_brings_temporary_credentials(aws: Callable[[str], Any]) -> None:
    iam = aws("iam")
    role = iam.create_role(RoleName="seat", AssumeRolePolicyDocument="{}")["Role"]
    profile = iam.create_instance_profile(InstanceProfileName="seats")["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName="seats", RoleName="seat")
    host = launch(aws)
    association = aws("ec2").associate_iam_instance_profile(IamInstanceProfile={"Name": "seats"}, InstanceId=host.id)[
        "IamInstanceProfileAssociation"
    ]["AssociationId"]

    info = json.loads(text("/latest/meta-data/iam/info", view_of(host)))
    assert info["InstanceProfileArn"] == profile["Arn"]
    assert text("/latest/meta-data/iam/security-credentials/", view_of(host)) == "seat"
    keys = json.loads(text("/latest/meta-data/iam/security-credentials/seat", view_of(host)))
    assert keys["Code"] == "Success"
    assert keys["AccessKeyId"].startswith("ASIA")
    left = datetime.fromisoformat(keys["Expiration"]) - datetime.now(UTC)
    assert 0 < left.total_seconds() <= 6 * 3600
    again = json.loads(text("/latest/meta-data/iam/security-credentials/seat", view_of(host)))
    assert again == keys, "credentials stay the same until they are about to end"

    who = boto3.client(
        "sts",
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["Token"],
    ).get_caller_identity()
    assert who["Arn"] == f"arn:aws:sts::123456789012:assumed-role/{role['RoleName']}/{host.id}"

    aws("ec2").disassociate_iam_instance_profile(AssociationId=association)
    assert get("/latest/meta-data/iam/info", view_of(host)).status == 404


# The server, on the loopback device.


@pytest.fixture
def server() -> Iterator[MetadataServer]:
    known = {"127.0.0.1": view(hop_limit=1), "127.0.0.2": view(instance_id="i-2", hop_limit=2)}
    with MetadataServer("lo", known.get) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def ask(
    server: MetadataServer, method: str, path: str, source: str = "127.0.0.1", **headers: str
) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5, source_address=(source, 0))
    connection.request(method, path, headers=headers)
    return connection.getresponse()


def test_an_instance_is_known_by_its_address(server: MetadataServer) -> None:
    mine = ask(server, "PUT", "/latest/api/token", **{TTL: "60"}).read().decode()
    answer = ask(server, "GET", "/latest/meta-data/instance-id", **{TOKEN: mine})
    assert (answer.status, answer.headers["Server"], answer.read()) == (200, "EC2ws", b"i-1")
    assert ask(server, "GET", "/latest/meta-data/instance-id", source="127.0.0.2", **{TOKEN: mine}).status == 401
    assert ask(server, "GET", "/latest/meta-data/instance-id", source="127.0.0.3").status == 404
    head = ask(server, "HEAD", "/latest/meta-data/instance-id")
    assert (head.headers["Content-Length"], head.read()) == ("3", b"")


def hops(server: MetadataServer, source: str) -> bytes:
    """Ask for a token as if from one network hop further away: packets that could not travel on are not taken."""
    ip_minttl = 21
    with socket.socket() as client:
        client.setsockopt(socket.IPPROTO_IP, ip_minttl, 2)
        client.bind((source, 0))
        client.settimeout(1)
        client.connect(("127.0.0.1", server.port))
        client.sendall(f"PUT /latest/api/token HTTP/1.1\r\nHost: x\r\n{TTL}: 60\r\n\r\n".encode())
        return client.recv(4096)


def test_a_token_reaches_as_far_as_the_hop_limit(server: MetadataServer) -> None:
    assert hops(server, "127.0.0.2").startswith(b"HTTP/1.1 200")
    with pytest.raises(TimeoutError):
        hops(server, "127.0.0.1")


def test_slow_clients_do_not_hold_up_others(server: MetadataServer) -> None:
    with socket.create_connection(("127.0.0.1", server.port)):
        begin = time.monotonic()
        assert ask(server, "GET", "/latest/meta-data/instance-id").status == 200
        assert time.monotonic() - begin < 2
