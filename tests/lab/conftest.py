"""A whole localcloud without hosts, and Ansible run against it with the environment that `classlab` gives it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from classlab.command import clouds
from localcloud import LocalCloud

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "cloud" in request.fixturenames:
        request.getfixturevalue("cloud").clear_faults()


@pytest.fixture
def lab_env(cloud: LocalCloud, tmp_path: Path) -> dict[str, str]:
    """What `make up CLASS=test` would tell ansible-playbook; its lab folder is `tmp_path / ".lab" / "test"`."""
    return {
        **clouds.localcloud_environment(os.environ, cloud.env, ROOT, "us-east-1"),
        "HOME": str(tmp_path),
        "LAB_CLASS": "test",
        "LAB_NAME": "test",
        "LAB_FOLDER": str(tmp_path / ".lab" / "test"),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default",
        "ANSIBLE_NOCOLOR": "true",
    }


@pytest.fixture
def run(lab_env: dict[str, str], warm: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """run("ansible-playbook", file, "-e", …, LAB_NAME="other"): a program of .venv, in the root of the repository."""

    def program(*words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
        first, *others = map(str, words)
        if first == "ansible-playbook":
            others += ["-e", f"ansible_python_interpreter={warm}"]
        environment = {**lab_env, **settings}
        return subprocess.run(
            [str(clouds.program(first)), *others], env=environment, cwd=ROOT, capture_output=True, text=True
        )

    return program
