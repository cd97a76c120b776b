# ruff: noqa: F401, F811 - fixtures are found by their names
"""What only a fault can show of lab_network, and `make allow`. The rest is in molecule/lab_network."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloud_side import REGION, CloudSide, aws, bare

Run = Callable[..., Any]


def rule(*cidrs: str) -> dict[str, Any]:
    return {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": each} for each in cidrs]}


@pytest.fixture
def make(bare: CloudSide) -> Callable[[str], str]:
    """make("a name"): a group as the role makes it."""

    def group(name: str) -> str:
        marks = [{"Key": "Lab", "Value": name}, {"Key": "ManagedBy", "Value": "classlab"}]
        born = [{"ResourceType": "security-group", "Tags": marks}]
        id_ = bare.client.create_security_group(GroupName=name, Description="seats", TagSpecifications=born)["GroupId"]
        bare.client.authorize_security_group_ingress(GroupId=id_, IpPermissions=[rule("203.0.113.7/32")])
        return str(id_)

    return group


def found(side: CloudSide, name: str) -> list[dict[str, Any]]:
    filters = [{"Name": "group-name", "Values": [name]}]
    return list(side.client.describe_security_groups(Filters=filters)["SecurityGroups"])


def test_a_group_in_use_is_tried_again_and_one_that_is_denied_is_not(
    bare: CloudSide, make: Callable[[str], str], run: Run, tmp_path: Path
) -> None:
    busy, denied = f"{bare.name}-busy", f"{bare.name}-denied"
    ids = {name: make(name) for name in (busy, denied)}
    bare.cloud.fault("ec2.DeleteSecurityGroup", f"GroupId={ids[busy]}", "error=DependencyViolation", "next=1")
    bare.cloud.fault("ec2.DeleteSecurityGroup", f"GroupId={ids[denied]}", "error=UnauthorizedOperation")
    inputs = {
        "ansible_connection": "local",
        "ansible_python_interpreter": "{{ ansible_playbook_python }}",
        "lab_network_state": "absent",
        "lab_network_name": "{{ inventory_hostname }}",
        "lab_network_region": REGION,
    }
    hosts = {busy: {"lab_network_patience": 0}, denied: {"lab_network_patience": 60}}
    (tmp_path / "hosts.json").write_text(json.dumps({"all": {"hosts": hosts, "vars": inputs}}))
    (tmp_path / "play.yml").write_text(json.dumps([{"hosts": "all", "gather_facts": False, "roles": ["lab_network"]}]))
    bare.mark()
    done = run("ansible-playbook", "-i", tmp_path / "hosts.json", tmp_path / "play.yml")
    assert f"({ids[denied]}) could not be removed: " in done.stdout and "UnauthorizedOperation" in done.stdout
    tries = [each["parameters"]["GroupId"] for each in bare.requests("DeleteSecurityGroup")]
    assert sorted(tries) == sorted([ids[busy], ids[busy], ids[denied]])
    assert found(bare, busy) == [] and found(bare, denied) != []


def test_allow_lets_another_address_in_but_makes_no_lab(
    bare: CloudSide, make: Callable[[str], str], run: Run, tmp_path: Path
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
    assert found(bare, bare.name) == []
    make(bare.name)
    allowed = run("ansible-playbook", *words)
    assert allowed.returncode == 0, allowed.stdout + allowed.stderr
    (group,) = found(bare, bare.name)
    (let_in,) = group["IpPermissions"]
    assert (let_in["FromPort"], let_in["IpRanges"]) == (22, [{"CidrIp": "198.51.100.0/24"}])
