#!/usr/bin/python
"""Controller side: stop a lab's seats, start them again, or make them of another type."""

DOCUMENTATION = r"""
module: lab_power
short_description: Stop a lab's seats, start them again, or make them of another type
description:
  - A stopped seat keeps its disk, with all that its student has on it. When it is started it has another public
    address, and the same host key.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  folder: {description: "The lab folder; its ssh_config follows the seats.", type: path, required: true}
  state: {description: What the seats are to be., type: str, choices: [running, stopped], required: true}
  type:
    description:
      - Of what type running seats are to be; empty leaves them as they are. Those of another are stopped for it.
      - Nothing is stopped where the zone or the quota has no room for the type.
    type: str
    default: ""
  students: {description: Whose seats; empty means all., type: list, elements: str, default: []}
  volume_size: {description: GiB of a seat's disk; it bills on., type: int, default: 20}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  wait: {description: So many seconds EC2 has for it., type: int, default: 300}
"""

EXAMPLES = r"""
- name: Stop all seats
  lab_power:
    name: cs101
    region: us-east-1
    folder: "{{ lab_folder }}"
    state: stopped
"""

RETURN = r"""
seat_failures: {description: "Seats that are not as they should be: {student, reason}.", type: list, returned: always}
document: {description: All living seats for a program., type: dict, returned: always}
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.day import power
from classlab.day.resize import resize
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.plan.cloud import Cloud
from classlab.trust import sshconfig


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "state": {"type": "str", "choices": ["running", "stopped"], "required": True},
            "type": {"type": "str", "default": ""},
            "students": {"type": "list", "elements": "str", "default": []},
            "volume_size": {"type": "int", "default": 20},
            "port_tag": {"type": "str", "default": ""},
            "wait": {"type": "int", "default": 300},
        }
    )
    asked = module.params
    name, students, wait = asked["name"], asked["students"], asked["wait"]
    try:
        ec2 = connect(asked["region"])
        if asked["state"] == "stopped":
            done = power.stop(ec2, name, asked["region"], students, asked["volume_size"], wait)
        elif asked["type"]:
            done = resize(
                Cloud(asked["region"]), ec2, name, students, asked["type"], asked["port_tag"], wait, clock.now()
            )
        else:
            done = power.start(ec2, name, students, asked["port_tag"], wait, clock.now())
        sshconfig.follow(LabFolder(Path(asked["folder"])), name, done.found, asked["port_tag"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    except (ClientError, BotoCoreError) as error:
        module.fail_json(
            msg=f"The cloud did not do what was asked; the same command goes on from there. {reason(error)}"
        )
    told: dict[str, Any] = {
        "changed": bool(done.changed),
        "seat_failures": [{"student": who, "reason": why} for who, why in sorted(done.refused.items())],
        "document": {"seats": [seat.told(asked["port_tag"]) for seat in done.found]},
        "say": done.say,
    }
    if done.refused:
        module.fail_json(msg="\n".join(f"{who}: {why}" for who, why in sorted(done.refused.items())), **told)
    module.exit_json(**told)


if __name__ == "__main__":
    main()
