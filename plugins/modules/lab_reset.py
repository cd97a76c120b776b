#!/usr/bin/python
"""Controller side: end a student's seat for a fresh one."""

DOCUMENTATION = r"""
module: lab_reset
short_description: End a student's seat for a fresh one
description:
  - Collects the results of these students, ends their seats, and gives each of them a spare seat while there are any.
    Where there is none, the next C(make up) launches one.
  - While results cannot be collected, nothing is ended.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  folder: {description: The lab folder., type: path, required: true}
  students: {description: Whose seats., type: list, elements: str, required: true}
  project: {description: The class's project., type: str, default: ""}
  base: {description: The folder that O(project) is relative to., type: path, required: true}
  results: {description: Folders of the project that hold results., type: list, elements: raw, default: []}
  force: {description: Do without the results., type: bool, default: false}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: A fresh seat for ada
  lab_reset:
    name: cs101
    region: us-east-1
    folder: "{{ lab_folder }}"
    students: [ada]
    project: weather
    base: /home/teacher/classlab/classes
    results: [plots]
"""

RETURN = r"""
taken: {description: Student -> the spare seat that is theirs now., type: dict, returned: success}
say: {description: What a teacher is told., type: list, elements: str, returned: success}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from botocore.exceptions import BotoCoreError, ClientError

from classlab import clock
from classlab.cloud.patience import connect
from classlab.cloud.regions import reason
from classlab.day import results
from classlab.day.reset import reset
from classlab.day.ways import ways
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.trust.pins import Pins


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "students": {"type": "list", "elements": "str", "required": True},
            "project": {"type": "str", "default": ""},
            "base": {"type": "path", "required": True},
            "results": {"type": "list", "elements": "raw", "default": []},
            "force": {"type": "bool", "default": False},
            "port_tag": {"type": "str", "default": ""},
            "class_name": {"type": "str", "default": "demo"},
        }
    )
    asked = module.params
    lab, students, class_name = asked["name"], asked["students"], asked["class_name"]
    folder, base = LabFolder(Path(asked["folder"])), Path(asked["base"])
    say = []
    try:
        ec2, pins = connect(asked["region"]), Pins(folder)
        if not asked["force"]:
            known = ways(ec2, lab, folder, class_name, asked["port_tag"])
            found = {each: way for each in students if (way := known.get(each)) and way.has_been_met(pins)}
            where = results.place(folder, lab, class_name, asked["project"], base, asked["results"])
            brought = results.Brought(where, results.collect(where, found, clock.now()))
            if brought.bad:
                module.fail_json(
                    msg="\n".join(each.why for each in brought.bad) + "\nNothing was changed. Without their results: "
                    f"`{make('reset', class_name, students[0])} FORCE=yes`."
                )
            say = brought.say() if brought.changed else []
        done = reset(ec2, lab, students, lambda seat: pins.met(seat.id))
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    except (ClientError, BotoCoreError) as error:
        module.fail_json(
            msg=f"The cloud did not do what was asked; `{make('up', class_name)}` goes on from there. {reason(error)}"
        )
    module.exit_json(changed=bool(done.ended or done.taken), taken=done.taken, say=[*say, *done.say])


if __name__ == "__main__":
    main()
