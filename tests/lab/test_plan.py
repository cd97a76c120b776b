"""The plan of a sound class, and the whole of it through the role."""

import json
import subprocess
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import yaml
from plan_side import JAMMY, NOBLE, Classroom, classroom

from classlab import clock
from localcloud import LocalCloud

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  roles: [lab_plan]
  post_tasks:
    - ansible.builtin.copy:
        content: "{{ lab_plan_result.lab | to_json }}"
        dest: "{{ lab_folder }}/plan.json"
        mode: "0600"
      changed_when: false
"""


@pytest.fixture
def room(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    yield from classroom(cloud, tmp_path, monkeypatch)


def test_a_plan_has_all_that_the_cloud_roles_need(room: Classroom) -> None:
    now = clock.now()
    tags = {"Owner": "Ada", "Email": "ada@example.org", "Project": "CS", "Task": ""}
    plan = room.plan(lab_tags=tags, lab_hours=2, lab_web=True, lab_students=[{"name": "ada", "email": "a@example.org"}])
    ends_at = clock.tagged(plan["ends_at"])
    assert ends_at and timedelta() <= ends_at - now - timedelta(hours=2) < timedelta(seconds=30)
    assert plan["tags"] == {
        "Lab": "test",
        "Owner": "Ada",
        "Email": "ada@example.org",
        "Project": "CS",
        "EndsAt": plan["ends_at"],
        "ManagedBy": "classlab",
    }
    assert plan["seats"] == [{"student": "ada", "name": "test-ada", "email": "a@example.org", "ssh_key": ""}]
    assert (plan["region"], plan["account"], plan["web"], plan["ubuntu"]) == (
        "us-east-1",
        "123456789012",
        True,
        "24.04",
    )
    assert plan["image_id"].startswith("ami-") and "noble" in plan["image_name"]
    assert plan["ssh_cidrs"] == ["127.0.0.1/32"]
    assert plan["leaving"] == []
    assert plan["hourly"] == pytest.approx(0.0104 + 0.005 + 20 * 0.08 / 730, abs=1e-5)
    assert plan["total"] == pytest.approx(2 * plan["hourly"], rel=0.01)
    json.dumps(plan)


def test_zones_that_do_not_offer_the_type_are_left_out(room: Classroom) -> None:
    plan = room.plan()
    zones = [each["zone"] for each in plan["placements"]]
    assert zones == ["us-east-1a", "us-east-1b", "us-east-1c", "us-east-1d", "us-east-1f"]
    found = room.cloud.client("ec2").describe_subnets(SubnetIds=[each["subnet_id"] for each in plan["placements"]])
    assert {each["VpcId"] for each in found["Subnets"]} == {plan["vpc_id"]}


def test_zones_are_tried_in_the_order_that_the_class_gives(room: Classroom) -> None:
    plan = room.plan(lab_zones=["us-east-1c", "us-east-1a", "us-east-1e"])
    assert [each["zone"] for each in plan["placements"]] == ["us-east-1c", "us-east-1a"]


def test_subnets_are_tried_in_the_order_that_the_class_gives(room: Classroom) -> None:
    first, second = (each["subnet_id"] for each in room.plan()["placements"][:2])
    plan = room.plan(lab_subnet_ids=[second, first])
    assert [each["subnet_id"] for each in plan["placements"]] == [second, first]


def test_the_other_ubuntu_has_an_image_of_its_own(room: Classroom) -> None:
    plan = room.plan(lab_ubuntu="22.04")
    assert "jammy" in plan["image_name"] and plan["ubuntu"] == "22.04"


def test_the_questions_are_few_and_change_nothing(room: Classroom) -> None:
    room.seat("ada")
    before = len(room.cloud.requests())
    room.plan(lab_zones=["us-east-1a"])
    asked = room.actions(before)
    assert len(asked) <= 14, asked
    assert all(action.startswith(("Describe", "Get")) for action in asked), asked


def test_no_question_is_asked_of_a_class_whose_credentials_fail(room: Classroom) -> None:
    room.cloud.fault("sts.GetCallerIdentity", "error=ExpiredToken")
    before = len(room.cloud.requests())
    assert "run out" in room.problem()
    assert set(room.actions(before)) == {"GetCallerIdentity", "DescribeRegions"}


# What is told


def test_a_rehearsal_says_that_it_is_free_and_what_aws_would_take(room: Classroom) -> None:
    first, *others = room.check(lab_hours=8).say
    assert first.startswith("test: 2 seats (t3.micro, 20 GiB, us-east-1), to end in 8 hours, at ")
    told = "\n".join(others)
    assert "This run is free. On AWS a seat would cost $0.0176 an hour" in told
    assert "instance $0.0104, volume $0.0022, address $0.0050" in told
    assert "The lab would cost $0.0352 an hour, $0.28 in all until its end, and $5.91 for a week" in told


def test_on_aws_it_is_told_as_a_bill_with_the_age_of_the_prices(room: Classroom) -> None:
    tags = dict.fromkeys(("Owner", "Project", "Task"), "x") | {"Email": "a@example.org"}
    told = room.told(cloud="aws", lab_tags=tags)
    assert "A seat costs $0.0176" in told and "free" not in told
    assert "Prices of AWS's price list, today, without tax and traffic; see https://aws.amazon.com/" in told


def test_spot_costs_at_most_that(room: Classroom) -> None:
    assert "would cost at most $0.0176" in room.told(lab_spot=True)


def test_an_unknown_price_is_told_as_unknown(room: Classroom) -> None:
    checked = room.check(lab_instance_type="g4dn.4xlarge", lab_students=["ada"])
    assert checked.problems == [] and checked.plan["hourly"] is None and checked.plan["total"] is None
    assert any("cost is unknown" in line and "g4dn.4xlarge" in line for line in checked.say)


def test_the_open_world_is_pointed_out(room: Classroom) -> None:
    assert "whole world" in room.told(lab_ssh_cidrs=["0.0.0.0/0"])
    assert room.plan(lab_ssh_cidrs=["203.0.113.0/24"])["ssh_cidrs"] == ["203.0.113.0/24"]


# Seats that are there


def test_the_image_and_the_end_are_those_of_the_seats_that_are_there(room: Classroom) -> None:
    later = clock.written(clock.now() + timedelta(hours=5))
    room.seat("ada", image=JAMMY, tags={"EndsAt": clock.written(clock.now() + timedelta(hours=1))})
    room.seat("bob", image=JAMMY, tags={"EndsAt": later})
    checked = room.check(lab_students=["ada", "bob", "grace"])
    assert checked.problems == []
    assert checked.plan["ends_at"] == checked.plan["tags"]["EndsAt"] == later
    assert "jammy" in checked.plan["image_name"] and checked.plan["ubuntu"] == "22.04"
    assert any("lab_ubuntu is 24.04, but the lab runs 22.04" in line for line in checked.say)


def test_a_stopped_seat_is_there_and_a_terminated_one_is_not(room: Classroom) -> None:
    stopped, gone = room.seat("ada", image=JAMMY), room.seat("grace", image=NOBLE)
    ec2 = room.cloud.client("ec2")
    ec2.stop_instances(InstanceIds=[stopped])
    ec2.terminate_instances(InstanceIds=[gone])
    ec2.get_waiter("instance_stopped").wait(InstanceIds=[stopped], WaiterConfig={"Delay": 1})
    assert "jammy" in room.plan()["image_name"]


def test_a_deadline_that_has_passed_gives_way_to_a_new_one(room: Classroom) -> None:
    room.seat("ada", tags={"EndsAt": clock.written(clock.now() - timedelta(minutes=5))})
    ends_at = clock.tagged(room.plan(lab_hours=3)["ends_at"])
    assert ends_at and ends_at > clock.now() + timedelta(hours=2, minutes=59)


@pytest.mark.parametrize("tag", ["friday", ""])
def test_a_deadline_that_somebody_garbled_gives_way_to_a_new_one(room: Classroom, tag: str) -> None:
    room.seat("ada", tags={"EndsAt": tag})
    ends_at = clock.tagged(room.plan(lab_hours=3)["ends_at"])
    assert ends_at and ends_at > clock.now() + timedelta(hours=2, minutes=59)


def test_a_deadline_in_the_class_file_wins_and_that_is_told(room: Classroom) -> None:
    room.seat("ada", tags={"EndsAt": clock.written(clock.now() + timedelta(hours=1))})
    wanted = clock.now() + timedelta(hours=4)
    checked = room.check(lab_ends_at=clock.written(wanted))
    assert checked.plan["ends_at"] == clock.written(wanted)
    assert any("moves the end of the lab" in line for line in checked.say)


def test_who_left_the_roster_is_told_to_go_on_billing(room: Classroom) -> None:
    for student in ("ada", "grace"):
        room.seat(student)
    stays = room.check(lab_students=["ada"])
    assert stays.plan["leaving"] == ["grace"]
    assert any(line.startswith("grace is no longer on the roster") and "PRUNE=yes" in line for line in stays.say)
    goes = room.check(lab_students=["ada"], prune=True)
    assert goes.plan["leaving"] == ["grace"]
    # The seat that goes on is in the reckoning, the one that goes is not.
    assert stays.plan["hourly"] == pytest.approx(2 * goes.plan["hourly"], rel=1e-4)


def test_what_a_bake_has_left_is_told_and_is_nobody_who_leaves(room: Classroom) -> None:
    room.seat("ada")
    room.seat("image-builder")
    checked = room.check()
    assert (checked.plan["leaving"], checked.plan["new"]) == ([], ["grace"])
    assert any("was launched by `make bake`, which was cut off" in line for line in checked.say)


def test_a_changed_type_acts_on_new_seats_only_and_that_is_told(room: Classroom) -> None:
    room.seat("ada", InstanceType="t3.small")
    checked = room.check()
    assert checked.plan["instance_type"] == "t3.micro"
    assert any("there are seats of t3.small" in line for line in checked.say)


def test_the_cost_counts_from_the_launch_of_each_seat(room: Classroom) -> None:
    ends_at = clock.written(clock.now() + timedelta(hours=8))
    room.seat("ada", tags={"EndsAt": ends_at})
    room.seat("grace", tags={"EndsAt": ends_at}, InstanceType="t3.large")
    large, micro = 0.0832, 0.0104
    assert room.plan()["total"] == pytest.approx(8 * (large + micro + 2 * (0.005 + 20 * 0.08 / 730)), rel=0.01)


# Through the role


def test_the_role_sets_the_fact_lab_and_changes_nothing_but_remembers_where(
    run: Callable[..., subprocess.CompletedProcess[str]], room: Classroom
) -> None:
    ends_at = clock.written(clock.now() + timedelta(hours=3))
    room.class_file.write_text(yaml.safe_dump({"lab_name": "test", "lab_students": ["ada"], "lab_ends_at": ends_at}))
    book = room.folder / "play.yml"
    book.write_text(PLAY)
    controls = {
        "lab_class": "test",
        "lab_class_file": str(room.class_file),
        "lab_folder": str(room.lab_folder),
        "lab_cloud_in_use": "localcloud",
        "lab_prune": False,
    }
    given = ["-e", f"@{room.class_file}", "-e", json.dumps(controls)]
    done = run("ansible-playbook", book, *given, ANSIBLE_ROLES_PATH="roles")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "changed=0" in done.stdout
    plan = json.loads((room.lab_folder / "plan.json").read_text())
    assert plan["name"] == "test" and plan["ends_at"] == ends_at
    assert [each["name"] for each in plan["seats"]] == ["test-ada"]
    assert (room.lab_folder / "region").read_text() == "us-east-1\n"
