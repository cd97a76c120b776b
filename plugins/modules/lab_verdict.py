#!/usr/bin/python
"""Controller side: what was found on the seats, and how much of everything is ok."""

DOCUMENTATION = r"""
module: lab_verdict
short_description: What was found on the seats, and how much of everything is ok
description:
  - Puts what M(seat_facts) said of each seat beside what M(lab_check) has found, and fails where something is not ok.
options:
  findings: {description: What M(lab_check) has found., type: list, elements: dict, required: true}
  students: {description: Whose seats were entered., type: list, elements: str, required: true}
  answers: {description: "Student -> what M(seat_facts) said.", type: dict, required: true}
  class_name: {description: The class as in CLASS=., type: str, default: demo}
"""

EXAMPLES = r"""
- name: Tell how all is
  lab_verdict:
    findings: "{{ looked.findings }}"
    students: [ada]
    answers: {ada: {why: {}}}
"""

RETURN = r"""
document: {description: All findings for a program., type: dict, returned: always}
told_all: {description: That C(say) has everything., type: bool, returned: failure}
say: {description: The seats' findings as lines and the count., type: list, elements: str, returned: always}
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from classlab.check.checkup import verdict


def main() -> None:
    module = AnsibleModule(
        {
            "findings": {"type": "list", "elements": "dict", "required": True},
            "students": {"type": "list", "elements": "str", "required": True},
            "answers": {"type": "dict", "required": True},
            "class_name": {"type": "str", "default": "demo"},
        },
        supports_check_mode=True,
    )
    given = module.params
    found, say, count = verdict(given["findings"], given["students"], given["answers"], given["class_name"])
    told: dict[str, Any] = {"changed": False, "document": {"findings": found}}
    told["say"] = [*say, f"{count}."]
    if all(each["ok"] for each in found):
        module.exit_json(**told)
    module.fail_json(msg=f"{count}.", told_all=True, **told)


if __name__ == "__main__":
    main()
