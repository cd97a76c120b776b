#!/usr/bin/python
"""Find all that a lab has, in every region."""

DOCUMENTATION = r"""
module: lab_sweep
short_description: Find all that a lab has, in every region
description:
  - Asks every region that the account has enabled, by read-only calls of its own, what carries the tags
    C(Lab=<name>) and C(ManagedBy=classlab).
  - Looks for instances, spot requests, volumes, addresses, network interfaces, images, snapshots, security groups and
    key pairs. Changes nothing.
  - A region that refuses a question, or does not answer, is told in RV(sweep.unseen), never passed over.
options:
  name:
    description: Name of the lab. An empty or illegal one is refused before the first call.
    type: str
    required: true
  region:
    description: The region that is asked which others there are.
    type: str
    required: true
  cloud:
    description: What the cloud is called in the lines for the teacher.
    type: str
    default: aws
  keep_images:
    description: Baked images, and their snapshots, are to stay.
    type: bool
    default: false
author: [classlab]
attributes:
  check_mode: {description: It only reads., support: full}
"""

EXAMPLES = r"""
- name: Find all that the lab has
  lab_sweep:
    name: cs101
    region: eu-central-1
  register: swept
"""

RETURN = r"""
sweep:
  description: What all regions said, for M(lab_receipt).
  type: dict
  returned: success
  contains:
    name: {description: The lab's name., type: str}
    time: {description: When., type: str, sample: "2026-11-20T18:00:00Z"}
    regions: {description: The regions that were asked., type: list, elements: str}
    found: {description: What is there; each with kind, id, region, state and more., type: list, elements: dict}
    ended: {description: Terminated seats and the like that AWS still tells of., type: list, elements: dict}
    others: {description: Things with the lab's name that classlab did not make., type: list, elements: dict}
    unseen: {description: Questions that were not answered; each with region, kind, reason., type: list, elements: dict}
work:
  description: For the role lab_removal, where something was found, and what is to be done there.
  type: list
  elements: dict
  returned: success
  sample: [{region: us-east-1, seats: true, network: true, key: true}]
owners:
  description: The values of the tag Owner on what was found.
  type: list
  elements: str
  returned: success
say:
  description: The same for the teacher.
  type: list
  elements: str
  returned: success
"""

from ansible.module_utils.basic import AnsibleModule

from classlab.cloud.regions import connector
from classlab.errors import ClasslabError
from classlab.gone.listing import what_goes
from classlab.gone.sweep import sweep


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "cloud": {"type": "str", "default": "aws"},
            "keep_images": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        swept = sweep(asked["name"], asked["region"], connector(), keep_images=asked["keep_images"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=False,
        sweep=swept.as_dict(),
        work=swept.work(),
        owners=swept.owners(),
        say=what_goes(swept, asked["cloud"]),
    )


if __name__ == "__main__":
    main()
