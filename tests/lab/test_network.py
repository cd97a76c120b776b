# ruff: noqa: F401, F811 - fixtures are found by their names
"""The lab's security group: SSH from those who may, nothing between seats, and nobody else's group is touched."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloud_side import REGION, CloudSide, Play, Played, aws, bare, lab, play, tags


def roles(side: CloudSide, play: Play, **inputs: Any) -> Played:
    given: dict[str, Any] = {
        "lab_network_name": side.name,
        "lab_network_region": REGION,
        "lab_network_vpc_id": side.vpc,
        "lab_network_tags": side.tags(),
        "lab_network_ssh_cidrs": ["203.0.113.7/32"],
        "lab_network_patience": 0,
    }
    return play(["lab_network"], ("lab_network_group_id",), **(given | inputs))


def groups(side: CloudSide) -> list[dict[str, Any]]:
    return list(
        side.client.describe_security_groups(Filters=[{"Name": "group-name", "Values": [side.name]}])["SecurityGroups"]
    )


def rules(side: CloudSide) -> set[tuple[int, str]]:
    """(port, who) of all that is let in."""
    (group,) = groups(side)
    found = set()
    for each in group["IpPermissions"]:
        assert each["IpProtocol"] == "tcp" and each["FromPort"] == each["ToPort"] and not each["UserIdGroupPairs"]
        found |= {(each["ToPort"], source["CidrIp"]) for source in each["IpRanges"]}
        found |= {(each["ToPort"], source["CidrIpv6"]) for source in each["Ipv6Ranges"]}
    return found


def test_ssh_is_open_to_those_who_may_and_a_new_address_replaces_the_old(bare: CloudSide, play: Play) -> None:
    made = roles(bare, play)
    assert made.status == 0 and made.facts["lab_network_group_id"] == groups(bare)[0]["GroupId"]
    assert rules(bare) == {(22, "203.0.113.7/32")}
    assert groups(bare)[0]["IpPermissionsEgress"][0]["IpRanges"][0]["CidrIp"] == "0.0.0.0/0"
    (born,) = bare.requests("CreateSecurityGroup")
    assert tags(born["parameters"]["TagSpecifications"][0]) == bare.tags(), "tags come with the birth"

    bare.mark()
    assert roles(bare, play).changed == 0 and bare.changed_anything() == []

    assert (
        roles(bare, play, lab_network_ssh_cidrs=["198.51.100.0/24", "2001:db8::/32"], lab_network_web=True).status == 0
    )
    everybody = {(port, who) for port in (80, 443) for who in ("0.0.0.0/0", "::/0")}
    assert rules(bare) == {(22, "198.51.100.0/24"), (22, "2001:db8::/32"), *everybody}
    assert roles(bare, play).status == 0
    assert rules(bare) == {(22, "203.0.113.7/32")}


def test_somebody_elses_group_is_refused_and_never_touched(bare: CloudSide, play: Play) -> None:
    foreign = bare.client.create_security_group(GroupName=bare.name, Description="mine")["GroupId"]
    bare.mark()
    refused = roles(bare, play)
    assert refused.status != 0 and foreign in refused.said and "did not make" in refused.said
    assert roles(bare, play, lab_network_state="absent").status == 0
    assert [each["GroupId"] for each in groups(bare)] == [foreign] and bare.changed_anything() == []


def test_a_group_still_in_use_is_tried_again(bare: CloudSide, play: Play) -> None:
    roles(bare, play)
    bare.cloud.fault("ec2.DeleteSecurityGroup", "error=DependencyViolation", "next=1")
    assert roles(bare, play, lab_network_state="absent").status == 0
    assert groups(bare) == []
    assert roles(bare, play, lab_network_state="absent").changed == 0, "twice in a row is fine"


def test_what_holds_the_group_is_named(bare: CloudSide, play: Play) -> None:
    group = roles(bare, play).facts["lab_network_group_id"]
    held = bare.client.create_network_interface(
        SubnetId=bare.places[0].subnet_id, Groups=[group], Description="of a database"
    )["NetworkInterface"]["NetworkInterfaceId"]
    other = bare.client.create_security_group(GroupName=f"other-{bare.name}", Description="refers")["GroupId"]
    bare.client.authorize_security_group_ingress(
        GroupId=other,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": group}]}],
    )
    left = roles(bare, play, lab_network_state="absent")
    assert left.status != 0
    told = " ".join(left.said.split())
    assert (
        f"held by the interface {held} (of a database) and a rule of the security group other-{bare.name} ({other})"
        in told
    )
    bare.client.delete_network_interface(NetworkInterfaceId=held)
    bare.client.delete_security_group(GroupId=other)
    assert roles(bare, play, lab_network_state="absent").status == 0 and groups(bare) == []


def test_a_denial_is_not_taken_for_a_group_in_use(bare: CloudSide, play: Play) -> None:
    roles(bare, play)
    bare.cloud.fault("ec2.DeleteSecurityGroup", "error=UnauthorizedOperation")
    bare.mark()
    left = roles(bare, play, lab_network_state="absent", lab_network_patience=60)
    assert left.status != 0 and "UnauthorizedOperation" in left.said
    assert len(bare.requests("DeleteSecurityGroup")) == 1


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_empty_name_is_refused_before_the_first_call(bare: CloudSide, play: Play, state: str) -> None:
    refused = roles(bare, play, lab_network_name="", lab_network_state=state)
    assert refused.status != 0 and "name the lab" in refused.said
    assert bare.requests() == []


def test_allow_lets_another_address_in_but_makes_no_lab(
    bare: CloudSide, play: Play, run: Callable[..., Any], tmp_path: Path
) -> None:
    class_file = tmp_path / "cs101.yml"
    class_file.write_text(f"lab_name: {bare.name}\nlab_students: [ada]\n")
    controls = {
        "lab_class": "cs101",
        "lab_class_file": str(class_file),
        "lab_folder": str(bare.folder.path),
        "lab_cloud_in_use": "localcloud",
        "lab_prune": False,
        "lab_allow_cidrs": ["198.51.100.0/24"],
    }
    words = ["-i", "inventory/localhost.yml", "playbooks/allow.yml", "-e", f"@{class_file}", "-e", json.dumps(controls)]
    refused = run("ansible-playbook", *words)
    assert refused.returncode != 0 and f"no lab {bare.name}" in refused.stdout + refused.stderr
    assert groups(bare) == []
    roles(bare, play)
    allowed = run("ansible-playbook", *words)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    assert rules(bare) == {(22, "198.51.100.0/24")}
