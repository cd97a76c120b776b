"""Every role has a Molecule scenario, and no step of one is passed over in silence."""

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
BASE = yaml.safe_load((ROOT / ".config/molecule/config.yml").read_text())
SCENARIOS = sorted(file.parent for file in (ROOT / "molecule").glob("*/molecule.yml"))


def told(scenario: Path, *keys: str) -> Any:
    """What the scenario says, or else what all have in common."""
    for said in (yaml.safe_load((scenario / "molecule.yml").read_text()) or {}, BASE):
        for key in keys:
            said = said.get(key, {})
        if said:
            return said
    return None


def test_every_role_has_one() -> None:
    roles = {each.name for each in (ROOT / "roles").iterdir()}
    assert {each.name for each in SCENARIOS} == roles | {"lab"}


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_it_proves_what_it_converges(scenario: Path) -> None:
    steps = [step.split()[0] for step in told(scenario, "scenario", "test_sequence")]
    assert {"converge", "idempotence", "verify"} <= set(steps)


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_each_step_has_its_playbook(scenario: Path) -> None:
    """Molecule counts a step without its playbook as done; a side effect also where only its default one is missing."""
    for step in told(scenario, "scenario", "test_sequence"):
        action, *named = step.split()
        if action == "idempotence":
            continue
        default = told(scenario, "ansible", "playbooks", action) or f"{action}.yml"
        for playbook in [*named, *([] if named and action == "verify" else [default])]:
            assert (scenario / playbook).is_file(), f"{step}: there is no {playbook}"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_none_of_its_playbooks_lies_idle(scenario: Path) -> None:
    """A playbook that no step names, and no other file of the scenario includes, tests nothing."""
    used = "\n".join(file.read_text() for file in scenario.glob("*.yml"))
    steps = {step.split()[0] for step in told(scenario, "scenario", "test_sequence")}
    for file in scenario.glob("*.yml"):
        assert file.name == "molecule.yml" or file.stem in steps or file.name in used, file.name
