"""A small classlab of a test's own: its playbooks only tell, or wait; `classlab VERB` is run in it as make runs it."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from classlab.command.clouds import program

ROOT = Path(__file__).parents[2]
DEFAULTS = 'lab_name: ""\nlab_students: []\nlab_roster: ""\nlab_cloud: localcloud\nlab_region: us-east-1\n'
DEMO = "lab_name: demo\nlab_students: [ada, grace]\n"
# Writes down what it was told, so that a test can read it.
TELLS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ playbook_dir }}/told.json"
        mode: "0600"
        content: "{{ {'vars': vars | dict2items | selectattr('key', 'match', 'lab_') | items2dict,
                      'env': lookup('ansible.builtin.file', '/proc/self/environ') | split('\\0'),
                      'hosts': groups['all']} | to_json }}"
"""
FAILS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.fail:
"""
# Says when it has begun, by a file, then does not end.
WAITS = """
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.command: sh -c 'touch begun; exec sleep 60'
      args:
        chdir: "{{ playbook_dir }}"
"""


@dataclass
class ClassRoom:
    root: Path
    settings: dict[str, str]

    def make(self, **playbooks: str) -> None:
        """up="…": what its playbook is."""
        for folder in ("playbooks", "inventory", "classes", "group_vars/all"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "ansible.cfg").write_text("[defaults]\ninventory_unparsed_warning = false\n")
        (self.root / "group_vars" / "all" / "lab.yml").write_text(DEFAULTS)
        (self.root / "inventory" / "localhost.yml").write_bytes((ROOT / "inventory" / "localhost.yml").read_bytes())
        (self.root / "inventory" / "lab.aws_ec2.yml").write_text("plugin: ansible.builtin.constructed\nstrict: false\n")
        self.write("demo", DEMO)
        for verb, text in playbooks.items():
            (self.root / "playbooks" / f"{verb}.yml").write_text(text)

    def write(self, name: str, text: str | bytes) -> None:
        (self.root / "classes" / f"{name}.yml").write_bytes(text if isinstance(text, bytes) else text.encode())

    def remembers(self, cloud: str, name: str = "demo") -> Path:
        file = self.root / ".lab" / name / "cloud"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{cloud}\n")
        return file

    def environment(self, **variables: str) -> dict[str, str]:
        theirs = ("AWS_", "ANSIBLE_", "LAB_", "LOCALCLOUD_", "MAKE")
        own = {name: value for name, value in os.environ.items() if not name.startswith(theirs)}
        # No credentials, wherever boto3 looks for them; and no localcloud of the person who runs the tests.
        alone = {
            "HOME": str(self.root),
            "AWS_EC2_METADATA_DISABLED": "true",
            "LOCALCLOUD_HOME": str(self.root / "none"),
        }
        return {**own, **alone, **self.settings, **variables}

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`MAKE_GIVEN` is what stood on make's command line: all that the test gives."""
        return subprocess.run(
            [str(program("classlab")), *words],
            env={"MAKE_GIVEN": " ".join(variables), **self.environment(**variables)},
            cwd=self.root,
            capture_output=True,
            text=True,
        )

    def start(self, *words: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(program("classlab")), *words],
            env=self.environment(**variables),
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
