#!/usr/bin/python

DOCUMENTATION = r"""
module: lab_keys
short_description: Make the SSH keys of a lab on this computer
description:
  - Makes the teacher's key and one for each student in the lab folder, readable for nobody else from their first byte.
  - Keys that exist are kept. Nothing is sent anywhere.
options:
  folder:
    description: The lab folder.
    type: path
    required: true
  lab:
    description: The lab's name; it goes into the comments of the keys.
    type: str
    required: true
  kind:
    description: What keys that do not exist yet become.
    type: str
    choices: [ed25519, rsa]
    default: ed25519
  students:
    description: Who gets a key; those with a key of their own are left out.
    type: list
    elements: str
    default: []
  own:
    description: The public keys of those with a key of their own, by student; told again in C(of_students).
    type: dict
    default: {}
  cloud_key:
    description:
      - The public half that EC2 has for the lab, if it has one.
      - When the teacher's key here is another, or missing, nothing is made and C(replaces) is true.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Make the keys on this computer
  lab_keys:
    folder: /home/me/classes/.lab/demo
    lab: demo
    students: [ada, grace]
"""

RETURN = r"""
public_key:
  description: The teacher's public key, as EC2 takes it.
  type: str
  returned: success
of_students:
  description: Every student's public key, by student.
  type: dict
  returned: success
made:
  description: Whose keys were made or mended.
  type: list
  elements: str
  returned: success
replaces:
  description: EC2 has another key than this computer, and nothing was made.
  type: bool
  returned: success
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.trust.keys import ED25519, RSA, ensure_all


def main() -> None:
    module = AnsibleModule(
        {
            "folder": {"type": "path", "required": True},
            "lab": {"type": "str", "required": True},
            "kind": {"type": "str", "choices": [ED25519, RSA], "default": ED25519},
            "students": {"type": "list", "elements": "str", "default": []},
            "own": {"type": "dict", "default": {}, "no_log": False},
            # A public half is no secret, whatever its name sounds like.
            "cloud_key": {"type": "str", "default": "", "no_log": False},
        }
    )
    asked = module.params
    try:
        folder = LabFolder(Path(asked["folder"]))
        keys = ensure_all(folder, asked["lab"], asked["kind"], asked["students"], asked["cloud_key"], own=asked["own"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be written: {error}. Make room, or mend its permissions.")
    module.exit_json(
        changed=bool(keys.made),
        public_key=keys.public_key,
        of_students=keys.of_students,
        made=keys.made,
        replaces=keys.replaces,
    )


if __name__ == "__main__":
    main()
