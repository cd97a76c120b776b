# ruff: noqa: F401, F811 - fixtures are found by their names
"""Keys: made on this computer, kept, and only the teacher's public half is ever sent."""

from typing import Any

import pytest
from cloud_side import REGION, CloudSide, Play, Played, aws, bare, lab, play, tags

from classlab.trust import keys


def roles(side: CloudSide, play: Play, **inputs: Any) -> Played:
    given: dict[str, Any] = {
        "lab_key_name": side.name,
        "lab_key_region": REGION,
        "lab_key_tags": side.tags(),
        "lab_key_folder": str(side.folder.path),
        "lab_key_students": ["ada"],
    }
    return play(["lab_key"], **(given | inputs))


def pair(side: CloudSide) -> dict[str, Any]:
    found = side.client.describe_key_pairs(KeyNames=[side.name], IncludePublicKey=True)["KeyPairs"]
    return dict(found[0])


def test_keys_are_made_once_and_only_a_public_half_is_sent(bare: CloudSide, play: Play) -> None:
    assert roles(bare, play).status == 0
    folder = bare.folder
    assert keys.same(pair(bare)["PublicKey"], keys.public_half(folder.teacher_key))
    assert tags(pair(bare)) == bare.tags()
    (sent,) = bare.requests("ImportKeyPair")
    assert tags(sent["parameters"]["TagSpecifications"][0]) == bare.tags(), "tags come with the birth"
    assert bare.changed_anything() == ["ImportKeyPair"]
    made = {file: file.read_bytes() for file in (folder.teacher_key, folder.student_key("ada"))}
    assert all(file.stat().st_mode & 0o777 == 0o400 for file in made)

    bare.mark()
    again = roles(bare, play)
    assert (again.status, again.changed) == (0, 0)
    assert [each["action"] for each in bare.requests()] == ["DescribeKeyPairs"]
    assert made == {file: file.read_bytes() for file in made}

    moved = roles(bare, play, lab_key_tags=bare.tags(EndsAt="2099-12-01T00:00:00Z"), lab_key_students=["grace"])
    assert moved.status == 0 and tags(pair(bare))["EndsAt"] == "2099-12-01T00:00:00Z"
    assert folder.student_key("grace").exists() and folder.student_key("ada").exists(), "who left keeps the key"

    assert roles(bare, play, lab_key_state="absent").status == 0
    assert bare.client.describe_key_pairs(Filters=[{"Name": "key-name", "Values": [bare.name]}])["KeyPairs"] == []
    assert folder.teacher_key.exists()


def test_somebody_elses_key_pair_is_refused_and_never_touched(bare: CloudSide, play: Play) -> None:
    foreign = bare.client.create_key_pair(KeyName=bare.name)["KeyPairId"]
    bare.mark()
    refused = roles(bare, play)
    assert refused.status != 0 and "that classlab did not make" in refused.said
    assert not bare.folder.teacher_key.exists()
    assert roles(bare, play, lab_key_state="absent").status == 0
    assert pair(bare)["KeyPairId"] == foreign and bare.changed_anything() == []


def test_without_the_labs_key_nothing_is_done_while_seats_live(bare: CloudSide, play: Play) -> None:
    assert roles(bare, play).status == 0
    bare.group_id = bare.client.create_security_group(GroupName=bare.name, Description="seats")["GroupId"]
    (seat,) = bare.up("ada").found
    kept = bare.folder.teacher_key
    elsewhere = kept.with_name("elsewhere.pem")
    kept.rename(elsewhere)
    bare.mark()
    refused = roles(bare, play)
    assert refused.status != 0 and "is not on this computer" in refused.said
    assert not kept.exists() and bare.changed_anything() == []
    elsewhere.rename(kept)
    assert roles(bare, play).changed == 0

    bare.client.terminate_instances(InstanceIds=[seat.id])
    kept.unlink()
    assert roles(bare, play).status == 0
    assert keys.same(pair(bare)["PublicKey"], keys.public_half(kept)) and tags(pair(bare)) == bare.tags()


@pytest.mark.parametrize("state", ["present", "absent"])
def test_an_empty_name_is_refused_before_the_first_call(bare: CloudSide, play: Play, state: str) -> None:
    refused = roles(bare, play, lab_key_name="", lab_key_state=state)
    assert refused.status != 0 and "name the lab" in refused.said
    assert bare.requests() == [] and not bare.folder.path.exists()
