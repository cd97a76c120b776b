"""A ClassRoom in which ansible-playbook is a small program, to see quickly what `classlab` does before and after it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from class_room import ClassRoom

from classlab.command.clouds import program

# `classlab`, but for the place where it looks for ansible-playbook.
CLASSLAB = """
import sys
from pathlib import Path
from classlab.command import cli, clouds
clouds.program = Path(__file__).parent.joinpath
sys.exit(cli.main())
"""
ANSIBLE_PLAYBOOK = """#!{python} -SEI
import re, runpy, sys
runpy.run_path(next(filter(re.compile("playbooks/").match, sys.argv)))
"""
# Playbooks: programs that write down what they were told, as TELLS does, or end with a status.
QUICKLY_TELLS = """
import json, os, sys
given = [json.loads(word) for word in sys.argv if word.startswith("{")]
with open("playbooks/told.json", "w") as file:
    json.dump({"vars": given[0], "env": [f"{name}={value}" for name, value in os.environ.items()]}, file)
"""
QUICKLY_FAILS = "raise SystemExit(2)"


@dataclass
class QuickRoom(ClassRoom):
    """`run` is quick; `start` starts the real programs, so the playbook must be a real one as well."""

    python: Path

    def __post_init__(self) -> None:
        self.programs = self.root / "programs"
        self.programs.mkdir()
        (self.programs / "classlab").write_text(CLASSLAB)
        (self.programs / "ansible-playbook").write_text(ANSIBLE_PLAYBOOK.format(python=sys.executable))
        (self.programs / "ansible-playbook").chmod(0o700)
        (self.programs / "localcloud").symlink_to(program("localcloud"))

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.python), str(self.programs / "classlab"), *words],
            env={"MAKE_GIVEN": " ".join(variables), **self.environment(**variables)},
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
