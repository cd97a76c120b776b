#!/usr/bin/python
"""Remove what seats leave behind in a region."""

DOCUMENTATION = r"""
module: lab_leftovers
short_description: Remove what seats leave behind in a region
description:
  - Removes the lab's addresses, network interfaces, volumes, images, snapshots, and key pairs that are not called as
    the lab is, in one region, in the order that AWS needs. Run it when the seats are terminated.
  - A thing's tags are looked at again in the moment before it is deleted.
  - What is held by something else is tried again for O(patience) seconds. It is taken off the lab's own seats, but not
    off instances that do not carry the lab's tags.
  - What could not be removed is returned in RV(stays), and is no failure of this module, so that the steps after it
    still run; M(lab_receipt) fails in the end.
options:
  name:
    description: Name of the lab. An empty or illegal one is refused before the first call.
    type: str
    required: true
  region:
    description: Where.
    type: str
    required: true
  patience:
    description: For how many seconds to try again what is still held.
    type: int
    default: 120
  keep_images:
    description: Leave the images that seats can be launched from, with their snapshots.
    type: bool
    default: false
author: [classlab]
attributes:
  check_mode: {description: Tells what it would remove., support: full}
"""

EXAMPLES = r"""
- name: Remove what the seats left behind
  lab_leftovers:
    name: cs101
    region: eu-central-1
"""

RETURN = r"""
removed:
  description: Ids of what was removed.
  type: list
  elements: str
  returned: always
stays:
  description: Why what could not be removed stays, by its id.
  type: dict
  returned: always
unseen:
  description: What could not be listed, as sentences.
  type: list
  elements: str
  returned: always
"""

from ansible.module_utils.basic import AnsibleModule

from classlab.cloud.regions import connector
from classlab.errors import ClasslabError
from classlab.gone.keeping import kept
from classlab.gone.leftovers import remove


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "patience": {"type": "int", "default": 120},
            "keep_images": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    asked = module.params
    try:
        ec2 = connector()(asked["region"])
        done = remove(
            asked["name"],
            asked["region"],
            ec2,
            asked["patience"],
            keep=kept if asked["keep_images"] else None,
            dry=module.check_mode,
        )
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    module.exit_json(
        changed=bool(done.removed),
        removed=[each.id for each in done.removed],
        stays={each.thing.id: each.why for each in done.stays},
        unseen=done.unseen,
    )


if __name__ == "__main__":
    main()
