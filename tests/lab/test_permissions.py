# ruff: noqa: F401, F811 - fixtures are found by their names
"""docs/aws-permissions.json against what the verbs really ask: enough for all of it, and for nothing else."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cloud_side import PORT_TAG, greeting

from localcloud import LocalCloud
from localcloud.mends.iam.simulation import Source, judge

ROOT = Path(__file__).parents[2]
POLICY = json.loads((ROOT / "docs" / "aws-permissions.json").read_text())
PAGE = (ROOT / "docs" / "aws-permissions.md").read_text()
SOURCE = Source("aws-permissions", "IAM Policy", json.dumps(POLICY))
ACCOUNT, CANONICAL = "123456789012", "099720109477"
# AWS answers this one to everybody who is somebody.
NEEDS_NONE = {"sts:GetCallerIdentity"}
KINDS = {
    "ami": "image",
    "eipalloc": "elastic-ip",
    "eni": "network-interface",
    "i": "instance",
    "key": "key-pair",
    "sg": "security-group",
    "sir": "spot-instances-request",
    "snap": "snapshot",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
}
READS = ("Describe", "Get", "List")
CLOUD_SIDE = """
- hosts: localhost
  gather_facts: false
  roles: [lab_plan]
- hosts: localhost
  gather_facts: false
  vars_files: [{root}/playbooks/vars/cloud.yml]
  roles: [project_bundle, lab_image, lab_key, lab_network, lab_seats]
"""
# `make bake`, but for what is done on the seat.
BAKE = """
- hosts: localhost
  gather_facts: false
  roles: [{{role: lab_plan, lab_plan_purpose: image}}]
- hosts: localhost
  gather_facts: false
  vars_files: [{root}/playbooks/vars/cloud.yml]
  roles:
    - project_bundle
    - {{role: lab_bake, lab_bake_step: look}}
    - lab_key
    - lab_network
    - role: lab_seats
      vars: {{lab_seats_image_id: "{{{{ lab.image_id }}}}", lab_seats_root_device: "{{{{ lab.root_device }}}}"}}
    - {{role: lab_bake, lab_bake_set_up: true}}
"""
SIGNALS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - lab_signals: {name: test, region: us-east-1, folder: "{{ lab_folder }}", students: [ada], wait: 0}
"""


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def allowed_actions() -> set[str]:
    return {action for statement in POLICY["Statement"] for action in listed(statement["Action"])}


class Journey:
    """A class's life, verb by verb, and all that was asked on the way. What the test itself does is not counted."""

    def __init__(self, cloud: LocalCloud, folder: Path, program: Callable[..., Any]) -> None:
        self.cloud, self.folder, self.program = cloud, folder, program
        self.ec2 = cloud.client("ec2")
        self.calls: list[dict[str, Any]] = []
        self.tags: dict[str, dict[str, str]] = {}
        # What a call may name a thing by, besides its id.
        self.aliases: dict[str, str] = {}
        (folder / "cloud.yml").write_text(CLOUD_SIDE.format(root=ROOT))
        (folder / "signals.yml").write_text(SIGNALS)
        (folder / "bake.yml").write_text(BAKE.format(root=ROOT))

    def go(self, playbook: Path, succeeds: bool = True, **settings: Any) -> None:
        self.learn()
        controls = {
            "lab_class": "test",
            "lab_class_file": str(self.folder / "test.yml"),
            "lab_folder": str(self.folder / ".lab" / "test"),
            "lab_cloud_in_use": "localcloud",
            **dict.fromkeys(("lab_prune", "lab_yes", "lab_force", "lab_interactive", "lab_keep_image"), False),
            "lab_only": [],
            "lab_on_roster": ["ada", "mary"],
            "lab_cloud_answers": True,
            "lab_cloud_trouble": "",
            "lab_hosts_here": False,
        }
        given = {"lab_name": "test", "lab_students": ["ada", "grace"], **settings}
        own = {name: value for name, value in given.items() if name not in controls and name != "lab_allow_cidrs"}
        (self.folder / "test.yml").write_text(json.dumps(own))
        extra = json.dumps({**given, **controls, **{name: given[name] for name in controls if name in given}})
        self.watched("ansible-playbook", "-i", "inventory/localhost.yml", playbook, "-e", extra, succeeds=succeeds)

    def watched(self, *words: Any, succeeds: bool = True) -> None:
        last = self.cloud.requests()[-1]["id"]
        done = self.program(*words)
        self.calls += [each for each in self.cloud.requests() if each["id"] > last]
        assert (done.returncode == 0) == succeeds, done.stdout + done.stderr
        self.learn()

    def learn(self) -> None:
        """Tags are gone with what carries them, so they are looked at before and after each verb."""
        for each in self.ec2.describe_tags()["Tags"]:
            self.tags.setdefault(each["ResourceId"], {})[each["Key"]] = each["Value"]
        for each in self.ec2.describe_key_pairs()["KeyPairs"]:
            self.aliases[each["KeyName"]] = each["KeyPairId"]
        for each in self.ec2.describe_addresses()["Addresses"]:
            self.aliases[each.get("AssociationId", "")] = each["AllocationId"]
        for each in self.ec2.describe_network_interfaces()["NetworkInterfaces"]:
            self.aliases[each.get("Attachment", {}).get("AttachmentId", "")] = each["NetworkInterfaceId"]

    def seed(self, student: str) -> None:
        """All that `down` can meet, hanging on one seat."""
        seat = self.seat(student)
        marks = [{"Key": "Lab", "Value": "test"}, {"Key": "ManagedBy", "Value": "classlab"}]

        def tags(*kinds: str) -> list[dict[str, Any]]:
            return [{"ResourceType": kind, "Tags": marks} for kind in kinds]

        self.ec2.create_volume(AvailabilityZone="us-east-1a", Size=1, TagSpecifications=tags("volume"))
        address = self.ec2.allocate_address(TagSpecifications=tags("elastic-ip"))["AllocationId"]
        card = self.ec2.create_network_interface(
            SubnetId=seat["SubnetId"], TagSpecifications=tags("network-interface")
        )["NetworkInterface"]["NetworkInterfaceId"]
        other = self.ec2.run_instances(
            ImageId=next(each["Value"] for each in seat["Tags"] if each["Key"] == "BaseImage"),
            InstanceType="t3.micro",
            MinCount=1,
            MaxCount=1,
            SubnetId=seat["SubnetId"],
            TagSpecifications=tags("instance"),
        )["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[other], WaiterConfig={"Delay": 1})
        self.ec2.associate_address(InstanceId=other, AllocationId=address)
        self.ec2.attach_network_interface(InstanceId=other, NetworkInterfaceId=card, DeviceIndex=1)
        # It cannot be ended, so what hangs on it has to be taken off.
        self.ec2.modify_instance_attribute(InstanceId=other, DisableApiTermination={"Value": True})
        self.protected = other
        self.ec2.create_image(InstanceId=seat["InstanceId"], Name="test", TagSpecifications=tags("image", "snapshot"))
        self.ec2.create_key_pair(KeyName="stray", TagSpecifications=tags("key-pair"))

    def seat(self, student: str) -> dict[str, Any]:
        filters = [
            {"Name": "tag:Lab", "Values": ["test"]},
            {"Name": "tag:Student", "Values": [student]},
            {"Name": "instance-state-name", "Values": ["running", "stopped"]},
        ]
        found: dict[str, Any] = self.ec2.describe_instances(Filters=filters)["Reservations"][0]["Instances"][0]
        return found


@pytest.fixture
def journey(cloud: LocalCloud, run: Callable[..., Any], tmp_path: Path) -> Iterator[Journey]:
    yield Journey(cloud, tmp_path, run)


def test_enough_for_a_class_from_up_to_down_and_nothing_more(journey: Journey, greeting: int) -> None:
    up = journey.folder / "cloud.yml"
    bake = journey.folder / "bake.yml"
    journey.go(up, lab_tags={"Task": "lecture"}, lab_spot=True, lab_zones=["us-east-1a"])
    waiter = journey.ec2.get_waiter("instance_running")
    waiter.wait(InstanceIds=[journey.seat("ada")["InstanceId"]], WaiterConfig={"Delay": 1})
    journey.go(bake, lab_only=["image-builder"])
    journey.cloud.say({journey.seat("ada")["InstanceId"]: "classlab-ready ada access"})
    journey.go(journey.folder / "signals.yml")
    # No task any more, another student, one seat asleep, one no longer wanted.
    journey.go(up, lab_students=["ada", "mary"], lab_tags={}, lab_prune=True)
    journey.go(ROOT / "playbooks" / "stop.yml", lab_only=["mary"])
    marks = [{"Key": PORT_TAG, "Value": str(greeting)}]
    journey.ec2.create_tags(Resources=[journey.seat("mary")["InstanceId"]], Tags=marks)
    resize = ROOT / "playbooks" / "resize.yml"
    journey.go(resize, lab_only=["mary"], lab_type="t3.small", lab_ssh_port_tag=PORT_TAG)
    journey.go(up, lab_students=["ada", "mary"])
    assert journey.seat("mary")["ImageId"] == journey.ec2.describe_images(Owners=["self"])["Images"][0]["ImageId"]
    journey.go(ROOT / "playbooks" / "images.yml", lab_students=["ada", "mary"], lab_packages=[], lab_prune=True)
    # Nobody can enter a seat here, and so not all is ok.
    journey.go(ROOT / "playbooks" / "check.yml", succeeds=False, lab_students=["ada", "mary"])
    journey.watched("ansible-inventory", "-i", "inventory/lab.aws_ec2.yml", "--list")
    journey.go(ROOT / "playbooks" / "allow.yml", lab_students=["ada", "mary"], lab_allow_cidrs=["203.0.113.9/32"])
    journey.go(ROOT / "playbooks" / "extend.yml", lab_students=["ada", "mary"], lab_extend_hours=2)
    journey.seed("ada")
    journey.cloud.client("iam").create_user(UserName="anna")
    journey.cloud.client("s3").create_bucket(Bucket="a-bucket")
    journey.go(ROOT / "playbooks" / "audit.yml")
    journey.go(ROOT / "playbooks" / "down.yml", succeeds=False, lab_network_patience=1)
    journey.ec2.modify_instance_attribute(InstanceId=journey.protected, DisableApiTermination={"Value": False})
    journey.go(ROOT / "playbooks" / "down.yml")

    needed = {need for call in journey.calls for need in (call["iam_action"], *call["iam_also"])} - NEEDS_NONE
    explained = set(re.findall(r"^\| `([a-z0-9]+:[A-Za-z]+)` \|", PAGE, re.MULTILINE))
    assert needed - allowed_actions() == set(), "asked, but not in the policy"
    assert allowed_actions() - needed - explained == set(), "in the policy, but neither asked nor explained on the page"
    assert explained & needed == set(), "explained as never asked here, but it is"
    denied = {denial for call in journey.calls for denial in denials(call, journey)}
    assert not denied, "\n".join(sorted(denied))


def denials(call: dict[str, Any], journey: Journey) -> Iterator[str]:
    """What AWS would refuse of this call, by the policy's conditions."""
    service, action = call["iam_action"].split(":")
    if call["iam_action"] in NEEDS_NONE:
        return
    if service == "ssm":
        for name in call["parameters"]["Names"]:
            yield from refused(call["iam_action"], f"arn:aws:ssm:us-east-1::parameter{name}")
    elif service != "ec2" or (action.startswith(READS) and action != "GetConsoleOutput"):
        yield from refused(call["iam_action"], "*")
    else:
        born = call["parameters"].get("TagSpecifications", [])
        for each in born:
            asked = {f"aws:RequestTag/{tag['Key']}": tag["Value"] for tag in each["Tags"]}
            arn = f"arn:aws:ec2:us-east-1:{ACCOUNT}:{each['ResourceType']}/*"
            yield from refused(call["iam_action"], arn, asked)
            yield from refused("ec2:CreateTags", arn, {**asked, "ec2:CreateAction": action})
        # Names of what is being made are nobody's yet.
        new = ("TagSpecifications", "GroupName", *(["KeyName"] if action == "ImportKeyPair" else []))
        words = json.dumps({key: value for key, value in call["parameters"].items() if key not in new})
        named = {journey.aliases.get(each, each) for each in re.findall(r'"([^"]+)"', words)}
        ids = {each for each in named if re.fullmatch(rf"({'|'.join(KINDS)})-[0-9a-f]{{8,}}", each)}
        assert ids or born, f"{action}: on what? {words}"
        for each in ids:
            kind = KINDS[each.partition("-")[0]]
            holder = "" if kind == "image" and each not in journey.tags else ACCOUNT
            there = {f"aws:ResourceTag/{key}": value for key, value in journey.tags.get(each, {}).items()}
            owner = {"ec2:Owner": CANONICAL} if not holder else {}
            yield from refused(call["iam_action"], f"arn:aws:ec2:us-east-1:{holder}:{kind}/{each}", {**there, **owner})


def refused(action: str, arn: str, context: dict[str, str] | None = None) -> Iterator[str]:
    verdict = judge([SOURCE], action, arn, {key.lower(): [value] for key, value in (context or {}).items()})
    if verdict.decision != "allowed":
        yield f"{action} on {arn} with {context}"


OURS = {"aws:ResourceTag/ManagedBy": "classlab"}
BORN = {"aws:RequestTag/ManagedBy": "classlab"}


@pytest.mark.parametrize(
    ("action", "what", "context"),
    [
        ("ec2:TerminateInstances", f"{ACCOUNT}:instance/i-1", {"aws:ResourceTag/ManagedBy": "terraform"}),
        ("ec2:TerminateInstances", f"{ACCOUNT}:instance/i-1", {}),
        ("ec2:DeleteVolume", f"{ACCOUNT}:volume/vol-1", {}),
        ("ec2:RevokeSecurityGroupIngress", f"{ACCOUNT}:security-group/sg-1", {}),
        ("ec2:RunInstances", f"{ACCOUNT}:instance/*", {}),
        ("ec2:RunInstances", f"{ACCOUNT}:volume/*", {"aws:RequestTag/Name": "x"}),
        ("ec2:RunInstances", f"{ACCOUNT}:security-group/sg-1", BORN),
        ("ec2:RunInstances", ":image/ami-1", {"ec2:Owner": "111111111111"}),
        ("ec2:ImportKeyPair", f"{ACCOUNT}:key-pair/x", {}),
        # Nobody makes another's machine their own by tagging it.
        ("ec2:CreateTags", f"{ACCOUNT}:instance/i-1", BORN),
        ("ec2:GetConsoleOutput", f"{ACCOUNT}:instance/i-1", {}),
        ("ec2:RebootInstances", f"{ACCOUNT}:instance/i-1", OURS),
        ("iam:PassRole", f"{ACCOUNT}:role/admin", OURS),
    ],
)
def test_what_is_not_of_a_lab_is_out_of_reach(action: str, what: str, context: dict[str, str]) -> None:
    assert list(refused(action, f"arn:aws:ec2:us-east-1:{what}", context))


def test_aws_would_take_it() -> None:
    """The grammar of policies, and the size of a managed one: 6144 characters, blanks not counted."""
    assert set(POLICY) == {"Version", "Statement"} and POLICY["Version"] == "2012-10-17"
    sids = [statement["Sid"] for statement in POLICY["Statement"]]
    assert len(sids) == len(set(sids)) and all(re.fullmatch(r"[A-Za-z0-9]+", sid) for sid in sids)
    for statement in POLICY["Statement"]:
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        assert statement["Effect"] == "Allow"
        assert all(re.fullmatch(r"[a-z0-9]+:[A-Za-z]+", action) for action in listed(statement["Action"]))
        assert all(each == "*" or each.startswith("arn:aws:") for each in listed(statement["Resource"]))
        assert listed(statement["Action"]) == sorted(listed(statement["Action"]))
    assert len(re.sub(r"\s", "", json.dumps(POLICY))) <= 6144


def test_every_statement_is_explained() -> None:
    for statement in POLICY["Statement"]:
        assert f"`{statement['Sid']}`" in PAGE
