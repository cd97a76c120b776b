"""What holds for every file of the tree, whoever writes it."""

import ast
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import ansible.module_utils
import pytest
import yaml
from ansible.module_utils import basic

from classlab.project.secrets import looks_like

ROOT = Path(__file__).parents[2]
MODULES = sorted(each.stem for each in (ROOT / "plugins" / "modules").glob("*.py"))
# What the search of a class's project does not know: keys of GitHub, GitLab, Slack, PyPI, Google; an AWS id alone.
TOKEN = (
    r"\b(?:gh[opsur]_\w{30}|github_pat_\w{30}|glpat-\w{20}|xox[abprs]-\w{10}|pypi-AgEI\w{30}|AIza\w{35}"
    r"|(?:AKIA|ASIA)(?!\w*EXAMPLE\b)[A-Z0-9]{16}\b)"
)
# ssh would take whatever key it is shown, the first time or always.
ANY_HOST = r"(?i)(?:StrictHost|host_)Key_?Checking\W+(?:no|off|accept-new|false|0)\b|UserKnownHostsFile\W+/dev/null"
TRUSTING = {
    # Its containers are made one by one, and which keys they make for themselves is what it tests.
    "tests/hosts/test_image.py",
    # Tells ansible so from outside, and sees that it is not heard.
    "tests/unit/test_clouds.py",
    # Breaks the check on purpose, so that a test notices.
    "tests/mutants.yml",
}
# Where people are told which verb to type.
TELLING = ("README", "CONTRIBUTING", "CHANGELOG", "docs/", "roles/", "src/", "plugins/", "group_vars/", "classes/")
# Where a task makes something depend on what is the case.
ASKING = ("when", "that", "until", "failed_when", "changed_when")


@cache
def tree() -> dict[str, bytes]:
    """Every file that is tracked, or would be by `git add .`, with its content."""
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout.split("\0")
    return {name: (ROOT / name).read_bytes() for name in sorted(set(names)) if (ROOT / name).is_file()}


def found(pattern: str, *beginnings: str) -> dict[str, list[str]]:
    """What matches, by file, in the files whose names begin so."""
    of = {name: content.decode(errors="replace") for name, content in tree().items() if name.startswith(beginnings)}
    return {name: them for name, text in of.items() if (them := re.findall(pattern, text, re.MULTILINE))}


def keys(node: object) -> Iterator[tuple[str, object]]:
    """Every key of a YAML document with its value, however deep."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key), value
            yield from keys(value)
    elif isinstance(node, list):
        for each in node:
            yield from keys(each)


@cache
def said_in_yaml() -> list[tuple[str, str, object]]:
    """File, key and value of all that is said to Ansible."""
    files = [(name, content) for name, content in tree().items() if name.endswith(".yml")]
    return [(name, key, value) for name, content in files for key, value in keys(yaml.safe_load(content))]


def test_no_host_is_met_without_its_key() -> None:
    assert set(found(ANY_HOST, "")) == TRUSTING


def test_no_file_holds_a_secret() -> None:
    assert {name: what for name, content in tree().items() if (what := looks_like(name, content))} == {}
    assert found(TOKEN, "") == {}


def test_no_task_passes_over_an_error() -> None:
    assert [told for told in said_in_yaml() if told[1] == "ignore_errors" or told[1:] == ("failed_when", False)] == []


def test_nothing_knows_on_which_cloud_it_is() -> None:
    """Only the command does, in one module, which sets an endpoint and credentials."""
    asked = [each for each in said_in_yaml() if each[0].startswith(("playbooks/", "roles/")) and each[1] in ASKING]
    assert asked
    assert [each for each in asked if re.search(r"localcloud|cloud_in_use|lab_cloud", str(each[2]))] == []
    knowing = found(r"^\s*(?:from|import) localcloud\b", "src/classlab/", "plugins/")
    assert list(knowing) == ["src/classlab/command/clouds.py"]
    assert found(r"^\s*(?:from|import) (?:classlab|ansible)\b", "src/localcloud/") == {}


def test_what_runs_on_a_seat_needs_nothing_but_python_and_ansible() -> None:
    on_seats = ("plugins/module_utils/", *found(r"ansible\.module_utils\.seat", "plugins/modules/"))
    imported = set()
    for name, content in tree().items():
        for node in ast.walk(ast.parse(content)) if name.startswith(on_seats) else ():
            if isinstance(node, ast.Import):
                imported |= {each.name.split(".")[0] for each in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).split(".")[0])
    assert "ansible" in imported
    assert imported - sys.stdlib_module_names == {"ansible"}


@pytest.mark.parametrize(
    "lock", ["requirements.txt", "requirements-dev.txt", "requirements-bench.txt", "examples/weather/requirements.txt"]
)
def test_a_lock_pins_every_package_and_names_no_index(lock: str) -> None:
    lines = [line for line in tree()[lock].decode().splitlines() if line and not line.lstrip().startswith("#")]
    pins = [line for line in lines if not line.startswith(" ")]
    hashes = [line for line in lines if line.startswith(" ")]
    assert [line for line in pins if not re.fullmatch(r"[\w.\[\],-]+==[\w.+!]+(?: ; .*)? \\", line)] == []
    assert [line for line in hashes if not re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}(?: \\)?", line)] == []


def verbs() -> set[str]:
    return set(re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_make_help_tells_of_every_verb() -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    said = subprocess.run(["make", "help"], cwd=ROOT, env=own, check=True, capture_output=True, text=True).stdout
    assert set(re.findall(r"^  make ([\w-]+) +\w", said, re.MULTILINE)) == verbs()


def test_every_verb_that_is_told_of_exists() -> None:
    told = found(r"(?:`|^ *\$? ?)make ([a-z][a-z-]*)", *TELLING)
    assert {name: unknown for name, them in told.items() if (unknown := set(them) - verbs())} == {}
    assert told


@cache
def documentation(kind: str, *names: str) -> dict[str, Any]:
    """What `ansible-doc` tells; one call for all, since each costs most of a second."""
    command = [str(Path(sys.executable).with_name("ansible-doc")), "--json", "--type", kind, *names]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return dict(json.loads(told))


def test_every_module_is_documented() -> None:
    told = documentation("module", *MODULES)
    assert sorted(told) == MODULES
    for name, about in told.items():
        assert about["doc"]["description"] and about["examples"].strip() and about["return"], name
        assert [key for key, option in about["doc"].get("options", {}).items() if not option["description"]] == [], name


def test_a_module_of_this_computer_runs_where_ansible_is_already() -> None:
    """What goes onto a seat is packed for it; the others would only lose a second by that."""
    for module in (ROOT / "plugins" / "modules").glob("*.py"):
        if "module_utils.seat" not in module.read_text():
            action = ROOT / "plugins" / "action" / module.name
            assert action.exists(), f"copy plugins/action/lab_status.py to plugins/action/{module.name}"


def test_the_callback_is_documented() -> None:
    assert documentation("callback", "classlab")["classlab"]["doc"]["description"]


@pytest.mark.parametrize("module", MODULES)
def test_a_module_takes_what_it_is_documented_to_take(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = {}

    class Asked(Exception):  # noqa: N818 - it only ends the module where its arguments are known
        pass

    def ask(argument_spec: dict[str, Any], **_: object) -> None:
        taken.update(argument_spec)
        raise Asked

    monkeypatch.setattr(basic, "AnsibleModule", ask)
    own = str(ROOT / "plugins" / "module_utils")
    monkeypatch.setattr(ansible.module_utils, "__path__", [*ansible.module_utils.__path__, own])
    with pytest.raises(Asked):
        runpy.run_path(str(ROOT / "plugins" / "modules" / f"{module}.py"), run_name="__main__")
    told = documentation("module", *MODULES)[module]["doc"].get("options", {})
    words = ("type", "required", "default", "choices", "elements")
    assert {name: {word: spec[word] for word in words if word in spec} for name, spec in taken.items()} == {
        name: {word: spec[word] for word in words if word in spec} for name, spec in told.items()
    }
