"""One localcloud with real hosts for all tests here; each test makes and removes its own instances."""

from collections.abc import Iterator

import pytest
from aws_hosts import Lab

from localcloud import LocalCloud, image
from localcloud.home import cache_folder
from localcloud.hosts import engine


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    for release in image.RELEASES:  # built beforehand, so that no test waits for it
        image.ensure(engine.find(), release, cache_folder(), print)
    with LocalCloud() as cloud:
        yield Lab(cloud, tmp_path_factory.mktemp("lab"))


@pytest.fixture
def host(lab: Lab) -> Iterator[str]:
    """A booted host of the default kind."""
    [instance] = lab.launch()
    lab.wait_ok(instance)
    yield instance
    if lab.state(instance) != "terminated":
        lab.terminate(instance)


@pytest.fixture(autouse=True)
def no_faults_left(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "lab" in request.fixturenames:
        request.getfixturevalue("lab").cloud.clear_faults()
