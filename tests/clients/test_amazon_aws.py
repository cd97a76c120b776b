"""Ansible's amazon.aws collection: what a playbook asked for is what its info modules tell."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("theme", sorted(file.stem for file in (HERE / "themes").glob("*.yml")))
def test_every_module_of_a_theme(run: Run, theme: str) -> None:
    done = run(
        PLAYBOOK, HERE / "amazon_aws.yml", "-i", "localhost,", "-e", f"theme={theme}",
        ANSIBLE_CALLBACK_RESULT_FORMAT="yaml", ANSIBLE_LOCALHOST_WARNING="False", ANSIBLE_PIPELINING="True",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
