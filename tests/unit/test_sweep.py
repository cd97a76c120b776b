"""All regions are asked, in the same words; one that does not answer is told; what others tagged is not ours."""

from typing import Any

import jmespath
import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from classlab.errors import CloudError, UsageError
from classlab.gone.listing import what_goes
from classlab.gone.sweep import sweep

OURS = {"Lab": "demo", "ManagedBy": "classlab", "Student": "ada", "Owner": "me"}


def tags(**more: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in more.items()]


def volume(id_: str, state: str = "available", **more: str) -> dict[str, Any]:
    return {"VolumeId": id_, "Size": 20, "State": state, "Tags": tags(**{**OURS, **more})}


class Region:
    """An EC2 that has these volumes and nothing else, and refuses these operations."""

    def __init__(self, volumes: list[dict[str, Any]], refuses: dict[str, Exception], regions: list[str]) -> None:
        self.volumes, self.refuses, self.regions = volumes, refuses, regions
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, operation: str, **asked: Any) -> dict[str, Any]:
        self.asked.append((operation, asked))
        if operation in self.refuses:
            raise self.refuses[operation]
        names = ("Reservations", "Addresses", "NetworkInterfaces", "Images", "Snapshots", "SecurityGroups", "KeyPairs")
        empty = {name: [] for name in (*names, "SpotInstanceRequests", "Volumes")}
        regions = [{"RegionName": name} for name in self.regions]
        return {**empty, "Regions": regions, **({"Volumes": self.volumes} if operation == "describe_volumes" else {})}

    def can_paginate(self, operation: str) -> bool:
        return operation not in ("describe_addresses", "describe_key_pairs")

    def __getattr__(self, operation: str) -> Any:
        return lambda **asked: self.answer(operation, **asked)

    def get_paginator(self, operation: str) -> Any:
        region = self

        class Pages:
            def paginate(self, **asked: Any) -> "Pages":
                self.asked = asked
                return self

            def search(self, path: str) -> Any:
                return jmespath.search(path, region.answer(operation, **self.asked))

        return Pages()


class World:
    def __init__(self, **volumes: list[dict[str, Any]]) -> None:
        self.names = [name.replace("_", "-") for name in volumes]
        self.regions = {name.replace("_", "-"): Region(each, {}, self.names) for name, each in volumes.items()}

    def __call__(self, region: str) -> Region:
        return self.regions[region]


def refusal(code: str, operation: str = "DescribeVolumes") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "You are not authorized."}}, operation)


def test_every_region_is_asked_for_every_kind() -> None:
    world = World(us_east_1=[volume("vol-1")], eu_west_1=[], sa_east_1=[volume("vol-2")])
    swept = sweep("demo", "us-east-1", world)
    assert {(each.id, each.region) for each in swept.found} == {("vol-1", "us-east-1"), ("vol-2", "sa-east-1")}
    assert swept.regions == ["eu-west-1", "sa-east-1", "us-east-1"]
    for region in world.regions.values():
        asked = [operation for operation, _ in region.asked if operation != "describe_regions"]
        assert len(asked) == len(set(asked)) == 9


def test_one_region_that_denies_is_told_and_the_others_are_seen() -> None:
    world = World(us_east_1=[volume("vol-1")], eu_west_1=[volume("vol-2")])
    world.regions["eu-west-1"].refuses["describe_volumes"] = refusal("UnauthorizedOperation")
    swept = sweep("demo", "us-east-1", world)
    assert [each.id for each in swept.found] == ["vol-1"]
    assert [(each.region, each.kind) for each in swept.unseen] == [("eu-west-1", "volume")]
    assert swept.unseen[0].reason == "UnauthorizedOperation: You are not authorized."


def test_a_region_that_does_not_answer_at_all_is_told_for_each_question() -> None:
    world = World(us_east_1=[], eu_west_1=[])
    silent = world.regions["eu-west-1"]
    monster = ConnectTimeoutError(endpoint_url="https://ec2.eu-west-1.amazonaws.com/")
    silent.answer = lambda *_, **__: (_ for _ in ()).throw(monster)  # type: ignore[method-assign]
    swept = sweep("demo", "us-east-1", world)
    assert len(swept.unseen) == 9
    assert {each.region for each in swept.unseen} == {"eu-west-1"}


def test_regions_that_aws_does_not_name_are_not_visible() -> None:
    world = World(us_east_1=[volume("vol-1")], eu_west_1=[volume("vol-2")])
    world.regions["us-east-1"].refuses["describe_regions"] = refusal("UnauthorizedOperation", "DescribeRegions")
    swept = sweep("demo", "us-east-1", world)
    assert [each.id for each in swept.found] == ["vol-1"]
    assert [each.region for each in swept.unseen] == ["all other regions"]


@pytest.mark.parametrize("code", ["AuthFailure", "ExpiredToken", "RequestExpired", "InvalidClientTokenId"])
def test_credentials_that_aws_does_not_know_end_it_with_the_mend(code: str) -> None:
    world = World(us_east_1=[])
    world.regions["us-east-1"].refuses["describe_regions"] = refusal(code, "DescribeRegions")
    with pytest.raises(CloudError, match="aws sso login"):
        sweep("demo", "us-east-1", world)


@pytest.mark.parametrize("name", ["", "  ", "*", "dem?", "Demo", "demo*"])
def test_a_name_that_would_match_more_is_refused_before_the_first_call(name: str) -> None:
    world = World(us_east_1=[volume("vol-1")])
    with pytest.raises(UsageError, match="lab_name"):
        sweep(name, "us-east-1", world)
    assert world.regions["us-east-1"].asked == []


def test_what_others_tagged_is_kept_apart_and_what_has_another_lab_is_not_seen() -> None:
    others = [volume("vol-theirs", ManagedBy="terraform"), volume("vol-other-lab", Lab="demo-2")]
    swept = sweep("demo", "us-east-1", World(us_east_1=[volume("vol-1"), *others]))
    assert [each.id for each in swept.found] == ["vol-1"]
    assert [each.id for each in swept.others] == ["vol-theirs"]


def test_what_is_on_its_way_out_is_not_there() -> None:
    swept = sweep("demo", "us-east-1", World(us_east_1=[volume("vol-1", state="deleting")]))
    assert not swept.found
    assert [each.id for each in swept.ended] == ["vol-1"]


def test_with_patience_what_is_seen_a_moment_too_long_is_asked_again() -> None:
    world = World(us_east_1=[volume("vol-1")], eu_west_1=[])
    region = world.regions["us-east-1"]
    first = region.answer

    def late(operation: str, **asked: Any) -> dict[str, Any]:
        if len([each for each, _ in region.asked if each == "describe_volumes"]) > 1:
            region.volumes = []
        return first(operation, **asked)

    region.answer = late  # type: ignore[method-assign]
    assert sweep("demo", "us-east-1", world, patience=5).found == []
    # Nothing else was asked twice.
    assert len(world.regions["eu-west-1"].asked) == 9


def test_the_list_before_the_question_names_what_goes_and_its_cost() -> None:
    world = World(us_east_1=[volume("vol-1"), volume("vol-2", Student="grace")], eu_west_1=[volume("vol-3")])
    lines = what_goes(sweep("demo", "us-east-1", world), "aws")
    assert lines[0] == "Lab demo on aws. This will be removed:"
    assert "    2 volumes           ada, grace" in lines
    assert "    1 volume            ada" in lines
    assert lines[-1].startswith("It costs about $0.00")
    assert lines[-1].endswith(" an hour.")
