# ruff: noqa: F401, F811 - fixtures are found by their names
"""`make check` where there are no hosts: what it finds here, in the account and of the lab, and that it only asks."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cloud_side import ENDS_AT, PORT_TAG, CloudSide, aws, bare, lab, tags
from plan_side import DEFAULTS

from classlab import settings
from classlab.check.checkup import Asked, Checkup, checkup
from classlab.cloud import seats
from classlab.plan import Request
from classlab.trust import keys, sshconfig

ROOT = Path(__file__).parents[2]
SOON = "2099-11-20T20:00:00Z"
WHO = {"Owner": "Ada", "Email": "ada@example.org", "Project": "CS", "Task": "lab"}


def ask(
    side: CloudSide, *only: str, cloud: str = "localcloud", trouble: str = "", answers: bool = True, **given: Any
) -> Checkup:
    values = {
        **settings.known(DEFAULTS),
        "lab_name": side.name,
        "lab_students": ["ada", "grace"],
        "lab_checkip_url": side.cloud.env["LOCALCLOUD_CHECKIP_URL"],
        "lab_tags": WHO,
        **given,
    }
    file = side.folder.path.parent.parent / "cs.yml"
    file.write_text(f"lab_name: {side.name}\n")
    request = Request(values, file, DEFAULTS, cloud, side.folder.path)
    return checkup(
        Asked(
            request=request,
            folder=side.folder,
            requirements=ROOT / "requirements.txt",
            answers=answers,
            trouble=trouble,
            students=only,
            port_tag=PORT_TAG,
            class_name="cs",
        )
    )


def wrong(found: Checkup, *groups: str) -> dict[str, str]:
    """What is not ok, in these groups or anywhere, by what it is about."""
    told: dict[str, str] = {}
    for each in found.told():
        if not each["ok"] and (not groups or each["group"] in groups):
            told[each["what"]] = f"{told.get(each['what'], '')}{each['said']}\n"
    return told


def fine(found: Checkup) -> dict[str, str]:
    return {each["what"]: each["said"] for each in found.told() if each["ok"]}


@pytest.fixture
def school(lab: CloudSide) -> CloudSide:
    """A lab as `make up` leaves it, but that nobody can enter its seats: there are none behind them."""
    [pair] = lab.client.describe_key_pairs(KeyNames=[lab.name])["KeyPairs"]
    marks = [{"Key": key, "Value": value} for key, value in lab.tags(**WHO).items()]
    lab.client.create_tags(Resources=[lab.group_id, pair["KeyPairId"]], Tags=marks)
    allow(lab, "127.0.0.1/32")
    keys.ensure_all(lab.folder, lab.name, "ed25519", ["ada", "grace"])
    for each in lab.up("ada", "grace", tags=lab.tags(**WHO)).found:
        lab.client.create_tags(Resources=[each.id], Tags=[{"Key": PORT_TAG, "Value": "1"}])
    follow(lab)
    lab.mark()
    return lab


def allow(lab: CloudSide, cidr: str) -> None:
    rule = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": cidr}]}
    lab.client.authorize_security_group_ingress(GroupId=lab.group_id, IpPermissions=[rule])


def follow(lab: CloudSide) -> None:
    sshconfig.follow(lab.folder, lab.name, [each for each in seats.of_lab(lab.ec2, lab.name) if each.living], PORT_TAG)


def seat(lab: CloudSide, student: str) -> str:
    return next(str(each["InstanceId"]) for each in lab.instances() if tags(each)["Student"] == student)


def drop(lab: CloudSide, thing: str, *names: str) -> None:
    lab.client.delete_tags(Resources=[thing], Tags=[{"Key": each} for each in names])


def put(lab: CloudSide, thing: str, **marks: str) -> None:
    lab.client.create_tags(Resources=[thing], Tags=[{"Key": key, "Value": value} for key, value in marks.items()])


def disk(lab: CloudSide, student: str) -> str:
    of = [{"Name": "attachment.instance-id", "Values": [seat(lab, student)]}]
    return str(lab.client.describe_volumes(Filters=of)["Volumes"][0]["VolumeId"])


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(each): (each.stat().st_mtime_ns, each.stat().st_mode) for each in [folder, *folder.rglob("*")]}


def test_a_lab_that_is_not_up_is_no_fault(bare: CloudSide) -> None:
    found = ask(bare)
    assert wrong(found) == {}
    told = fine(found)
    assert told["lab"] == "it is not up; `make up CLASS=cs` brings it up"
    assert "account 123456789012, region us-east-1" in told["credentials"]
    assert told["address"] == "`make up CLASS=cs` opens SSH to 127.0.0.1/32"
    assert "2 seats (t3.micro, 20 GiB, us-east-1)" in told["class file"]
    assert told["clock"] == "this computer's and the cloud's agree"
    assert {"ssh", "packages", "disk", "lab folder", "lock", "region", "quota"} <= told.keys()
    assert bare.changed_anything() == []
    assert not bare.folder.path.exists()


def test_all_is_well_and_nothing_is_changed(school: CloudSide) -> None:
    before = tree(school.folder.path.parent)
    found = ask(school)
    assert wrong(found, "here", "account", "lab") == {}
    told = fine(found)
    assert told["seats"] == "2 seats, for each student one"
    assert told["deadline"].startswith("2099-11-20 18:00 UTC")
    assert told["tags"] == "Lab, Owner, Email, Project, Task, ManagedBy and EndsAt are on all 6 things of the lab"
    assert told["address"] == "SSH is open to 127.0.0.1/32, and you come from 127.0.0.1/32"
    assert told["lab folder"].endswith("3 keys, for nobody's eyes but yours")
    # Nobody is behind them, and that is said without long waiting.
    refused = "It runs, but its SSH does not answer yet. Wait a minute, then `make up CLASS=cs STUDENT=%s`."
    assert wrong(found) == {f"{who}: ssh": f"{refused % who}\n" for who in ("ada", "grace")}
    assert found.seats == []
    assert school.requests() != [] and school.changed_anything() == []
    assert tree(school.folder.path.parent) == before


def test_another_address_than_the_rule_lets_in(school: CloudSide) -> None:
    # Let in is let in, whatever the class file would do next time.
    assert wrong(ask(school, lab_ssh_cidrs=["203.0.113.0/24"]), "account") == {}
    school.client.revoke_security_group_ingress(
        GroupId=school.group_id, IpProtocol="tcp", FromPort=22, ToPort=22, CidrIp="127.0.0.1/32"
    )
    allow(school, "198.51.100.0/24")
    said = wrong(ask(school), "account")["address"]
    assert (
        said == "You come from 127.0.0.1/32, and SSH is open to 198.51.100.0/24: `make allow CLASS=cs` lets you in.\n"
    )
    # Where the class file names another range, it would not do to open that one again.
    said = wrong(ask(school, lab_ssh_cidrs=["198.51.100.0/24"]), "account")["address"]
    assert "`make allow CLASS=cs CIDR=127.0.0.1/32` lets you in." in said


def test_the_whole_world_is_let_in_only_when_the_class_file_says_so(school: CloudSide) -> None:
    allow(school, "0.0.0.0/0")
    assert "open to the whole world" in wrong(ask(school), "account")["address"]
    assert wrong(ask(school, lab_ssh_cidrs=["0.0.0.0/0"]), "account") == {}


def test_who_would_not_be_let_in_knows_it_before_the_first_up(bare: CloudSide) -> None:
    said = wrong(ask(bare, lab_ssh_cidrs=["203.0.113.0/24"]))["address"]
    assert said == "You come from 127.0.0.1/32, which lab_ssh_cidrs (203.0.113.0/24) would not let in: add it there.\n"


def test_tags_that_up_writes_anew(school: CloudSide) -> None:
    drop(school, seat(school, "ada"), "Task")
    drop(school, disk(school, "ada"), "Task")
    drop(school, seat(school, "grace"), "Task")
    put(school, school.group_id, EndsAt="soon")
    said = wrong(ask(school), "lab")
    assert said == {
        "tags": "The seat of ada, grace lacks Task=lab. `make up CLASS=cs` writes what is missing.\n"
        "The security group lacks EndsAt. `make up CLASS=cs` writes what is missing.\n"
    }
    school.up("ada", "grace", tags=school.tags(**WHO))
    put(school, school.group_id, EndsAt=ENDS_AT)
    assert wrong(ask(school), "lab") == {}


@pytest.mark.parametrize("name", ["Owner", "ManagedBy", "Student"])
def test_tags_that_only_a_hand_writes(school: CloudSide, name: str) -> None:
    lost = disk(school, "ada")
    value = tags(school.client.describe_volumes(VolumeIds=[lost])["Volumes"][0])[name]
    drop(school, lost, name)
    said = wrong(ask(school), "lab")["tags"]
    command = f'`aws ec2 create-tags --resources {lost} --tags "Key={name},Value={value}"`'
    assert said == f"The disk of ada lacks {name}={value}. {command} writes what is missing.\n"
    put(school, lost, **{name: value})
    assert wrong(ask(school), "lab") == {}


def test_a_seat_that_has_lost_the_tag_by_which_it_is_known(school: CloudSide) -> None:
    lost = seat(school, "ada")
    drop(school, lost, "Lab")
    said = wrong(ask(school), "lab")
    assert said["seats"] == "ada has no seat: `make up CLASS=cs STUDENT=ada` brings it.\n"
    assert said["tags"].startswith(f"{lost} was launched with the lab's key, but lacks Lab={school.name}: `make down`")
    put(school, lost, Lab=school.name)
    assert wrong(ask(school), "lab") == {}


def test_seats_that_are_missing_or_nobodys(school: CloudSide) -> None:
    said = wrong(ask(school, lab_students=["ada", "mary"]), "lab")["seats"]
    assert said == (
        "mary has no seat: `make up CLASS=cs STUDENT=mary` brings it.\n"
        "grace is not on the roster, and has a seat: `make up CLASS=cs PRUNE=yes` removes it.\n"
    )
    drop(school, seat(school, "ada"), "Student")
    said = wrong(ask(school), "lab")["seats"]
    assert "ada has no seat" in said and "has no tag Student, so nobody works on it" in said


def test_what_a_bake_that_was_cut_off_has_left_is_nobodys_seat(school: CloudSide) -> None:
    school.up("ada", "grace", "image-builder", tags=school.tags(**WHO))
    left = seat(school, "image-builder")
    assert wrong(ask(school), "lab") == {
        "builder": f"{left} was launched by `make bake CLASS=cs`, and bills. Unless that is at work now: run it again, "
        "and it ends it.\n"
    }


def test_half_a_roster_calls_no_seat_nobodys(school: CloudSide) -> None:
    found = ask(school, lab_students=["ada", "Grace!"])
    assert list(wrong(found, "account", "lab")) == ["class file"]
    assert "seats" not in fine(found)


def test_a_student_with_two_seats(school: CloudSide) -> None:
    put(school, seat(school, "grace"), Student="ada", Name=f"{school.name}-ada")
    found = ask(school)
    assert "ada has 2 seats" in wrong(found, "lab")["seats"]
    assert wrong(found, "seats") == {}, "which of them is meant cannot be known"


def test_seats_that_sleep_are_told_of_and_not_entered(school: CloudSide) -> None:
    school.client.stop_instances(InstanceIds=[seat(school, "ada")])
    school.client.get_waiter("instance_stopped").wait(InstanceIds=[seat(school, "ada")], WaiterConfig={"Delay": 1})
    found = ask(school)
    assert fine(found)["asleep"] == "ada; `make start CLASS=cs` wakes them"
    assert list(wrong(found, "seats")) == ["grace: ssh"]


def test_a_deadline_that_is_over_or_not_the_same_for_all(school: CloudSide) -> None:
    put(school, seat(school, "ada"), EndsAt=SOON)
    assert "Seats end at different times, from 2099-11-20 18:00" in wrong(ask(school), "lab")["deadline"]
    put(school, seat(school, "ada"), EndsAt="2020-01-01T00:00:00Z")
    said = wrong(ask(school, "ada"), "lab")["deadline"]
    assert said.startswith("It is over, and ada is still there: `make extend CLASS=cs HOURS=2`")


def test_an_ssh_config_that_knows_other_addresses(school: CloudSide) -> None:
    put(school, seat(school, "ada"), **{PORT_TAG: "2"})
    assert wrong(ask(school), "lab")["ssh_config"] == (
        "The lab's ssh_config knows other addresses than the seats have: `make start CLASS=cs` writes it anew.\n"
    )
    follow(school)
    assert wrong(ask(school), "lab") == {}
    school.folder.ssh_config.unlink()
    assert "is not there" in wrong(ask(school), "lab")["ssh_config"]


def test_one_student_alone(school: CloudSide) -> None:
    drop(school, seat(school, "grace"), "Task")
    found = ask(school, "ada")
    assert wrong(found, "lab") == {}
    assert list(wrong(found, "seats")) == ["ada: ssh"]
    assert "Task=lab" in wrong(ask(school, "grace"), "lab")["tags"]
    said = wrong(ask(school, "mary", lab_students=["ada", "grace", "mary"]), "lab", "seats")
    assert said == {"seats": "mary has no seat: `make up CLASS=cs STUDENT=mary` brings it.\n"}


def test_a_quota_that_is_too_small(bare: CloudSide) -> None:
    students = [f"s{number}" for number in range(1000)]
    said = wrong(ask(bare, lab_students=students))
    assert list(said) == ["quota"]
    assert "is too small" in said["quota"] and "aws service-quotas request-service-quota-increase" in said["quota"]
    bare.cloud.fault("service-quotas.GetServiceQuota", "error=AccessDeniedException")
    assert "could not be read" in wrong(ask(bare))["quota"]


@pytest.mark.parametrize("error", ["ExpiredToken", "InvalidClientTokenId"])
def test_wrong_credentials_are_one_finding_and_the_rest_is_still_told(school: CloudSide, error: str) -> None:
    school.cloud.fault("sts.GetCallerIdentity", f"error={error}")
    said = wrong(ask(school))
    assert list(said) == ["credentials"]
    assert "aws sso login" in said["credentials"]


def test_an_address_that_cannot_be_asked(bare: CloudSide) -> None:
    said = wrong(ask(bare, lab_checkip_url="http://127.0.0.1:1/"))
    assert list(said) == ["address"]
    assert "could not be asked at http://127.0.0.1:1/" in said["address"]
    bare.cloud.fault("sts.GetCallerIdentity", "error=ExpiredToken")
    assert sorted(wrong(ask(bare, lab_checkip_url="http://127.0.0.1:1/"))) == ["address", "credentials"]


def test_what_may_not_be_asked_is_said(school: CloudSide) -> None:
    school.cloud.fault("ec2.DescribeSecurityGroups", "error=UnauthorizedOperation")
    assert "Your AWS user may not do ec2:DescribeSecurityGroups" in wrong(ask(school))["lab"]


def test_what_is_wrong_in_the_class_file(bare: CloudSide) -> None:
    said = wrong(ask(bare, cloud="aws", lab_tags={}, lab_hours=-1, lab_region="us-east-9"))
    assert sorted(said) == ["class file", "region"]
    assert (
        "On AWS lab_tags must tell whose bill it is" in said["class file"] and "lab_hours is -1" in said["class file"]
    )
    assert "lab_region 'us-east-9' does not exist" in said["region"]


def test_a_cloud_that_never_ran_is_no_fault_and_one_that_cannot_run_is(bare: CloudSide) -> None:
    found = ask(bare, answers=False)
    assert wrong(found) == {}
    assert fine(found)["cloud"] == "localcloud never ran here yet; `make up CLASS=cs` starts it"
    said = wrong(ask(bare, answers=False, trouble="It does not start.", lab_hours=-1))
    assert list(said) == ["class file", "cloud"]
    assert bare.requests() == []


def test_the_lines_suit_a_terminal(school: CloudSide) -> None:
    drop(school, seat(school, "ada"), "Task")
    lines = ask(school).say("localcloud")
    assert lines[0] == "This computer" and "The account on localcloud" in lines and "The lab" in lines
    assert all(len(each) <= 80 for each in lines)


def test_the_verb_tells_a_program_and_ends_with_1(school: CloudSide, run: Callable[..., Any], tmp_path: Path) -> None:
    own = {"lab_name": school.name, "lab_students": ["ada", "grace"], "lab_tags": WHO}
    (tmp_path / "cs.yml").write_text(json.dumps(own))
    controls = {
        "lab_class": "cs",
        "lab_class_file": str(tmp_path / "cs.yml"),
        "lab_folder": str(school.folder.path),
        "lab_cloud_in_use": "localcloud",
        "lab_cloud_answers": True,
        "lab_cloud_trouble": "",
        "lab_hosts_here": False,
        "lab_only": [],
        "lab_on_roster": ["ada", "grace"],
        "lab_force": False,
        "lab_keep_image": False,
    }
    words = ["-i", "inventory/localhost.yml", "playbooks/check.yml", "-e", json.dumps({**own, **controls})]
    shown = {"ANSIBLE_STDOUT_CALLBACK": "classlab", "LAB_SSH_PORT_TAG": PORT_TAG}
    done = run("ansible-playbook", *words, LAB_FORMAT="json", **shown)
    assert done.returncode == 2, done.stdout + done.stderr
    document = json.loads(done.stdout)
    assert [each["what"] for each in document["findings"] if not each["ok"]] == ["ada: ssh", "grace: ssh"]
    assert document["ok"] is False
    assert school.changed_anything() == []
    done = run("ansible-playbook", *words, **shown)
    assert done.stdout.splitlines()[-1] == f"{len(document['findings']) - 2} ok, 2 not ok."
