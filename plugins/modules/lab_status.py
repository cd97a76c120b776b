#!/usr/bin/python
"""Controller side: how a lab is at this moment."""

DOCUMENTATION = r"""
module: lab_status
short_description: How a lab is at this moment
description:
  - Asks the cloud for the lab's seats and disks, and each seat that runs whether its SSH answers. Changes nothing.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  cloud: {description: What the cloud is called., type: str, required: true}
  students:
    description: Who should have a seat. Seats of others are shown as well.
    type: list
    elements: str
    default: []
  only: {description: Whose seats are shown; empty means all., type: list, elements: str, default: []}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Look at the lab
  lab_status:
    name: cs101
    region: us-east-1
    cloud: aws
    students: [ada, grace]
"""

RETURN = r"""
document:
  description: The lab, and each of its seats, for a program.
  returned: success
  type: dict
say:
  description: The same, for a teacher.
  returned: success
  type: list
"""

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.day.status import Asked, status
from classlab.errors import ClasslabError
from classlab.names import make


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "cloud": {"type": "str", "required": True},
            "students": {"type": "list", "elements": "str", "default": []},
            "only": {"type": "list", "elements": "str", "default": []},
            "port_tag": {"type": "str", "default": ""},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        place = asked["name"], asked["cloud"], asked["region"]
        lab = Asked(*place, asked["students"], asked["port_tag"], asked["only"])
        found = status(connect(asked["region"]), lab, clock.now())
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"The lab cannot be looked at. {reason(error)}")
    module.exit_json(changed=False, document=found.as_document(), say=found.say(make("up", asked["class_name"])))


if __name__ == "__main__":
    main()
