# ruff: noqa: F401, F811 - fixtures are found by their names
"""How often the cloud is asked for a class of thirty: each call costs time, and AWS answers only so many a second."""

import json
from collections import Counter
from typing import Any

from cloud_side import ENDS_AT, REGION, CloudSide, Play, aws, bare, lab, play, tags

STUDENTS = [f"s{number:02}" for number in range(30)]
# What `make up` may ask in all is 60: the plan takes up to 12 of them, the inventory 2.
FIRST_UP, AGAIN, DOWN = 60 - 12 - 2, 9, 14


def inputs(side: CloudSide) -> dict[str, Any]:
    common: dict[str, Any] = {}
    for role in ("lab_key", "lab_network", "lab_seats"):
        common |= {f"{role}_name": side.name, f"{role}_region": REGION, f"{role}_tags": side.tags()}
    return common | {
        "lab_key_folder": str(side.folder.path),
        "lab_key_students": STUDENTS,
        "lab_network_vpc_id": side.vpc,
        "lab_network_ssh_cidrs": ["203.0.113.7/32"],
        "lab_seats_folder": str(side.folder.path),
        "lab_seats_students": STUDENTS,
        "lab_seats_image_id": side.image,
        "lab_seats_instance_type": "t3.micro",
        "lab_seats_group_id": "{{ lab_network_group_id }}",
        "lab_seats_placements": [{"zone": each.zone, "subnet_id": each.subnet_id} for each in side.places],
        "lab_seats_ends_at": ENDS_AT,
    }


def test_thirty_seats(bare: CloudSide, play: Play) -> None:
    roles = ["lab_key", "lab_network", "lab_seats"]
    first = play(roles, ("lab_seats_found",), **inputs(bare))
    assert first.status == 0, first.said
    assert len(first.facts["lab_seats_found"]) == 30
    asked = Counter(each["action"] for each in bare.requests())
    assert asked["RunInstances"] == 30 and asked.total() <= FIRST_UP, json.dumps(asked, indent=1)
    assert all(not each["error"] or each["error"] == "InvalidKeyPair.NotFound" for each in bare.requests())
    # In the request that makes it: what is killed right after must not be without.
    for action in ("ImportKeyPair", "CreateSecurityGroup"):
        [born] = bare.requests(action)
        assert tags(born["parameters"]["TagSpecifications"][0]) == bare.tags()

    bare.mark()
    again = play(roles, **inputs(bare))
    assert (again.status, again.changed) == (0, 0)
    assert bare.changed_anything() == [] and len(bare.requests()) <= AGAIN

    bare.mark()
    absent = {f"{role}_state": "absent" for role in roles}
    gone = play(roles[::-1], **{key: value for key, value in inputs(bare).items() if "{{" not in str(value)}, **absent)
    assert gone.status == 0, gone.said
    assert bare.instances() == [] and len(bare.requests()) <= DOWN
