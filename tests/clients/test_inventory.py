"""The inventory plugin amazon.aws.aws_ec2 finds instances by their tags, and groups them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

INVENTORY = Path(sys.executable).parent / "ansible-inventory"
SOURCE = Path(__file__).parent / "files" / "clients.aws_ec2.yml"
Run = Callable[..., subprocess.CompletedProcess[str]]


def test_seats_of_a_lab(run: Run, client: Callable[..., Any], image: str) -> None:
    ec2 = client("ec2")

    def launch(kind: str, **tags: str) -> Any:
        specification = {"ResourceType": "instance", "Tags": [{"Key": key, "Value": tags[key]} for key in tags]}
        wanted = {"ImageId": image, "InstanceType": kind, "MinCount": 1, "MaxCount": 1}
        return ec2.run_instances(**wanted, TagSpecifications=[specification])["Instances"][0]["InstanceId"]

    ada = launch("t3.micro", Lab="clients", Name="ada", Owner="teacher")
    ben = launch("t3.small", Lab="clients", Name="ben", Owner="other")
    launch("t3.micro", Lab="another", Name="cy")
    ec2.get_waiter("instance_running").wait(InstanceIds=[ada, ben])

    done = run(INVENTORY, "-i", SOURCE, "--list", ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED="true")
    assert done.returncode == 0, done.stderr
    assert "parse" not in done.stderr, done.stderr
    found = json.loads(done.stdout, object_hook=lambda each: each.get("__ansible_unsafe", each))

    hosts = found["_meta"]["hostvars"]
    by_id = {each["instance_id"]: name for name, each in hosts.items()}
    assert set(by_id) == {ada, ben}
    assert set(found["lab_clients"]["hosts"]) == set(hosts)
    assert found["owner_other"]["hosts"] == found["type_t3_small"]["hosts"] == found["small"]["hosts"] == [by_id[ben]]
    told = hosts[by_id[ada]]
    [described] = ec2.describe_instances(InstanceIds=[ada])["Reservations"][0]["Instances"]
    assert by_id[ada] == f"ada-{described['PrivateIpAddress']}"
    assert told["ansible_host"] == told["public_ip_address"] == described["PublicIpAddress"]
    assert told["ansible_user"] == "ubuntu"
    assert told["ec2_tags"] == {"Lab": "clients", "Name": "ada", "Owner": "teacher"}
    assert told["placement"]["availability_zone"] == described["Placement"]["AvailabilityZone"]
