# ruff: noqa: F401, F811 - fixtures are found by their names
"""An image and its builder on a cloud that refuses and forgets: nothing is without tags, nobody else is touched."""

from pathlib import Path
from typing import Any

import pytest
from cloud_side import ENDS_AT, LATER, REGION, CloudSide, aws, bare, lab, tags

from classlab.cloud import seats as in_cloud
from classlab.cloud.regions import connector
from classlab.gone import leftovers
from classlab.gone.keeping import kept
from classlab.gone.sweep import sweep
from classlab.image import bake as baking
from classlab.image.bake import BakeError, Baking, end_builder, fitting
from classlab.image.images import baked, facts, tags_for
from classlab.image.recipe import Recipe
from classlab.image.stock import prune, stock
from classlab.names import BUILDER


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(baking, "PAUSE", 0.1)


def recipe(lab: CloudSide, python: str = "3.11") -> Recipe:
    """No other lab of these tests has the same."""
    return Recipe({"project": lab.name, "python": python})


def bake(lab: CloudSide, python: str = "3.11") -> str:
    lab.up(BUILDER)
    made = tags_for(lab.tags(), facts(lab.image, recipe(lab, python), python, "d1"))
    return baking.bake(lab.ec2, Baking(lab.name, made, "of a test", done_within=30))


def builders(lab: CloudSide) -> list[str]:
    return [each["InstanceId"] for each in lab.instances() if tags(each)["Student"] == BUILDER]


def test_image_and_snapshot_have_all_their_tags_from_birth(lab: CloudSide) -> None:
    lab.mark()
    made = bake(lab)
    [image] = [each for each in baked(lab.ec2) if each.lab == lab.name]
    assert (image.id, image.usable, image.size, image.fingerprint) == (made, True, 20, recipe(lab).fingerprint)
    [snapshot] = lab.client.describe_snapshots(SnapshotIds=list(image.snapshots))["Snapshots"]
    told = {"Lab": lab.name, "ManagedBy": "classlab", "Python": "3.11", "ProjectDigest": "d1", "BaseImage": lab.image}
    assert told.items() <= tags(snapshot).items()
    assert tags(snapshot) == dict(image.tags)
    # An image has no end, and nobody tagged anything later.
    assert "EndsAt" not in image.tags
    assert lab.requests("CreateTags") == []
    assert [each["action"] for each in lab.requests() if each["action"] in ("StopInstances", "CreateImage")] == [
        "StopInstances",
        "CreateImage",
    ]


def test_the_builder_ends_and_nobody_else(lab: CloudSide) -> None:
    lab.up("ada")
    bake(lab)
    ended, others = end_builder(lab.ec2, lab.name, REGION, lab.folder)
    assert (len(ended), [each.student for each in others]) == (1, ["ada"])
    assert (builders(lab), lab.students()) == ([], ["ada"])
    assert not lab.folder.first_key(BUILDER).exists()
    lab.mark()
    assert end_builder(lab.ec2, lab.name, REGION, lab.folder)[0] == []
    assert lab.changed_anything() == []


def test_a_builder_that_cannot_be_ended_is_an_error(lab: CloudSide) -> None:
    lab.up(BUILDER)
    [builder] = builders(lab)
    lab.client.modify_instance_attribute(InstanceId=builder, DisableApiTermination={"Value": True})
    with pytest.raises(BakeError, match=f"{builder} is protected against termination"):
        end_builder(lab.ec2, lab.name, REGION, lab.folder)
    lab.client.modify_instance_attribute(InstanceId=builder, DisableApiTermination={"Value": False})


def test_a_builder_has_an_end_of_its_own_and_is_nobodys_seat(lab: CloudSide) -> None:
    lab.up("ada")
    brought = lab.up(BUILDER, tags=lab.tags(EndsAt=LATER))
    # The lab's ssh_config is written of what is found: ada stays in it.
    assert [each.student for each in brought.found] == ["ada", BUILDER]
    ends = {tags(each)["Student"]: tags(each)["EndsAt"] for each in lab.instances()}
    assert ends == {"ada": ENDS_AT, BUILDER: LATER}
    brought = lab.up("ada")
    assert ([each.student for each in brought.found], brought.changed) == (["ada"], False)
    assert {tags(each)["Student"]: tags(each)["EndsAt"] for each in lab.instances()} == ends


def test_what_a_bake_that_was_cut_off_has_left_to_ec2_is_taken(lab: CloudSide) -> None:
    assert fitting(lab.ec2, recipe(lab).fingerprint) is None
    made = bake(lab)
    found = fitting(lab.ec2, recipe(lab).fingerprint)
    assert found
    assert found.id == made
    assert fitting(lab.ec2, recipe(lab, "3.12").fingerprint) is None


def test_an_image_that_ec2_is_still_making_is_left_until_it_is_done(lab: CloudSide, bare: CloudSide) -> None:
    image = {"State": "pending"}

    class Busy:
        """EC2, whose images are never done."""

        def __getattr__(self, name: str) -> Any:
            return getattr(lab.ec2, name)

        def describe_images(self, **asked: Any) -> Any:
            told = lab.ec2.describe_images(**asked)
            return {"Images": [{**each, **image} for each in told["Images"]]}

        def can_paginate(self, _: str) -> bool:
            return False

        def deregister_image(self, **_: Any) -> None:
            raise AssertionError("its snapshot would be nobody's")

    made = bake(lab)
    busy: Any = Busy()
    done = leftovers.remove(lab.name, REGION, busy, 0.1, kinds=("image",))
    assert [(each.thing.id, each.busy) for each in done.stays] == [(made, True)]
    with pytest.raises(BakeError, match=f"The image {made} is pending after 0 minutes. EC2 goes on with it"):
        baking.wait(busy, made, 0.1)
    image["State"] = "failed"
    with pytest.raises(BakeError, match=f"EC2 could not make the image {made}, which is failed"):
        baking.wait(busy, made, 0.1)


def test_no_image_is_made_of_what_is_not_one_builder(lab: CloudSide) -> None:
    with pytest.raises(BakeError, match="has 0 seats to make an image of"):
        baking.bake(lab.ec2, Baking(lab.name, lab.tags(), "of a test"))
    assert [each for each in baked(lab.ec2) if each.lab == lab.name] == []


def test_prune_removes_this_labs_stale_images_and_snapshots_that_nobody_holds(lab: CloudSide) -> None:
    stale = bake(lab, "3.12")
    end_builder(lab.ec2, lab.name, REGION, lab.folder)
    older = bake(lab)
    end_builder(lab.ec2, lab.name, REGION, lab.folder)
    fits = bake(lab)
    [lost] = next(each.snapshots for each in baked(lab.ec2) if each.id == older)
    lab.client.deregister_image(ImageId=older)
    there = stock([each for each in baked(lab.ec2) if each.lab == lab.name], lab.name, recipe(lab))
    assert {each.image.id: each.why_not[:5] for each in there} == {fits: "", stale: "stale"}
    removed, stays = prune(lab.ec2, lab.name, REGION, there)
    assert stays == []
    assert {each.id for each in removed} == {
        stale,
        lost,
        *next(e.image.snapshots for e in there if e.image.id == stale),
    }
    assert [each.id for each in baked(lab.ec2) if each.lab == lab.name] == [fits]


def test_what_is_kept_is_told_apart_and_the_rest_must_go(lab: CloudSide) -> None:
    made = bake(lab)
    in_cloud.end_all(lab.ec2, lab.name, REGION, 30)
    orphan = lab.client.create_snapshot(
        VolumeId=lab.client.create_volume(AvailabilityZone=f"{REGION}a", Size=1)["VolumeId"],
        TagSpecifications=[
            {
                "ResourceType": "snapshot",
                "Tags": [{"Key": "Lab", "Value": lab.name}, {"Key": "ManagedBy", "Value": "classlab"}],
            }
        ],
    )["SnapshotId"]
    swept = sweep(lab.name, REGION, connector(), keep_images=True)
    [snapshot] = next(each.snapshots for each in baked(lab.ec2) if each.id == made)
    assert {each.id for each in swept.kept} == {made, snapshot}
    assert orphan in {each.id for each in swept.found}
    done = leftovers.remove(lab.name, REGION, lab.ec2, 5, keep=kept)
    assert orphan in {each.id for each in done.removed}
    assert {made, snapshot} & {each.id for each in done.removed} == set()
    assert {made, snapshot} <= {each.id for each in sweep(lab.name, REGION, connector()).found}
