"""`make audit`: what an account has in all its regions, whose it is, what it costs, and what could not be asked."""

import csv
import io
import json
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from classlab import clock, money
from classlab.audit import Audit, audit
from classlab.audit.telling import lines, verdict
from classlab.audit.things import Thing
from classlab.command import clouds
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]
HOME, EAST, SOUTH = "us-east-1", "eu-west-1", "ap-southeast-2"
ALL = {"Owner": "anna", "Email": "a@example.org", "Project": "CS", "Task": "lab"}
OF_A_LAB = {"Lab": "cs101", "ManagedBy": "classlab", **ALL, "EndsAt": "2026-01-01T18:00:00Z"}
MICRO, GIB, ADDRESS = 0.0104, 0.08 / 730, 0.005
LONG = "a-bucket-with-a-name-that-is-longer-than-any-column-may-be"


def tags(**told: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in told.items()]


def marked(*kinds: str, **told: str) -> list[dict[str, Any]]:
    return [{"ResourceType": kind, "Tags": tags(**told)} for kind in kinds]


@dataclass
class Account:
    """An account of which nothing but the leftovers that a test has put there is known."""

    cloud: LocalCloud
    ids: dict[str, str] = field(default_factory=dict)

    def launch(self, region: str, kind: str, *specifications: Any) -> str:
        ec2 = self.cloud.client("ec2", region)
        image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
        asked = {"ImageId": image, "InstanceType": kind, "MinCount": 1, "MaxCount": 1}
        launched = ec2.run_instances(**asked, TagSpecifications=list(specifications))["Instances"][0]["InstanceId"]
        ec2.get_waiter("instance_running").wait(InstanceIds=[launched], WaiterConfig={"Delay": 1})
        return str(launched)

    def seed(self) -> None:
        home, east, south = (self.cloud.client("ec2", region) for region in (HOME, EAST, SOUTH))
        marks = marked("instance", Name="cs101-ada", **OF_A_LAB), marked("volume", **OF_A_LAB)
        self.ids["seat"] = self.launch(HOME, "t3.micro", *marks[0], *marks[1])
        self.ids["unpriced"] = self.launch(HOME, "g4dn.4xlarge", *marked("instance", **ALL, Lab="cs101"))
        home.create_key_pair(KeyName="old laptop")
        self.ids["group"] = home.create_security_group(GroupName="open", Description="x")["GroupId"]
        self.ids["asleep"] = self.launch(EAST, "m5.4xlarge")
        east.stop_instances(InstanceIds=[self.ids["asleep"]])
        east.get_waiter("instance_stopped").wait(InstanceIds=[self.ids["asleep"]], WaiterConfig={"Delay": 1})
        efs = self.cloud.client("efs", EAST)
        self.ids["files"] = efs.create_file_system(CreationToken="x", Tags=tags(Owner="x"))["FileSystemId"]
        where = {"LocationConstraint": EAST}
        self.cloud.client("s3", EAST).create_bucket(Bucket=LONG, CreateBucketConfiguration=where)
        self.cloud.client("s3", EAST).put_bucket_tagging(Bucket=LONG, Tagging={"TagSet": tags(**ALL)})
        self.cloud.client("s3", HOME).create_bucket(Bucket="plain")
        asked = {"AvailabilityZone": f"{SOUTH}a", "Size": 500}
        for kind in ("gp2", "gp3", "io2"):
            more = {"Iops": 1000} if kind == "io2" else {}
            self.ids[kind] = south.create_volume(**asked, VolumeType=kind, **more)["VolumeId"]
        self.ids["snapshot"] = south.create_snapshot(VolumeId=self.ids["gp3"])["SnapshotId"]
        self.ids["address"] = south.allocate_address()["AllocationId"]
        iam = self.cloud.client("iam")
        iam.create_user(UserName="anna")
        self.ids["key"] = iam.create_access_key(UserName="anna")["AccessKey"]["AccessKeyId"]


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with LocalCloud(hosts=False) as cloud:
        made = Account(cloud)
        made.seed()
        yield made


@pytest.fixture(autouse=True)
def aws(account: Account, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process talks to that account, and to nothing else."""
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    for name, value in account.cloud.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(money, "_told", {})
    yield
    account.cloud.clear_faults()


def look(days: int = 0) -> Audit:
    return audit(HOME, "localcloud", clock.now() + timedelta(days=days))


def by_id(found: Audit, account: Account) -> Callable[[str], Thing]:
    return lambda name: next(each for each in found.things if each.id == account.ids.get(name, name))


def test_what_lies_in_three_regions_is_found_and_judged(account: Account) -> None:
    found = look()
    assert found.unseen == [] and len(found.regions) == 20
    it = by_id(found, account)
    seat = it("seat")
    assert (seat.kind, seat.lab, seat.over, seat.lacks, seat.name) == ("instance", "cs101", True, [], "cs101-ada")
    assert seat.an_hour == pytest.approx(MICRO + ADDRESS)
    # Its name is not enough: whoever writes Lab=cs101 on a thing has not made it a lab's.
    assert (it("unpriced").lab, it("unpriced").an_hour, it("unpriced").note) == (
        "",
        None,
        "Lab=cs101, but not classlab's",
    )
    assert (it("asleep").an_hour, it("asleep").idle) == (0, "stopped: its disks bill on")
    [disk] = [each for each in found.things if each.kind == "volume" and each.region == EAST]
    assert disk.idle == "its instance is stopped" and disk.an_hour
    assert (it("gp3").idle, it("gp3").a_month) == ("attached to nothing", pytest.approx(500 * 0.096))
    assert it("gp2").a_month == pytest.approx(500 * 0.12), "by the price list: the table has gp3 alone"
    assert it("io2").an_hour is None, "it bills for more than its size"
    assert (it("address").idle, it("address").an_hour) == ("in use by nothing", ADDRESS)
    assert (it("snapshot").idle, it("snapshot").an_hour) == ("", None)
    assert (it("files").idle, it("files").lacks) == ("mounted nowhere", ["Email", "Project", "Task"])
    assert (it(LONG).region, it(LONG).lacks) == (EAST, [])
    assert (it("plain").region, it("plain").lacks) == (HOME, ["Owner", "Email", "Project", "Task"])
    assert it("group").an_hour == 0
    assert [each.name for each in found.things if each.kind == "key pair"] == ["old laptop"]
    assert not [each for each in found.things if each.name == "default"], "a network's own group is no leftover"


def test_the_most_expensive_comes_first_and_what_has_no_price_before_what_is_free() -> None:
    prices = [each.an_hour for each in look().things]
    known = [each for each in prices if each]
    assert prices[: len(known)] == sorted(known, reverse=True)
    rest = prices[len(known) :]
    assert rest == [None] * rest.count(None) + [0] * rest.count(0)


def test_old_snapshots_and_access_keys_are_pointed_out(account: Account) -> None:
    found = look(days=92)
    assert re.fullmatch("9[12] days old", by_id(found, account)("snapshot").idle)
    [key] = found.access_keys
    assert (key.user, key.id, key.active, key.old) == ("anna", account.ids["key"], True, True)
    told = "\n".join(lines(found))
    assert account.ids["key"] in told and "1 access key, 1 older than 90 days." in told
    assert "1 access key, none older than 90 days." in "\n".join(lines(look(days=89)))


def test_it_is_told_in_80_columns_with_what_it_comes_to(account: Account) -> None:
    found = look()
    told = lines(found)
    assert max(map(len, told)) <= 80
    text = " ".join(" ".join(told).split())
    assert f"volume {account.ids['gp2']} ap-southeast-2 OEPT 500 GiB gp2; attached to nothing" in text
    assert f"about {money.dollars(found.an_hour * 730)} a month" in text
    assert "Not counted, for their price is not known here: 2 buckets, 1 file system, 1 instance, " in text
    assert "Past their end: 1 instance, 1 volume (labs: cs101)." in text
    assert "Prices of AWS's price list, today, without tax and traffic." in text
    # Nobody is woken at night for what a rehearsal costs.
    assert "Nothing is billed here; on AWS it would be:" in text


def test_without_the_price_list_the_table_does_and_nothing_fails(account: Account) -> None:
    account.cloud.fault("pricing.GetProducts", "error=AccessDeniedException")
    found = look()
    assert found.unseen == []
    assert by_id(found, account)("gp2").an_hour is None
    assert by_id(found, account)("gp3").a_month == pytest.approx(500 * 0.096)
    assert found.prices == f"{money.as_of()}, from the table"


def test_a_region_that_does_not_answer_is_said_and_the_others_are_told(account: Account) -> None:
    account.cloud.fault("ec2.*", f"region={EAST}", "error=ServiceUnavailable")
    account.cloud.fault("efs.*", f"region={EAST}", "error=ServiceUnavailable")
    found = look()
    assert {each.region for each in found.unseen} == {EAST} and len(found.unseen) == 8
    assert {each.region for each in found.things if each.kind != "bucket"} == {HOME, SOUTH}
    first, *others = verdict(found).splitlines()
    assert first == "This is no full audit: what was not told of may be there, and bill."
    assert any(each.startswith("eu-west-1 did not tell of instances, ") for each in others)
    assert not found.as_document()["complete"]


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ("iam.ListUsers", "IAM did not tell of access keys: AccessDenied"),
        ("iam.ListAccessKeys", "IAM did not tell of access keys of anna: AccessDenied"),
        ("s3.ListBuckets", "S3 did not tell of buckets: AccessDenied"),
        ("s3.GetBucketTagging", f"eu-west-1 did not tell of tags of the bucket {LONG}: AccessDenied"),
    ],
)
def test_a_service_that_may_not_be_asked_is_said(account: Account, action: str, told: str) -> None:
    account.cloud.fault(action, "error=AccessDenied")
    found = look()
    assert told in verdict(found)
    if action == "s3.GetBucketTagging":
        assert by_id(found, account)("plain").lacks == [], "what is not known is not said to be missing"
        assert by_id(found, account)("plain").note == "its tags are not known"


def test_an_account_whose_regions_may_not_be_listed_is_not_fully_seen(account: Account) -> None:
    account.cloud.fault("ec2.DescribeRegions", "error=UnauthorizedOperation")
    found = look()
    assert found.regions == [HOME]
    assert "all other regions did not tell of everything" in verdict(found)


def make(account: Account, tmp_path: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "ANSIBLE_", "LAB_"))}
    given = {"MAKE_GIVEN": " ".join(variables), **variables}
    home = {"HOME": str(tmp_path), "LOCALCLOUD_HOME": str(account.cloud.home.folder)}
    words = [str(clouds.program("classlab")), "audit"]
    return subprocess.run(words, env={**own, **home, **given}, cwd=ROOT, capture_output=True, text=True)


def test_the_verb_needs_no_class_asks_only_and_gives_a_program_one_document(account: Account, tmp_path: Path) -> None:
    last = account.cloud.requests()[-1]["id"]
    done = make(account, tmp_path, CLOUD="localcloud", FORMAT="json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["verb"], document["ok"], document["complete"]) == ("audit", True, True)
    assert "class" not in document and "lab" not in document
    assert {each["region"] for each in document["things"]} == {HOME, EAST, SOUTH}
    asked = {each["action"] for each in account.cloud.requests() if each["id"] > last}
    assert {"DescribeInstances", "ListBuckets", "DescribeFileSystems", "ListAccessKeys", "GetProducts"} <= asked
    assert {each for each in asked if not each.startswith(("Describe", "List", "Get"))} == set()


def test_a_spreadsheet_gets_rows_alone_also_of_what_was_not_seen(account: Account, tmp_path: Path) -> None:
    account.cloud.fault("iam.ListUsers", "error=AccessDenied")
    done = make(account, tmp_path, CLOUD="localcloud", FORMAT="csv")
    assert done.returncode == 2
    assert "This is no full audit" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    [seat] = [each for each in rows if each["id"] == account.ids["seat"]]
    assert (seat["kind"], seat["region"], seat["lab"], seat["over"]) == ("instance", HOME, "cs101", "yes")
    assert [(each["kind"], each["state"]) for each in rows if each["state"] == "not seen"] == [
        ("access keys", "not seen")
    ]


def test_an_empty_account_is_said_to_be_empty() -> None:
    with LocalCloud(hosts=False) as cloud, pytest.MonkeyPatch.context() as patch:
        for name, value in cloud.env.items():
            patch.setenv(name, value)
        found = look()
    assert lines(found)[-1] == "Nothing was found that could bill."
    assert verdict(found) == ""
