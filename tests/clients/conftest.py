"""A whole localcloud without hosts, for stock clients; after each test, nothing may have failed in the server."""

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


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud(hosts=False) as cloud:
        yield cloud


@pytest.fixture
def healthy(cloud: LocalCloud) -> Iterator[None]:
    """The test fails when meanwhile the server answered HTTP 5xx or wrote of a failure into its log."""
    asked, logged = len(cloud.requests()), len(cloud.home.log.read_text())
    yield
    broken = [f"{each['action']}: {each['status']}" for each in cloud.requests()[asked:] if each["status"] >= 500]
    told = cloud.home.log.read_text()[logged:]
    assert not broken, f"{broken}\n{told}"
    assert "Traceback" not in told, told
    assert " failed" not in told, told


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
    """Run a program that finds localcloud through its environment, as a person would after `localcloud env`."""

    def program(*words: str | Path, cwd: Path | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(OWN_SETTINGS)}
        environment = {**kept, "HOME": str(tmp_path), "AWS_MAX_ATTEMPTS": "1", **cloud.env, **settings}
        return subprocess.run(
            [str(word) for word in words], env=environment, cwd=cwd or tmp_path, capture_output=True, text=True
        )

    return program
