"""Ansible's amazon.aws collection: what a playbook asked for is what its info modules tell."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
THEMES = sorted(file.stem for file in (HERE / "themes").glob("*.yml"))
SETTINGS = {
    "ANSIBLE_CONFIG": str(HERE / "files" / "ansible.cfg"),
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",
    "ANSIBLE_LOCALHOST_WARNING": "False",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_PIPELINING": "True",
}


@pytest.mark.parametrize("theme", THEMES)
def test_every_module_of_a_theme(
    run_alone: Callable[..., tuple[subprocess.CompletedProcess[str], str]], theme: str
) -> None:
    book = HERE / "amazon_aws.yml"
    done, failed = run_alone(PLAYBOOK, book, "-i", "localhost,", "-e", f"theme={theme}", **SETTINGS)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert not failed, failed
