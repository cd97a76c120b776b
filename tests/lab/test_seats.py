# ruff: noqa: F401, F811 - fixtures are found by their names
"""Seats: exactly the missing ones are launched, nothing is launched twice, and what cannot be had is named."""

import threading
from typing import Any

import pytest
from cloud_side import ENDS_AT, LATER, REGION, CloudSide, Play, aws, bare, lab, play, tags

from classlab.cloud import seats
from classlab.cloud.launch import AT_ONCE
from classlab.cloud.userdata import FirstBoot, UserDataError
from classlab.day.reset import reset
from classlab.errors import CloudError


def test_a_seat_is_launched_as_a_class_needs_it(lab: CloudSide) -> None:
    brought = lab.up("ada", "grace")
    assert [seat.student for seat in brought.found] == ["ada", "grace"]
    assert all(seat.state == "running" and seat.address for seat in brought.found)
    asked = {each["parameters"]["NetworkInterfaces"][0]["SubnetId"]: each for each in lab.requests("RunInstances")}
    assert set(asked) == {lab.places[0].subnet_id} and len(lab.requests("RunInstances")) == 2
    instance = lab.instances()[0]
    assert instance["MetadataOptions"]["HttpTokens"] == "required"
    assert instance["MetadataOptions"]["HttpPutResponseHopLimit"] == 1
    assert instance["MetadataOptions"]["InstanceMetadataTags"] == "disabled"
    assert instance["KeyName"] == lab.name and instance["SecurityGroups"][0]["GroupId"] == lab.group_id
    volume = lab.client.describe_volumes(VolumeIds=[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"]
    assert (volume[0]["Encrypted"], volume[0]["VolumeType"], volume[0]["Size"]) == (True, "gp3", 20)
    assert len(instance["BlockDeviceMappings"]) == 1, "another name than the image's root disk adds a second disk"
    ends = lab.client.describe_instance_attribute(
        InstanceId=instance["InstanceId"], Attribute="instanceInitiatedShutdownBehavior"
    )
    assert ends["InstanceInitiatedShutdownBehavior"]["Value"] == "terminate"


def test_all_tags_are_there_at_birth(lab: CloudSide) -> None:
    lab.up("ada")
    (request,) = lab.requests("RunInstances")
    born = {each["ResourceType"]: tags(each) for each in request["parameters"]["TagSpecifications"]}
    wanted = {**lab.tags(), "Name": f"{lab.name}-ada", "Student": "ada"}
    assert born == {"instance": wanted, "volume": wanted, "network-interface": wanted}
    assert lab.requests("CreateTags") == []


def test_a_second_up_asks_one_question_and_changes_nothing(lab: CloudSide) -> None:
    first = lab.up("ada", "grace")
    lab.mark()
    second = lab.up("ada", "grace")
    assert [each["action"] for each in lab.requests()] == ["DescribeInstances"]
    assert not second.changed and second.found == first.found and second.say == []


def test_a_new_student_gets_a_seat_and_nobody_else_notices(lab: CloudSide) -> None:
    before = {seat.id for seat in lab.up("ada").found}
    brought = lab.up("ada", "grace")
    assert brought.launched == ["grace"]
    assert before < {seat.id for seat in brought.found} and len(brought.found) == 2


def test_the_next_zone_is_tried_when_one_has_no_room(lab: CloudSide) -> None:
    lab.cloud.fault("capacity", "zone=us-east-1a", "type=t3.micro", "left=2")
    students = [f"s{number:02}" for number in range(15)]
    brought = lab.up(*students)
    assert len(brought.found) == 15 and not brought.refused
    assert lab.zones() == {"us-east-1a": 2, "us-east-1b": 13}
    in_vain = [each for each in lab.requests("RunInstances") if each["error"]]
    assert len(in_vain) <= AT_ONCE, "a zone without room was asked again"


def test_what_cannot_be_had_is_named_and_the_next_up_adds_it(lab: CloudSide) -> None:
    for place in lab.places:
        lab.cloud.fault("capacity", f"zone={place.zone}", "type=t3.micro", f"left={int(place.zone[-1] in 'ab')}")
    brought = lab.up("ada", "alan", "grace", "linus")
    assert len(brought.found) == 2 and len(brought.refused) == 2
    told = next(iter(brought.refused.values()))
    assert "us-east-1a has no room for another t3.micro" in told and "make up" in told
    assert "2 seats could not be had" in brought.say[-1]
    existing = {seat.id for seat in brought.found}
    lab.cloud.clear_faults()
    again = lab.up("ada", "alan", "grace", "linus")
    assert sorted(again.launched) == sorted(brought.refused)
    assert existing < {seat.id for seat in again.found} and len(again.found) == 4


def test_a_zone_that_does_not_offer_the_type_is_passed_over(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "error=Unsupported", "next=1")
    brought = lab.up("ada")
    assert not brought.refused and lab.zones() == {"us-east-1b": 1}


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("VcpuLimitExceeded", "quota of vCPUs"),
        ("MaxSpotInstanceCountExceeded", "lab_spot: false"),
        ("UnauthorizedOperation", "docs/aws-permissions.md"),
    ],
)
def test_what_holds_for_all_is_not_asked_for_each(lab: CloudSide, error: str, told: str) -> None:
    lab.cloud.fault("ec2.RunInstances", f"error={error}")
    students = [f"s{number:02}" for number in range(25)]
    brought = lab.up(*students)
    assert sorted(brought.refused) == students and brought.found == []
    assert all(told in reason for reason in brought.refused.values())
    assert len(lab.requests("RunInstances")) <= AT_ONCE


def test_throttling_passes_and_ends(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "error=RequestLimitExceeded", "next=4")
    assert len(lab.up("ada", "grace").found) == 2
    lab.cloud.fault("ec2.RunInstances", "error=RequestLimitExceeded")
    lab.mark()
    brought = lab.up("ada", "grace", "linus", patience=2)
    assert "asked too often" in brought.refused["linus"] and len(brought.found) == 2
    assert len(lab.requests("RunInstances")) < 10


def test_a_class_is_launched_as_fast_as_ec2_lets_it(lab: CloudSide) -> None:
    """AWS keeps five launches in store and lets two more begin a second; here it is four, to be quicker."""
    lab.cloud.fault("ec2.RunInstances", "error=RequestLimitExceeded", "rate=4", "burst=5")
    students = [f"s{number:02}" for number in range(25)]
    # Not even half as long as it takes in all: nobody gives up while others are answered.
    brought = lab.up(*students, patience=2)
    assert len(brought.found) == 25 and not brought.refused
    refused = [each for each in lab.requests("RunInstances") if each["error"]]
    assert AT_ONCE / 3 < len(refused) < 25 / 2 + AT_ONCE, "it is not asked again and again what is refused"


def test_throttling_without_end_is_found_out_once(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "error=RequestLimitExceeded")
    brought = lab.up(*(f"s{number:02}" for number in range(60)), patience=2)
    assert len(brought.refused) == 60 and "asked too often" in brought.refused["s59"]
    assert len(lab.requests("RunInstances")) < 4 * AT_ONCE


def test_a_lost_answer_launches_nothing_twice(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "drop=answer", "next=3")
    brought = lab.up("ada", "grace", "linus", "mary")
    assert len(brought.found) == 4
    assert lab.students() == ["ada", "grace", "linus", "mary"]


def test_new_seats_that_ec2_does_not_tell_of_yet_are_waited_for(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "hide=2")
    brought = lab.up("ada", "grace")
    assert len(brought.found) == 2 and not brought.refused


@pytest.mark.parametrize("ends_at", [ENDS_AT, LATER])
def test_killed_after_the_launch_the_next_up_has_the_same_seat(lab: CloudSide, ends_at: str) -> None:
    """Without answer, and hidden: the next `up` sees nothing, and comes with another deadline perhaps."""
    lab.cloud.fault("ec2.RunInstances", "hide=2")
    ids = lab.launcher({}).all(["ada", "grace"]).ids
    assert lab.instances() == []
    brought = lab.up("ada", "grace", first_boot=FirstBoot("#!/bin/sh\n", ends_at), tags=lab.tags(EndsAt=ends_at))
    assert {seat.student: seat.id for seat in brought.found} == ids
    assert lab.students() == ["ada", "grace"]


def test_two_teachers_at_the_same_moment_have_one_lab(lab: CloudSide, tmp_path: Any) -> None:
    """On two computers, so with other one-use keys."""
    other = CloudSide(lab.cloud, lab.ec2, lab.name, type(lab.folder)(tmp_path / "other"), lab.group_id)
    found: list[Any] = []
    both = [threading.Thread(target=lambda side=each: found.append(side.up("ada", "grace"))) for each in (lab, other)]  # type: ignore[misc]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert lab.students() == ["ada", "grace"]
    assert [len(each.found) for each in found] == [2, 2]


def test_a_seat_that_was_terminated_is_launched_anew(lab: CloudSide) -> None:
    (first,) = lab.up("ada").found
    lab.client.terminate_instances(InstanceIds=[first.id])
    brought = lab.up("ada")  # while it is shutting down, at the latest just after
    assert brought.launched == ["ada"] and brought.found[0].id != first.id


def test_so_it_is_when_ec2_has_forgotten_it_but_not_its_token(lab: CloudSide) -> None:
    (first,) = lab.up("ada").found
    lab.client.terminate_instances(InstanceIds=[first.id])
    lab.client.get_waiter("instance_terminated").wait(InstanceIds=[first.id], WaiterConfig={"Delay": 1})
    launched = lab.launcher({}).all(["ada"])
    assert launched.ids["ada"] not in ("", first.id)
    lab.client.terminate_instances(InstanceIds=[launched.ids["ada"]])
    lab.cloud.fault("ec2.RunInstances", "error=IdempotentInstanceTerminated", "next=2")
    assert lab.launcher({}).all(["ada"]).ids["ada"] not in (first.id, launched.ids["ada"])


def test_a_token_that_ec2_keeps_of_a_failed_launch_holds_nobody_up(lab: CloudSide) -> None:
    """There it is, with other words, but no instance has it."""
    lab.cloud.fault("ec2.RunInstances", "error=IdempotentParameterMismatch", "next=1")
    launcher = lab.launcher({})
    launcher.hidden = 1.5
    assert list(launcher.all(["ada"]).ids) == ["ada"] and lab.students() == ["ada"]
    tokens = [each["parameters"]["ClientToken"] for each in lab.requests("RunInstances")]
    assert len(set(tokens)) == 2


def test_stopped_seats_are_started(lab: CloudSide) -> None:
    ids = [seat.id for seat in lab.up("ada", "grace").found]
    lab.client.stop_instances(InstanceIds=ids)  # stopping, or stopped already
    brought = lab.up("ada", "grace")
    assert sorted(brought.started) == ["ada", "grace"] and brought.launched == []
    assert sorted(seat.id for seat in brought.found) == sorted(ids)
    assert all(seat.state == "running" for seat in brought.found)


def test_a_stopped_seat_whose_deadline_is_over_is_not_started(lab: CloudSide) -> None:
    """It would end itself as soon as it runs, with the student's work."""
    ada = lab.up("ada").found[0]
    lab.client.stop_instances(InstanceIds=[ada.id])
    lab.client.get_waiter("instance_stopped").wait(InstanceIds=[ada.id], WaiterConfig={"Delay": 1})
    lab.client.create_tags(Resources=[ada.id], Tags=[{"Key": "EndsAt", "Value": "2026-01-01T00:00:00Z"}])
    brought = lab.up("ada", "grace")
    assert brought.launched == ["grace"]
    assert brought.started == []
    assert "was not started: its deadline, 2026-01-01 00:00 UTC, is over" in brought.refused["ada"]


def test_the_seat_of_who_left_is_ended_only_when_asked(lab: CloudSide) -> None:
    by_student = {seat.student: seat.id for seat in lab.up("ada", "grace").found}
    brought = lab.up("ada", leaving=["grace"])
    assert not brought.changed and len(brought.found) == 2
    pruned = lab.up("ada", leaving=["grace"], prune=True)
    assert pruned.ended == ["grace"] and [seat.id for seat in pruned.found] == [by_student["ada"]]
    assert lab.students() == ["ada"]


def test_two_seats_of_one_student_are_told_of_and_not_touched(lab: CloudSide) -> None:
    lab.up("ada", "grace")
    twin = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in lab.tags(Student="ada").items()]}]
    lab.client.run_instances(ImageId=lab.image, MinCount=1, MaxCount=1, TagSpecifications=twin)
    lab.mark()
    brought = lab.up("ada", "grace")
    assert [seat.student for seat in brought.found] == ["grace"]
    assert "There are 2 seats of ada" in brought.refused["ada"]
    assert not {"RunInstances", "TerminateInstances", "StopInstances"} & set(lab.changed_anything())


def test_changed_tags_are_written_to_all_in_one_request(lab: CloudSide) -> None:
    lab.up("ada", "grace", "linus")
    lab.mark()
    brought = lab.up("ada", "grace", "linus", tags=lab.tags(EndsAt=LATER, Owner="Ada L."), launch=False)
    assert lab.changed_anything() == ["CreateTags"] and len(brought.retagged) == 3
    instance = lab.instances()[0]
    volume = lab.client.describe_volumes(VolumeIds=[instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"]
    for thing in (instance, volume[0], instance["NetworkInterfaces"][0]):
        if "TagSet" not in thing and "Tags" not in thing:
            id_ = thing["NetworkInterfaceId"]
            thing = lab.client.describe_network_interfaces(NetworkInterfaceIds=[id_])["NetworkInterfaces"][0]
        assert tags(thing)["EndsAt"] == LATER and tags(thing)["Owner"] == "Ada L."
    assert {seat.student: seat.tags["Student"] for seat in brought.found} == {n: n for n in ("ada", "grace", "linus")}


def test_nothing_is_launched_when_the_first_boot_cannot_be_told(lab: CloudSide) -> None:
    too_long = FirstBoot("#!/bin/sh\n", ENDS_AT, "#!/bin/sh\n" + "# long\n" * 4000)
    with pytest.raises(UserDataError, match="16384 bytes"):
        lab.up("ada", first_boot=too_long)
    assert lab.changed_anything() == []


def test_spot_seats_are_asked_for_and_their_requests_go(lab: CloudSide) -> None:
    lab.up("ada", spot=True)
    (request,) = lab.requests("RunInstances")
    assert request["parameters"]["InstanceMarketOptions"]["MarketType"] == "spot"
    kinds = [each["ResourceType"] for each in request["parameters"]["TagSpecifications"]]
    assert "spot-instances-request" in kinds
    seats.end_all(lab.ec2, lab.name, REGION, 30)
    asked = lab.client.describe_spot_instance_requests()["SpotInstanceRequests"]
    assert {each["State"] for each in asked if tags(each).get("Lab") == lab.name} <= {"cancelled", "closed"}


def test_all_seats_end_in_whatever_state_and_nobody_elses(lab: CloudSide) -> None:
    found = lab.up("ada", "grace", "linus").found
    lab.client.stop_instances(InstanceIds=[found[0].id])
    foreign = []
    for strange in ({"Lab": lab.name}, {"ManagedBy": "classlab", "Lab": f"{lab.name}-2"}, {"ManagedBy": "classlab"}):
        specification = [{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in strange.items()]}]
        made = lab.client.run_instances(ImageId=lab.image, MinCount=1, MaxCount=1, TagSpecifications=specification)
        foreign.append(made["Instances"][0]["InstanceId"])
    ended = seats.end_all(lab.ec2, lab.name, REGION, 30)
    assert sorted(seat.student for seat in ended.seats) == ["ada", "grace", "linus"] and ended.left == {}
    assert {each["InstanceId"] for each in lab.instances("terminated")} == {seat.id for seat in found}
    states = lab.client.describe_instances(InstanceIds=foreign)["Reservations"]
    assert all(each["State"]["Name"] in ("pending", "running") for r in states for each in r["Instances"])
    lab.mark()
    assert seats.end_all(lab.ec2, lab.name, REGION, 30).seats == [] and lab.changed_anything() == []
    lab.client.terminate_instances(InstanceIds=foreign)


def test_a_protected_seat_is_named_and_the_others_end(lab: CloudSide) -> None:
    found = {seat.student: seat.id for seat in lab.up("ada", "grace").found}
    lab.client.modify_instance_attribute(InstanceId=found["ada"], DisableApiTermination={"Value": True})
    ended = seats.end_all(lab.ec2, lab.name, REGION, 30)
    assert [seat.student for seat in ended.seats] == ["grace"]
    (left,) = ended.left.values()
    assert f"--instance-id {found['ada']} --no-disable-api-termination" in left[1]
    assert lab.students() == ["ada"]
    lab.client.modify_instance_attribute(InstanceId=found["ada"], DisableApiTermination={"Value": False})


def test_down_finds_a_seat_that_a_killed_up_has_just_launched(lab: CloudSide) -> None:
    lab.cloud.fault("ec2.RunInstances", "hide=1.5")
    ids = lab.launcher({}).all(["ada"]).ids
    ended = seats.end_all(lab.ec2, lab.name, REGION, 30, expected=10)
    assert [seat.id for seat in ended.seats] == [ids["ada"]]


def test_a_name_that_would_match_every_lab_is_refused(bare: CloudSide) -> None:
    for name in ("", "*", "lab-?"):
        with pytest.raises(Exception, match="lab_name"):
            seats.of_lab(bare.ec2, name)
    assert bare.requests() == []


def test_the_role_sets_its_facts(lab: CloudSide, play: Play) -> None:
    lab.cloud.fault("ec2.RunInstances", "error=VcpuLimitExceeded", "every=2")
    played = play(
        ["lab_seats"],
        ("lab_seats_found", "lab_seats_refused"),
        lab_seats_name=lab.name,
        lab_seats_region=REGION,
        lab_seats_folder=str(lab.folder.path),
        lab_seats_tags=lab.tags(),
        lab_seats_students=["ada", "grace"],
        lab_seats_image_id=lab.image,
        lab_seats_instance_type="t3.micro",
        lab_seats_group_id=lab.group_id,
        lab_seats_placements=[{"zone": each.zone, "subnet_id": each.subnet_id} for each in lab.places],
        lab_seats_ends_at=ENDS_AT,
        lab_seats_again="make up CLASS=cs101",
    )
    assert played.status == 0, played.said
    (found,), (refused,) = played.facts["lab_seats_found"], played.facts["lab_seats_refused"]
    assert sorted([found["student"], refused["student"]]) == ["ada", "grace"]
    assert found["state"] == "running" and found["port"] == 22 and found["address"]
    assert "make up CLASS=cs101" in refused["reason"]
    assert lab.folder.first_key(found["student"]).exists()


def test_a_spare_seat_that_became_a_students_is_not_given_out_again(lab: CloudSide) -> None:
    first = {each.student: each.id for each in lab.up("ada", "spare-1").found}
    done = reset(lab.ec2, lab.name, ["ada"], lambda _: True)
    assert (done.ended, done.taken) == (["ada"], {"ada": "spare-1"})
    assert lab.students() == ["ada"]
    after = {each.student: each.id for each in lab.up("ada", "spare-1").found}
    assert after["ada"] == first["spare-1"]
    assert after["spare-1"] not in first.values()


def test_a_reset_without_a_seat_that_can_be_entered_takes_none(lab: CloudSide) -> None:
    first = {each.student: each.id for each in lab.up("ada", "grace", "spare-1").found}
    done = reset(lab.ec2, lab.name, ["ada"], lambda _: False)
    assert (done.ended, done.taken) == (["ada"], {})
    assert lab.students() == ["grace", "spare-1"]
    # Cut off there, and asked again: there is nothing to end, and the spare one is taken now.
    done = reset(lab.ec2, lab.name, ["ada"], lambda seat: seat.id == first["spare-1"])
    assert (done.ended, done.taken) == ([], {"ada": "spare-1"})


def test_a_seat_that_cannot_be_ended_is_not_reset(lab: CloudSide) -> None:
    ids = {each.student: each.id for each in lab.up("ada", "spare-1").found}
    lab.client.modify_instance_attribute(InstanceId=ids["ada"], DisableApiTermination={"Value": True})
    with pytest.raises(CloudError, match=f"ada's seat {ids['ada']} could not be ended, and goes on as it is"):
        reset(lab.ec2, lab.name, ["ada"], lambda _: True)
    assert lab.students() == ["ada", "spare-1"]
    lab.client.modify_instance_attribute(InstanceId=ids["ada"], DisableApiTermination={"Value": False})
