#!/usr/bin/python
"""Controller side: what seats that nobody enters say of themselves."""

DOCUMENTATION = r"""
module: lab_signals
short_description: Wait until seats that nobody enters say that they are ready
description:
  - Asks EC2 for the console of each seat that is not known to be ready, until all have said how they are, or the time
    is over. A seat that is ready gets the tag C(Ready), and is not asked again.
  - Seats that were entered over SSH from here say nothing, and are left as they are.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  folder: {description: 'The lab folder, absolute.', type: path, required: true}
  students: {description: Whose seats., type: list, elements: str, required: true}
  wait: {description: So many seconds they have., type: int, default: 600}
  again: {description: 'The command that enters seats, told in sentences.', type: str, default: make up}
"""

EXAMPLES = r"""
- name: Wait until they say that they are ready
  lab_signals:
    name: cs101
    region: us-east-1
    folder: /home/me/classlab/.lab/cs101
    students: [ada, grace]
"""

RETURN = r"""
seats_asked: {description: Whose seats these are., type: list, elements: str, returned: success}
seat_failures:
  description: Whose seat is not ready, or says nothing, each with the reason.
  type: list
  elements: dict
  returned: success
  sample: [{student: grace, reason: "i-0abc says that it is not ready: venv: there is no /home/ubuntu/venv. ..."}]
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud.bringup import counted
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.cloud.signals import Listener
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.trust.pins import Pins


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "students": {"type": "list", "elements": "str", "required": True},
            "wait": {"type": "int", "default": 600},
            "again": {"type": "str", "default": "make up"},
        }
    )
    asked = module.params
    try:
        entered = Pins(LabFolder(Path(asked["folder"]))).entered()
        listener = Listener(connect(asked["region"]), asked["name"], entered, asked["again"], asked["wait"])
        heard = listener.all(asked["students"])
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except (ClientError, BotoCoreError) as error:
        module.fail_json(
            msg=f"What the seats say cannot be heard. {reason(error)} They exist, and bill; the same command goes on."
        )
    before = [each for each in heard.ready if each not in heard.new]
    say = [f"{counted(before)} were there before, and were not looked into: `{asked['again']}` does."] if before else []
    module.exit_json(
        changed=bool(heard.new),
        seats_asked=asked["students"],
        seat_failures=[{"student": who, "reason": why} for who, why in sorted(heard.failures.items())],
        say=say,
    )


if __name__ == "__main__":
    main()
