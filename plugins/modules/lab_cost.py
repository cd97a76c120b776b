#!/usr/bin/python
"""Controller side: what a lab has cost until now."""

DOCUMENTATION = r"""
module: lab_cost
short_description: What a lab has cost until now
description:
  - Multiplies the hours that the cloud tells with list prices, and says what an hour, the rest of the planned time and
    a forgotten week cost. Changes nothing.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  cloud: {description: What the cloud is called., type: str, required: true}
  volume_size: {description: GiB that the disks of ended seats had., type: int, default: 20}
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Count what the lab has cost
  lab_cost:
    name: cs101
    region: us-east-1
    cloud: aws
"""

RETURN = r"""
document: {description: The figures for a program., type: dict, returned: success}
say: {description: The same for a teacher., type: list, elements: str, returned: success}
"""

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.day.cost import cost
from classlab.errors import ClasslabError
from classlab.names import make


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "cloud": {"type": "str", "required": True},
            "volume_size": {"type": "int", "default": 20},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        ec2 = connect(asked["region"])
        found = cost(ec2, asked["name"], asked["cloud"], asked["region"], asked["volume_size"], clock.now())
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(msg=f"What the lab costs cannot be asked. {reason(error)}")
    module.exit_json(changed=False, document=found.as_document(), say=found.say(make("up", asked["class_name"])))


if __name__ == "__main__":
    main()
