"""One localcloud with real hosts for all tests here; each test makes and removes its own instances."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from aws_hosts import Lab

from localcloud import LocalCloud
from localcloud.home import cache_folder


@pytest.fixture(scope="session")
def image_cache() -> Path:
    return cache_folder()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with LocalCloud() as cloud:
        yield Lab(cloud, tmp_path_factory.mktemp("lab"))


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """A booted host of the default kind."""
    [instance] = lab.launch()
    lab.wait_ok(instance)
    yield instance
    if lab.state(instance) != "terminated":
        lab.ec2.modify_instance_attribute(InstanceId=instance, DisableApiTermination={"Value": False})
        lab.terminate(instance)


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").cloud.clear_faults()
