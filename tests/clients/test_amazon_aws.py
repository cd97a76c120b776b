"""Ansible's amazon.aws collection: what a playbook asked for is what its info modules tell."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PLAYBOOK = Path(sys.executable).parent / "ansible-playbook"
THEMES = sorted(file.stem for file in (HERE / "themes").glob("*.yml"))
Done = tuple[subprocess.CompletedProcess[str], str]
SETTINGS = {
    "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
    "ANSIBLE_DEPRECATION_WARNINGS": "False",
    "ANSIBLE_LOCALHOST_WARNING": "False",
    "ANSIBLE_NOCOLOR": "1",
    "ANSIBLE_PIPELINING": "True",
}


@pytest.fixture(scope="module")
def plays(request: pytest.FixtureRequest, run_alone: Callable[..., Done]) -> Iterator[dict[str, Future[Done]]]:
    """The themes that are to be tested, two at a time: most of a module's second is Python's start."""
    wanted = [
        item.callspec.params["theme"]
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.path == request.path
    ]
    with ThreadPoolExecutor(2) as pool:
        yield {
            theme: pool.submit(
                run_alone, PLAYBOOK, HERE / "amazon_aws.yml", "-i", "localhost,", "-e", f"theme={theme}", **SETTINGS
            )
            for theme in wanted
        }


@pytest.mark.parametrize("theme", THEMES)
def test_every_module_of_a_theme(plays: dict[str, Future[Done]], theme: str) -> None:
    done, failed = plays[theme].result()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-3000:]
    assert not failed, failed
