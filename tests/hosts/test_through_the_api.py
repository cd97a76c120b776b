"""Groups, metadata and packages, from the API's call to what a person in the host meets."""

import json
from collections.abc import Iterator

import pytest
from aws_hosts import Lab, until

REACH = "timeout 3 bash -c '</dev/tcp/{address}/{port}' 2>/dev/null && echo yes || echo no"
IMDS = "http://169.254.169.254/latest"


@pytest.fixture
def two(lab: Lab) -> Iterator[tuple[str, str]]:
    first, second = lab.launch(2)
    lab.wait_ok(first, second)
    yield first, second
    lab.terminate(first, second)


def test_one_seat_reaches_another_only_when_a_rule_says_so(lab: Lab, two: tuple[str, str]) -> None:
    first, second = two
    private = lab.describe(second)["PrivateIpAddress"]
    public = lab.describe(second)["PublicIpAddress"]
    to_private, to_public = REACH.format(address=private, port=22), REACH.format(address=public, port=22)
    assert lab.ssh(first, to_private) == "no"
    assert lab.ssh(first, to_public) == "no"
    own = lab.open_group()
    pair = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": own}]}]
    lab.ec2.authorize_security_group_ingress(GroupId=own, IpPermissions=pair)
    assert lab.ssh(first, to_private) == "yes"
    assert lab.ssh(first, to_public) == "no", "a group as a source means private addresses"
    lab.ec2.revoke_security_group_ingress(GroupId=own, IpPermissions=pair)
    assert lab.ssh(first, to_private) == "no"


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
    lab.ssh(host, "sudo apt-get update -q && sudo apt-get install -y -q nftables >/dev/null")
    attempts = ["nft flush ruleset", "nft list ruleset", "ip address add 10.0.0.1/8 dev eth0"]
    refused = lab.ssh(host, "; ".join(f"sudo {each} 2>&1" for each in attempts), check=False)
    assert refused.count("not permitted") >= len(attempts)


def test_metadata_tells_the_host_about_itself(lab: Lab) -> None:
    tags = [{"ResourceType": "instance", "Tags": [{"Key": "Student", "Value": "ada"}]}]
    options = {"HttpTokens": "required", "HttpPutResponseHopLimit": 1, "InstanceMetadataTags": "enabled"}
    [instance] = lab.launch(MetadataOptions=options, TagSpecifications=tags, UserData="#!/bin/sh\ntrue\n")
    lab.wait_ok(instance)
    told = lab.describe(instance)
    lab.ssh(
        instance,
        f"curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token > token",
    )

    def ask(path: str) -> str:
        return lab.ssh(instance, f'curl -s -H "X-aws-ec2-metadata-token: $(cat token)" {IMDS}/{path}')

    assert lab.ssh(instance, f"curl -s -o /dev/null -w '%{{http_code}}' {IMDS}/meta-data/instance-id") == "401"
    assert ask("meta-data/instance-id") == instance
    assert ask("meta-data/public-ipv4") == told["PublicIpAddress"]
    assert ask("meta-data/local-ipv4") == told["PrivateIpAddress"]
    assert ask("meta-data/placement/availability-zone") == told["Placement"]["AvailabilityZone"]
    assert ask("meta-data/tags/instance/Student") == "ada"
    assert ask("user-data").splitlines() == ["#!/bin/sh", "true"]
    assert json.loads(ask("dynamic/instance-identity/document"))["instanceType"] == "t3.micro"
    mac = lab.ssh(instance, "cat /sys/class/net/eth0/address")
    assert ask(f"meta-data/network/interfaces/macs/{mac}/local-ipv4s") == told["PrivateIpAddress"]
    assert "security-credentials" not in ask("meta-data/iam/")
    lab.terminate(instance)


def test_ping_and_names_work_for_everybody(lab: Lab, host: str) -> None:
    assert "1 received" in lab.ssh(host, f"ping -c 1 {lab.cloud.running.checkip}")
    assert lab.ssh(host, "getent hosts archive.ubuntu.com").endswith("archive.ubuntu.com")


def test_a_host_has_the_memory_of_its_type(lab: Lab, host: str) -> None:
    """ "Too small for the job" is met in rehearsal: 700 MB fit into a t3.micro, and not into a t3.nano."""
    [small] = lab.launch(InstanceType="t3.nano")
    lab.wait_ok(small)
    job = "sudo systemd-run --quiet --wait python3 -c 'bytearray(700_000_000)'; echo $?"
    assert lab.ssh(host, job) == "0"
    assert lab.ssh(small, job) != "0"
    lab.terminate(small)


def test_a_host_installs_python_from_the_repository_that_env_tells(lab: Lab, host: str) -> None:
    told = lab.cloud.env
    if "LOCALCLOUD_PPA_URL" not in told:
        pytest.skip("the PPA itself can be reached from here")
    assert any("stand-in" in note for note in lab.cloud.status()["notes"]), "never used silently"
    key = "/etc/apt/keyrings/ppa.asc"
    lab.ssh(host, f"curl -fsS {told['LOCALCLOUD_PPA_KEY_URL']} | sudo tee {key}")
    shown = lab.ssh(host, f"gpg --show-keys --with-colons {key}")
    assert told["LOCALCLOUD_PPA_FINGERPRINT"] in shown
    source = f"Types: deb\nURIs: {told['LOCALCLOUD_PPA_URL']}\nSuites: noble\nComponents: main\nSigned-By: {key}\n"
    lab.ssh(host, f"printf '{source}' | sudo tee /etc/apt/sources.list.d/ppa.sources")
    lab.ssh(host, "sudo apt-get update -q && sudo apt-get install -y -q python3.11-venv")
    assert (
        lab.ssh(host, "python3.11 -m venv v && v/bin/python -c 'import ssl, sys; print(sys.version_info[:2])'")
        == "(3, 11)"
    )
