"""
Run scenarios of molecule/, some side by side, each as a small lab of its own in a localcloud that is made for it.

    scripts/molecule.py [--workers 4] [--junit FILE] [SCENARIO …]     all that there are, when none is named
    scripts/molecule.py --step converge SCENARIO                      one step, in your own localcloud; its seats stay

With CLOUD=aws the same scenarios run on AWS.
"""

import argparse
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from warm_python import warm_python

from classlab.command import clouds
from classlab.command.asking import Environment
from classlab.errors import ClasslabError, UsageError
from classlab.names import did_you_mean
from localcloud import LocalCloud

ROOT = Path(__file__).parents[1]
REGION = "us-east-1"
STEPS = ("test", "create", "prepare", "converge", "idempotence", "side-effect", "verify", "login", "destroy")
# The whole way of a class shows refusals that only localcloud can be told to make.
ON_LOCALCLOUD_ALONE = ("lab",)


@dataclass(frozen=True)
class Outcome:
    scenario: str
    passed: bool
    seconds: float
    said: str


def main() -> int:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--workers", type=int, default=1)
    words.add_argument("--junit", type=Path)
    words.add_argument("--step", default="test", choices=STEPS)
    words.add_argument("scenario", nargs="*")
    asked = words.parse_args()
    cloud = os.environ.get("CLOUD") or clouds.LOCAL
    try:
        clouds.known(cloud, "CLOUD=")
        wanted = chosen(asked.scenario, cloud)
        if asked.step != "test":
            return step(asked.step, wanted, cloud)
        with tempfile.TemporaryDirectory(prefix="warm-") as folder, warm_python(Path(folder)) as python:
            if len(wanted) == 1:
                return whole(wanted[0], cloud, python).returncode
            outcomes = side_by_side(wanted, cloud, python, asked.workers)
    except ClasslabError as error:
        print(f"molecule: {error}", file=sys.stderr)
        return error.exit_status
    if asked.junit:
        write_junit(asked.junit, outcomes)
    return 0 if all(each.passed for each in outcomes) else 1


def chosen(named: list[str], cloud: str) -> list[str]:
    # The longest first, so that nothing waits for it at the end.
    there = sorted(
        (file.parent.name for file in (ROOT / "molecule").glob("*/molecule.yml")),
        key=lambda name: (name != "lab", name),
    )
    for name in named:
        if name not in there:
            raise UsageError(f"There is no scenario {name}.{did_you_mean(name, there)} There are {', '.join(there)}.")
        if cloud == clouds.AWS and name in ON_LOCALCLOUD_ALONE:
            raise UsageError(
                f"The scenario {name} has the cloud refuse things, which only localcloud can be asked for."
            )
    return named or [name for name in there if cloud == clouds.LOCAL or name not in ON_LOCALCLOUD_ALONE]


@contextmanager
def environment(cloud: str, *, kept: bool) -> Iterator[Environment]:
    """What `make` would tell ansible-playbook, of the cloud. `kept`: what is launched there outlives this run."""
    # What the make around us was told must not reach a make inside of a scenario.
    caller = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    if cloud == clouds.AWS:
        yield clouds.aws_environment(caller, ROOT, caller.get("AWS_REGION") or REGION)
    elif kept:
        yield clouds.localcloud_environment(caller, clouds.start_localcloud(ROOT, new=True), ROOT, REGION)
    else:
        with LocalCloud(region=REGION) as own:
            told = clouds.localcloud_environment(caller, own.env, ROOT, REGION)
            yield {**told, "LOCALCLOUD_HOME": str(own.home.folder)}


def step(name: str, wanted: list[str], cloud: str) -> int:
    if len(wanted) != 1:
        raise UsageError(f"--step {name} is for one scenario, whose seats stay; name one, not {len(wanted)}.")
    lab = lab_of(wanted[0])
    with environment(cloud, kept=True) as told:
        return molecule(name, wanted[0], {**told, **of_lab(lab, ROOT / ".lab" / lab)}).returncode


def whole(scenario: str, cloud: str, python: Path, output: int | None = None) -> subprocess.CompletedProcess[str]:
    """All steps of a scenario. Its lab has a name and a folder that no other has."""
    # A localcloud for each: what one scenario has its cloud refuse, or hides from it, must not meet another.
    with environment(cloud, kept=False) as told, tempfile.TemporaryDirectory(prefix="lab-") as folder:
        lab = of_lab(f"{lab_of(scenario)}-{secrets.token_hex(2)}", Path(folder))
        own = {**told, **lab, "WARM_PYTHON": str(python)}
        try:
            return molecule("test", scenario, own, output)
        except KeyboardInterrupt:
            molecule("destroy", scenario, own)
            raise


def molecule(
    step: str, scenario: str, told: Environment, output: int | None = None
) -> subprocess.CompletedProcess[str]:
    words = [str(clouds.program("molecule")), "-c", str(ROOT / ".config/molecule/config.yml"), step, "-s", scenario]
    stderr = None if output is None else subprocess.STDOUT
    return subprocess.run(words, cwd=ROOT, env=told, stdout=output, stderr=stderr, text=True)


def lab_of(scenario: str) -> str:
    return f"mol-{scenario.replace('_', '-')}"


def of_lab(lab: str, folder: Path) -> Environment:
    """What Molecule remembers lies in the lab's folder and goes with it: an earlier run's would be believed."""
    own = {"LAB_NAME": lab, "LAB_FOLDER": str(folder), "MOLECULE_EPHEMERAL_DIRECTORY": f"{folder}/molecule"}
    return {**own, "MOLECULE_COMMAND_BORDERS": "false"}


def side_by_side(wanted: list[str], cloud: str, python: Path, workers: int) -> list[Outcome]:
    outcomes = []
    width = max(map(len, wanted))
    with ThreadPoolExecutor(workers) as pool:
        running = [pool.submit(try_out, scenario, cloud, python) for scenario in wanted]
        for done in as_completed(running):
            outcome = done.result()
            if not outcome.passed:
                print(outcome.said)
            word = "passed" if outcome.passed else "FAILED"
            print(f"  {outcome.scenario:<{width}}  {word}  {outcome.seconds:>4.0f} s", flush=True)
            outcomes.append(outcome)
    return outcomes


def try_out(scenario: str, cloud: str, python: Path) -> Outcome:
    began = time.monotonic()
    done = whole(scenario, cloud, python, subprocess.PIPE)
    return Outcome(scenario, done.returncode == 0, time.monotonic() - began, done.stdout)


def write_junit(file: Path, outcomes: list[Outcome]) -> None:
    failed = [each for each in outcomes if not each.passed]
    suite = ElementTree.Element("testsuite", name="molecule", tests=str(len(outcomes)), failures=str(len(failed)))
    for each in outcomes:
        case = ElementTree.SubElement(suite, "testcase", name=each.scenario, time=f"{each.seconds:.0f}")
        if not each.passed:
            # What it said is on the screen, in colours, which XML cannot hold.
            ElementTree.SubElement(case, "failure", message=f"{each.scenario} failed")
    ElementTree.ElementTree(suite).write(file)


if __name__ == "__main__":
    sys.exit(main())
