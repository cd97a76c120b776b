"""What an audit tells fits a terminal, whatever the names; and a thing's price is told, or told to be unknown."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from classlab.audit import Audit
from classlab.audit.account import AccessKey
from classlab.audit.telling import as_csv, lines, verdict
from classlab.audit.things import OF_EC2, Seen, Thing, judged
from classlab.cloud.kinds import tags_of
from classlab.gone.sweep import Unseen

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EMPTY = Audit("123456789012", "aws", "2026-11-21T12:00:00Z", ["us-east-1"])
LONGEST = Thing(
    "file system",
    "fs-0123456789abcdef0",
    "ap-northeast-3",
    name="the file system that somebody has made for a class of which nobody remembers anything any more",
    lab="a-lab-with-a-name-of-32-letters-x",
    lacks=["Owner", "Email", "Project", "Task"],
    an_hour=123.4,
    idle="mounted nowhere",
)


def test_80_columns_suffice_for_the_longest_names() -> None:
    key = AccessKey("u" * 64, "AKIA" + "X" * 16, True, "2020-01-01T00:00:00Z", 2500)
    found = replace(EMPTY, things=[LONGEST, replace(LONGEST, kind="bucket", id="b" * 63)], access_keys=[key])
    told = lines(found)
    assert max(map(len, told)) <= 80
    assert "$90,082.00" in told[2] and "a-lab-wit…" in told[2] and told[2].endswith("OEPT")


def test_on_aws_it_is_a_bill() -> None:
    assert lines(replace(EMPTY, things=[LONGEST]))[0] == (
        "Account 123456789012 on aws, 2026-11-21 12:00 UTC, 1 region."
    )


def test_what_several_regions_refuse_is_a_line_for_each_region_and_reason() -> None:
    unseen = [Unseen("eu-west-1", kind, "No.") for kind in ("seat", "volume")] + [Unseen("S3", "bucket", "Denied.")]
    assert verdict(replace(EMPTY, unseen=unseen)).splitlines()[1:] == [
        "eu-west-1 did not tell of instances, volumes: No.",
        "S3 did not tell of buckets: Denied.",
    ]
    rows = as_csv(replace(EMPTY, unseen=unseen)).splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["instances", "volumes", "buckets"]


KINDS = {kind.name: kind for kind in OF_EC2}


def price(kind: str, **record: Any) -> float | None:
    [thing] = judged([Seen(KINDS[kind].found(record, "us-east-1"), tags_of(record), record)], NOW)
    return thing.an_hour


INSTANCE = {"InstanceId": "i-1", "State": {"Name": "running"}, "InstanceType": "t3.micro"}
VOLUME = {"VolumeId": "vol-1", "Size": 730, "VolumeType": "gp3", "State": "in-use"}


@pytest.mark.parametrize(
    ("kind", "record", "told"),
    [
        ("seat", INSTANCE, 0.0104),
        ("seat", {**INSTANCE, "PublicIpAddress": "203.0.113.1"}, 0.0154),
        ("seat", {**INSTANCE, "State": {"Name": "stopped"}}, 0),
        ("seat", {**INSTANCE, "InstanceType": "t9.micro"}, None),
        # The table is of plain Linux on shared machines.
        ("seat", {**INSTANCE, "PlatformDetails": "Windows"}, None),
        ("seat", {**INSTANCE, "Placement": {"Tenancy": "dedicated"}}, None),
        ("volume", VOLUME, 0.08),
        ("volume", {**VOLUME, "Iops": 3000, "Throughput": 125}, 0.08),
        ("volume", {**VOLUME, "Iops": 4000}, None),
        ("volume", {**VOLUME, "Throughput": 250}, None),
        ("volume", {**VOLUME, "VolumeType": "io2"}, None),
        ("snapshot", {"SnapshotId": "snap-1", "VolumeSize": 8}, None),
        ("key pair", {"KeyPairId": "key-1"}, 0),
    ],
)
def test_what_is_not_known_is_not_guessed(kind: str, record: dict[str, Any], told: float | None) -> None:
    assert price(kind, **record) == (None if told is None else pytest.approx(told))


def test_an_address_of_the_accounts_own_is_counted_once() -> None:
    instance = {**INSTANCE, "PublicIpAddress": "203.0.113.1"}
    address = {"AllocationId": "eipalloc-1", "AssociationId": "x", "InstanceId": "i-1", "PublicIp": "203.0.113.1"}
    seen = [
        Seen(KINDS[kind].found(record, "us-east-1"), {}, record)
        for kind, record in (("seat", instance), ("address", address))
    ]
    assert [(each.kind, each.an_hour) for each in judged(seen, NOW)] == [("instance", 0.0104), ("address", 0.005)]
