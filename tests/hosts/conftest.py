"""For all tests on real hosts."""

from pathlib import Path

import pytest
from guest_fixtures import engine, guests, inner, knock, pair, ubuntu  # noqa: F401 - fixtures, found by their names
from lab_fixtures import host, lab, no_faults_left  # noqa: F401 - fixtures, found by their names

# These take longest, so they come first: where each worker takes a file at a time, as in scripts/test, none of them is
# left to one worker at the end.
LONG = ("test_killed", "test_trust", "test_standin", "test_image", "test_lifecycle")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests in this folder boot hosts; `-m "not hosts"` leaves them out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.hosts)
    items.sort(key=lambda item: LONG.index(item.path.stem) if item.path.stem in LONG else len(LONG))
