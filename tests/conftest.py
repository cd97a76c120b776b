"""For all tests."""

import os
import signal

import pytest

# What a shell runs in its background has Ctrl-C ignored, and so would the programs that tests start and interrupt.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """An ssh that a test has killed leaves the standard input that all share non-blocking, and Ansible refuses that."""
    os.set_blocking(0, True)
