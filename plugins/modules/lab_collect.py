#!/usr/bin/python
"""Controller side: bring students' results here, or see what would be brought."""

DOCUMENTATION = r"""
module: lab_collect
short_description: Bring students' results here, or see what would be brought
description:
  - Brings result folders, and what runs have said and ended with, from all seats at once into C(results/<student>) of
    the lab folder. Only what is new or has changed is sent, and nothing that was collected before is ever removed.
  - In check mode nothing is brought, and it fails where something would be.
options:
  name: {description: Name of the lab., type: str, required: true}
  region: {description: The region of the lab., type: str, required: true}
  folder: {description: The lab folder., type: path, required: true}
  students:
    description: Whose results; empty means of all who have a seat or should have one.
    type: list
    elements: str
    default: []
  on_roster: {description: Who should have a seat., type: list, elements: str, default: []}
  project: {description: The class's project., type: str, default: ""}
  base: {description: The folder that O(project) is relative to., type: path, required: true}
  results: {description: Folders of the project that hold results., type: list, elements: raw, default: []}
  port_tag:
    description: A tag that tells at which port of this machine a seat's SSH answers; empty means port 22.
    type: str
    default: ""
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Collect what students have made
  lab_collect:
    name: cs101
    region: us-east-1
    folder: "{{ lab_folder }}"
    project: weather
    base: /home/teacher/classlab/classes
    results: [plots]
"""

RETURN = r"""
document: {description: What came from each seat., type: dict, returned: always}
say: {description: The same as a table., type: list, elements: str, returned: always}
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from classlab import clock
from classlab.cloud.patience import connect
from classlab.day import results
from classlab.day.ways import into, ways
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.names import is_spare, make
from classlab.trust.pins import Pins


def main() -> None:
    module = AnsibleModule(
        {
            "name": {"type": "str", "required": True},
            "region": {"type": "str", "required": True},
            "folder": {"type": "path", "required": True},
            "students": {"type": "list", "elements": "str", "default": []},
            "on_roster": {"type": "list", "elements": "str", "default": []},
            "project": {"type": "str", "default": ""},
            "base": {"type": "path", "required": True},
            "results": {"type": "list", "elements": "raw", "default": []},
            "port_tag": {"type": "str", "default": ""},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    asked = module.params
    folder, class_name = LabFolder(Path(asked["folder"])), asked["class_name"]
    try:
        where = results.place(
            folder, asked["name"], class_name, asked["project"], Path(asked["base"]), asked["results"]
        )
        known = ways(connect(asked["region"]), asked["name"], folder, class_name, asked["port_tag"])
        if module.check_mode:
            # `down` needs no lab folder: without one there is no way in, and nobody is asked.
            pins = Pins(folder)
            found = {student: way for student, way in known.items() if way.has_been_met(pins)}
        else:
            if not known:
                module.fail_json(msg=f"The lab {asked['name']} has no seats: `{make('up', class_name)}` brings it up.")
            people = {student for student in known if not is_spare(student)}
            found = into(asked["students"] or people.union(asked["on_roster"]), known, class_name)
        each = results.collect(where, found, clock.now(), look=module.check_mode)
    except ClasslabError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(msg=f"The lab folder cannot be used: {error}. Make room, or mend its permissions.")
    if module.check_mode:
        if lost := results.not_collected(each, class_name):
            module.fail_json(msg=lost)
        module.exit_json(changed=False)
    brought = results.Brought(where, each)
    told: dict[str, Any] = {"say": brought.say(), "document": brought.as_document(), "changed": brought.changed}
    if bad := brought.bad:
        module.fail_json(msg="\n".join(f"{each.student}: {each.why}" for each in bad), **told)
    module.exit_json(**told)


if __name__ == "__main__":
    main()
