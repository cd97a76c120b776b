#!/usr/bin/python
"""Controller side: the instances of a lab, all of them in one module, because a module for each costs a second each."""

DOCUMENTATION = r"""
module: ec2_seats
short_description: Bring up or end the EC2 instances of a lab
description:
  - With C(state=present), launches a seat for each student who has none, starts seats that were stopped, corrects tags,
    and waits until what is new runs and has an address. What cannot be had is named, the others are finished.
  - With C(state=absent), terminates every seat of the lab and waits until it is terminated.
  - A lab's seats are the instances with its tag C(Lab) and with C(ManagedBy=classlab); no other is ever touched.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region to act in., type: str, required: true}
  folder: {description: The lab folder; one-use host keys are made there., type: path, required: true}
  state: {description: Whether the seats shall be there., type: str, choices: [present, absent], default: present}
  tags: {description: Tags of the lab; each seat gets Name and Student besides., type: dict, default: {}}
  students: {description: Who shall have a seat., type: list, elements: str, default: []}
  leaving: {description: Whose seats are no longer wanted., type: list, elements: str, default: []}
  prune: {description: End the seats of those who leave., type: bool, default: false}
  launch: {description: Launch and start what is missing; otherwise only tags are corrected., type: bool, default: true}
  image_id: {description: The image of every seat., type: str, default: ""}
  root_device: {description: Name of the image's root disk; asked for when empty., type: str, default: ""}
  instance_type: {description: The type of every seat., type: str, default: ""}
  volume_size: {description: GiB of the encrypted gp3 root disk., type: int, default: 20}
  spot: {description: Ask for spot instances., type: bool, default: false}
  group_id: {description: The lab's security group., type: str, default: ""}
  placements:
    description: Where to launch, in this order.
    type: list
    elements: dict
    default: []
    suboptions:
      zone: {description: Its availability zone., type: str, required: true}
      subnet_id: {description: The subnet., type: str, required: true}
  ends_at: {description: 'The deadline, as C(2026-11-20T18:00:00Z).', type: str, default: ""}
  arm_script: {description: The script that arms the deadline at boot., type: path, default: ""}
  signal:
    description:
      - For seats that nobody enters, from an image that M(seat_signal) has prepared. What each looks for on itself, as
        M(seat_facts) takes it but for the student's key, to say on its console at the end of its first boot whether it
        is ready.
    type: dict
    default: {}
  public_keys: {description: 'By which public key each student enters, by student.', type: dict, default: {}}
  user_data: {description: The teacher's own script for the first boot., type: str, default: ""}
  port_tag: {description: A tag that tells the port of this machine where SSH answers., type: str, default: ""}
  again: {description: The command that brings the lab up; told in sentences., type: str, default: make up}
  wait: {description: Seconds to wait for what was asked to become true., type: int, default: 300}
"""

EXAMPLES = r"""
- name: Launch the seats that are missing
  ec2_seats:
    name: demo
    region: us-east-1
    folder: /home/me/classes/.lab/demo
    tags: {Lab: demo, ManagedBy: classlab, EndsAt: "2026-11-20T18:00:00Z"}
    students: [ada, grace]
    image_id: ami-0123456789abcdef0
    instance_type: t3.micro
    group_id: sg-0123456789abcdef0
    placements:
      - {zone: us-east-1a, subnet_id: subnet-0123456789abcdef0}
    ends_at: "2026-11-20T18:00:00Z"
    arm_script: roles/deadline/files/arm-deadline.sh

- name: End all seats
  ec2_seats:
    name: demo
    region: us-east-1
    folder: /home/me/classes/.lab/demo
    state: absent
    wait: 600
"""

RETURN = r"""
found:
  description: The seats that are there.
  type: list
  elements: dict
  returned: with C(state=present)
  sample: [{student: ada, id: i-0abc, address: 203.0.113.7, port: 22, state: running, private_address: 172.31.1.2,
            leaving: false}]
seat_failures:
  description: Whose seat could not be had, or not be ended, each with the reason.
  type: list
  elements: dict
  returned: success
  sample: [{student: grace, reason: No zone would take it.}]
left:
  description: Instances that could not be ended.
  type: list
  elements: dict
  returned: with C(state=absent)
  sample: [{student: ada, id: i-0abc, reason: It is protected against termination.}]
launched: {description: Whose seat was launched., type: list, elements: str, returned: with C(state=present)}
started: {description: Whose seat was started again., type: list, elements: str, returned: with C(state=present)}
retagged: {description: Whose seat's tags were corrected., type: list, elements: str, returned: with C(state=present)}
ended: {description: Whose seat was ended., type: list, elements: str, returned: success}
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud import seats
from classlab.cloud.bringup import Wanted, bring_up, counted
from classlab.cloud.launch import Blueprint, Launcher, Place
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.cloud.userdata import FirstBoot
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder

WORDS = {"type": "list", "elements": "str", "default": []}
TEXT = {"type": "str", "default": ""}
ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "region": {"type": "str", "required": True},
    "folder": {"type": "path", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "tags": {"type": "dict", "default": {}},
    "students": WORDS,
    "leaving": WORDS,
    "prune": {"type": "bool", "default": False},
    "launch": {"type": "bool", "default": True},
    "image_id": TEXT,
    "root_device": TEXT,
    "instance_type": TEXT,
    "volume_size": {"type": "int", "default": 20},
    "spot": {"type": "bool", "default": False},
    "group_id": TEXT,
    "placements": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {"zone": {"type": "str", "required": True}, "subnet_id": {"type": "str", "required": True}},
    },
    "ends_at": TEXT,
    "arm_script": {"type": "path", "default": ""},
    "public_keys": {"type": "dict", "default": {}, "no_log": False},
    "signal": {"type": "dict", "default": {}},
    "user_data": TEXT,
    "port_tag": TEXT,
    "again": {"type": "str", "default": "make up"},
    "wait": {"type": "int", "default": 300},
}


def present(ec2: Any, asked: dict[str, Any]) -> dict[str, Any]:
    folder = LabFolder(Path(asked["folder"]))
    wanted = Wanted(
        lab=asked["name"],
        tags=asked["tags"],
        students=asked["students"],
        leaving=asked["leaving"],
        prune=asked["prune"],
        again=asked["again"],
        patience=asked["wait"],
    )

    def launcher(seen: Mapping[str, list[str]]) -> Launcher:
        blueprint = Blueprint(
            lab=asked["name"],
            tags=asked["tags"],
            image_id=asked["image_id"],
            root_device=asked["root_device"] or seats.root_device(ec2, asked["image_id"]),
            instance_type=asked["instance_type"],
            volume_size=asked["volume_size"],
            group_id=asked["group_id"],
            places=[Place(**each) for each in asked["placements"]],
            first_boot=FirstBoot(
                Path(asked["arm_script"]).read_text(), asked["ends_at"], asked["user_data"], _signal(asked["signal"])
            ),
            spot=asked["spot"],
            public_keys=asked["public_keys"],
        )
        return Launcher(ec2, asked["region"], folder, blueprint, seen, asked["again"])

    brought = bring_up(ec2, wanted, launcher if asked["launch"] else None)
    found = [{**seat.told(asked["port_tag"]), "leaving": seat.student in wanted.leaving} for seat in brought.found]
    return {
        "changed": brought.changed,
        "found": found,
        "seat_failures": [{"student": who, "reason": why} for who, why in sorted(brought.refused.items())],
        "launched": brought.launched,
        "started": brought.started,
        "retagged": brought.retagged,
        "ended": brought.ended,
        "say": brought.say,
    }


def _signal(wanted: dict[str, Any]) -> dict[str, Any]:
    """A thing about which nothing is wanted is left out."""
    return {thing: told for thing, told in wanted.items() if told}


def absent(ec2: Any, asked: dict[str, Any]) -> dict[str, Any]:
    folder = LabFolder(Path(asked["folder"]))
    # One-use keys lie here from just before a launch until the first contact: without any, no launch was cut off.
    first_keys = folder.first_key("any").parent
    pending = first_keys.is_dir() and any(first_keys.iterdir())
    ended = seats.end_all(ec2, asked["name"], asked["region"], asked["wait"], expected=10 if pending else 0)
    if pending and not ended.left:
        for file in first_keys.iterdir():
            file.unlink()
    left = [{"id": each, "student": seat.student, "reason": why} for each, (seat, why) in sorted(ended.left.items())]
    students = sorted(seat.student for seat in ended.seats)
    return {
        "changed": bool(ended.seats),
        "ended": students,
        "left": left,
        "seat_failures": [{"student": each["student"] or each["id"], "reason": each["reason"]} for each in left],
        "say": [f"{counted(students)} ended."] if students else [],
    }


def main() -> None:
    module = AnsibleModule(ARGUMENTS)
    asked = module.params
    try:
        ec2 = connect(asked["region"])
        result = (present if asked["state"] == "present" else absent)(ec2, asked)
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(
            msg=f"The cloud did not do what was asked. {reason(error)} Seats that were launched until then exist, and "
            f"bill: `{asked['again']}` goes on from there, `{asked['again'].replace(' up', ' down')}` ends them."
        )
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
