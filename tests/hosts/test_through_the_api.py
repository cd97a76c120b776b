"""Groups, metadata and packages, from the API's call to what a person in the host meets."""

import json
import shlex
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until
from intrusion import NETLINK

REACH = "timeout 2 bash -c '</dev/tcp/{address}/{port}' 2>/dev/null && echo yes || echo no"
IMDS = "http://169.254.169.254/latest"


@pytest.fixture(scope="module")
def two(lab: Lab) -> Iterator[tuple[str, str]]:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Student", "Value": "ada"}]}]
    options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "enabled"}
    first, second = lab.launch(2, MetadataOptions=options, TagSpecifications=tags, UserData="#!/bin/sh\ntrue\n")
    lab.wait_ok(first, second)
    yield first, second
    lab.terminate(first, second)


@pytest.fixture(scope="module")
def host(two: tuple[str, str]) -> str:
    return two[0]


def test_one_seat_reaches_another_only_when_a_rule_says_so(lab: Lab, two: tuple[str, str]) -> None:
    first, second = two
    private = REACH.format(address=lab.describe(second)["PrivateIpAddress"], port=22)
    public = REACH.format(address=lab.describe(second)["PublicIpAddress"], port=22)
    both = f"({private}) & ({public}) & wait"
    assert lab.ssh(first, both).split() == ["no", "no"]
    own = lab.open_group()
    pair = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": own}]}]
    lab.ec2.authorize_security_group_ingress(GroupId=own, IpPermissions=pair)
    assert lab.ssh(first, private) == "yes"
    assert lab.ssh(first, public) == "no", "a group as a source means private addresses"
    lab.ec2.revoke_security_group_ingress(GroupId=own, IpPermissions=pair)
    assert lab.ssh(first, private) == "no"


def test_other_groups_are_other_rules_at_once(lab: Lab, two: tuple[str, str]) -> None:
    first, second = two
    lab.ssh(second, "sudo systemd-run --unit=web python3 -m http.server 80")
    address = lab.describe(second)["PublicIpAddress"]
    reach = REACH.format(address=address, port=80)
    assert lab.ssh(first, reach) == "no"
    web = lab.group("web", 80, cidr=f"{lab.describe(first)['PublicIpAddress']}/32")
    lab.ec2.modify_instance_attribute(InstanceId=second, Groups=[lab.open_group(), web])
    until(lambda: lab.ssh(first, reach) == "yes", 20)  # the web server itself may need a moment
    lab.ec2.modify_instance_attribute(InstanceId=second, Groups=[lab.open_group()])
    assert lab.ssh(first, reach) == "no"
    lab.ec2.delete_security_group(GroupId=web)


def test_root_inside_cannot_undo_the_rules(lab: Lab, host: str) -> None:
    attempts = [f"python3 -c {shlex.quote(NETLINK)}", "ip address add 10.0.0.1/8 dev eth0"]
    told = lab.ssh(host, "; ".join(f"sudo {each} 2>&1" for each in attempts), check=False)
    assert [line.rpartition(": ")[2] for line in told.splitlines()] == ["Operation not permitted"] * 3


def test_metadata_tells_the_host_about_itself(lab: Lab, host: str) -> None:
    asked = (
        "meta-data/instance-id",
        "meta-data/public-ipv4",
        "meta-data/local-ipv4",
        "meta-data/placement/availability-zone",
        "meta-data/tags/instance/Student",
        "meta-data/network/interfaces/macs/$(cat /sys/class/net/eth0/address)/local-ipv4s",
        "user-data",
        "meta-data/iam/",
        "dynamic/instance-identity/document",
    )
    token = f"$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token)"
    each = " ".join(f'"{IMDS}/{path}"' for path in asked)
    command = (
        f'token={token}; for asked in {each}; do curl -s -H "X-aws-ec2-metadata-token: $token" $asked; echo "|"; done'
    )
    identity, public, private, zone, student, by_mac, data, iam, document = lab.ssh(host, command).split("|\n", 8)
    told = lab.describe(host)
    assert identity == host
    assert public == told["PublicIpAddress"]
    assert private == by_mac == told["PrivateIpAddress"]
    assert zone == told["Placement"]["AvailabilityZone"]
    assert student == "ada"
    assert data.splitlines() == ["#!/bin/sh", "true"]
    assert "security-credentials" not in iam
    assert json.loads(document.removesuffix("|"))["instanceType"] == "t3.micro"
    assert lab.ssh(host, f"curl -s -o /dev/null -w '%{{http_code}}' {IMDS}/meta-data/instance-id") == "401"


def test_ping_and_names_work_for_everybody(lab: Lab, host: str) -> None:
    told = lab.ssh(host, f"ping -c 1 {lab.cloud.running.checkip}; getent hosts archive.ubuntu.com")
    assert "1 received" in told
    assert told.endswith("archive.ubuntu.com")


def test_a_host_is_offered_python_by_the_repository_that_env_tells(lab: Lab, host: str) -> None:
    told = lab.cloud.env
    if "LOCALCLOUD_PPA_URL" not in told:
        pytest.skip("the PPA itself can be reached from here")
    assert any("stand-in" in note for note in lab.cloud.status()["notes"]), "never used silently"
    key, sources = "/etc/apt/keyrings/ppa.asc", "/etc/apt/sources.list.d/ppa.sources"
    lab.ssh(host, f"curl -fsS {told['LOCALCLOUD_PPA_KEY_URL']} | sudo tee {key}")
    shown = lab.ssh(host, f"gpg --show-keys --with-colons {key}")
    assert told["LOCALCLOUD_PPA_FINGERPRINT"] in shown
    source = f"Types: deb\nURIs: {told['LOCALCLOUD_PPA_URL']}\nSuites: noble\nComponents: main\nSigned-By: {key}\n"
    lab.ssh(host, f"printf '{source}' | sudo tee {sources}")
    # Its list alone; that it installs as well, scenarios of roles show.
    alone = f"-o Dir::Etc::SourceList={sources} -o Dir::Etc::SourceParts=-"
    lab.ssh(host, f"sudo apt-get update -q --error-on=any {alone}")
    assert told["LOCALCLOUD_PPA_URL"] in lab.ssh(host, "apt-cache policy python3.11-venv")
