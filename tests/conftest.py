"""For all tests."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from warm_python import share_models, warm_python

# What a shell runs in its background has Ctrl-C ignored, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)
share_models()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """An ssh that a test has killed leaves the standard input that all share non-blocking, and Ansible refuses that."""
    os.set_blocking(0, True)


@pytest.fixture(scope="session")
def warm() -> Iterator[Path]:
    """A Python that has imported boto3, Ansible's modules and the `aws` command already."""
    with tempfile.TemporaryDirectory() as folder, warm_python(Path(folder)) as interpreter:
        yield interpreter
