#!/usr/bin/python
"""Controller side: move the deadline of a lab in its tags."""

DOCUMENTATION = r"""
module: lab_extend
short_description: Let a lab run on
description:
  - Moves the tag C(EndsAt) of all seats of the lab, of their disks and interfaces, of the security group and the key
    pair. The seats' own timers are moved by the role C(deadline).
  - The new time is counted from the latest deadline that a seat has, or from now when that is over.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  hours: {description: By how many hours., type: float, required: true}
  volume_size: {description: GiB of a seat's disk; part of what the hours cost., type: int, default: 20}
  billed: {description: Tell what the hours cost., type: bool, default: false}
"""

EXAMPLES = r"""
- name: Let the lab run on
  lab_extend:
    name: demo
    region: us-east-1
    hours: 2
  register: extended
"""

RETURN = r"""
ends_at: {description: The new deadline., type: str, returned: success, sample: "2026-11-20T20:00:00Z"}
students: {description: Whose seats they are., type: list, elements: str, returned: success}
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.cloud.extend import extend
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.errors import ClasslabError


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "hours": {"type": "float", "required": True},
            "volume_size": {"type": "int", "default": 20},
            "billed": {"type": "bool", "default": False},
        }
    )
    asked = module.params
    try:
        extended = extend(connect(asked["region"]), asked["name"], asked["hours"], clock.now())
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"The deadline could not be moved in the cloud, so no seat was told. {reason(error)}")
    module.exit_json(
        changed=True,
        ends_at=clock.written(extended.ends_at),
        students=sorted(seat.student for seat in extended.seats),
        say=extended.say(asked["region"], asked["volume_size"], asked["billed"]),
    )


if __name__ == "__main__":
    main()
