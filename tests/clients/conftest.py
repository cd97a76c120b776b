"""A whole localcloud without hosts, for stock clients; after each test, nothing may have failed in the server."""

import functools
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.testing import LocalCloud

NOBLE = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id"
# What is set for the person who runs the tests must not reach the clients.
OWN_SETTINGS = ("AWS_", "ANSIBLE_", "BOTO_")


def failures(cloud: LocalCloud, asked: int = 0, logged: int = 0) -> str:
    """What the server answered with HTTP 5xx, and what its log tells of it; empty when all is well."""
    broken = [f"{each['action']}: {each['status']}" for each in cloud.requests()[asked:] if each["status"] >= 500]
    told = cloud.home.log.read_text()[logged:]
    if not broken and "Traceback" not in told and " failed" not in told:
        return ""
    return f"{broken}\n{told}"


def program(cloud: LocalCloud, folder: Path, *words: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a program that finds localcloud through its environment, as a person would after `localcloud env`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
    environment = {**kept, "HOME": str(folder), "AWS_MAX_ATTEMPTS": "1", **cloud.env, **settings}
    return subprocess.run([str(word) for word in words], env=environment, cwd=folder, capture_output=True, text=True)


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def healthy(cloud: LocalCloud) -> Iterator[None]:
    """The test fails when meanwhile something failed in the server."""
    before = len(cloud.requests()), len(cloud.home.log.read_text())
    yield
    told = failures(cloud, *before)
    assert not told, told


@pytest.fixture
def client(cloud: LocalCloud, healthy: None) -> Callable[..., Any]:
    """client("ec2"): boto3's client of that service; nothing it is answered is asked for twice."""

    def make(service: str, region: str = "us-east-1") -> Any:
        made = cloud.client(service, region)
        made.meta.config.retries = {"max_attempts": 0}
        return made

    return make


@pytest.fixture
def image(client: Callable[..., Any]) -> str:
    value: str = client("ssm").get_parameter(Name=NOBLE)["Parameter"]["Value"]
    return value


@pytest.fixture
def run(cloud: LocalCloud, healthy: None, tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    return functools.partial(program, cloud, tmp_path)


@pytest.fixture
def run_alone(warm: Path, tmp_path: Path) -> Callable[..., tuple[subprocess.CompletedProcess[str], str]]:
    """Run ansible-playbook in a cloud of its own; what it did, and what failed in the server."""

    def alone(*words: str | Path, **settings: str) -> tuple[subprocess.CompletedProcess[str], str]:
        with LocalCloud(hosts=False) as cloud:
            done = program(cloud, tmp_path, *words, "-e", f"ansible_python_interpreter={warm}", **settings)
            return done, failures(cloud)

    return alone
