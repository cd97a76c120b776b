"""Whose prices `make up` tells, and that every later verb of the lab tells the same ones."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from plan_side import Classroom, classroom

from classlab import clock, money
from classlab.errors import ClasslabError
from classlab.labfolder import LabFolder
from classlab.plan.preflight import Request, remember
from localcloud import LocalCloud

TAGS = dict.fromkeys(("Owner", "Project", "Task"), "x") | {"Email": "a@example.org"}
TODAY = f"{clock.now():%Y-%m-%d}"


@pytest.fixture
def room(cloud: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Classroom]:
    yield from classroom(cloud, tmp_path, monkeypatch)


@pytest.fixture
def doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A table in which a t3.micro, a disk and an address cost twice what AWS takes for them."""
    table = money._table()
    rows = {"t3.micro": [0.0208] * len(table["regions"])}
    gib = [0.16] * len(table["regions"])
    other = {**table, "instance_hour": rows, "gp3_gib_month": gib, "address_hour": 0.01, "as_of": "2020-02"}
    monkeypatch.setattr(money, "_table", lambda: other)


@pytest.mark.usefixtures("doubled")
def test_the_price_list_is_asked_and_believed(room: Classroom) -> None:
    told = room.told(cloud="aws", lab_tags=TAGS)
    assert "A seat costs $0.0176 an hour (instance $0.0104, volume $0.0022, address $0.0050)." in told
    assert "Prices of AWS's price list, today, without tax and traffic" in told


@pytest.mark.usefixtures("doubled")
@pytest.mark.parametrize("error", ["AccessDeniedException", "InternalErrorException"])
def test_where_it_does_not_answer_the_table_does_with_its_date(room: Classroom, error: str) -> None:
    room.cloud.fault("pricing.GetProducts", f"error={error}")
    told = room.told(cloud="aws", lab_tags=TAGS)
    assert "A seat costs $0.0352 an hour (instance $0.0208, volume $0.0044, address $0.0100)." in told
    assert "Prices of 2020-02, from the table, without tax and traffic" in told


def test_what_the_list_lacks_is_taken_from_the_table_and_that_is_told(room: Classroom) -> None:
    told = room.told(cloud="aws", lab_tags=TAGS, lab_instance_type="t2.micro")
    assert "instance $0.0116" in told
    assert f"Prices of AWS's price list, today; of t2.micro: {money.as_of()}, from the table, without tax" in told


def test_what_neither_has_is_unknown(room: Classroom) -> None:
    told = room.told(cloud="aws", lab_tags=TAGS, lab_instance_type="g4dn.4xlarge")
    assert (
        "The cost is unknown, for there is no price of g4dn.4xlarge in us-east-1 (prices of AWS's price list, today"
        in told
    )


def test_a_seat_of_another_type_is_priced_by_the_list_as_well(room: Classroom) -> None:
    room.seat("ada", InstanceType="m5.24xlarge")  # the table has none
    assert room.plan(lab_students=["ada", "grace"])["total"] > 8 * 4.608


def keep(room: Classroom, **changes: Any) -> LabFolder:
    """As lab_plan does it after a plan that holds; then another process of the same lab begins."""
    folder = LabFolder(room.lab_folder)
    remember(Request({}, room.class_file, room.folder, lab_folder=room.lab_folder), room.check())
    folder.prices.write_text(json.dumps({**json.loads(folder.prices.read_text()), **changes}))
    money.learn("us-east-1", None)
    return folder


def test_every_verb_of_the_lab_tells_the_prices_of_its_up(room: Classroom, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = keep(room, date="2026-05-04", instance_hour={"t3.micro": 7.0})
    assert money.instance_hour("us-east-1", "t3.micro") == 0.0104, "of a lab that is not this one"
    monkeypatch.setenv("LAB_FOLDER", str(folder.path))
    assert money.instance_hour("us-east-1", "t3.micro") == 7
    assert money.gib_month("us-east-1") == 0.08
    assert money.instance_hour("us-east-1", "t3.small") == 0.0208
    assert money.source("us-east-1", "t3.micro") == "AWS's price list, 2026-05-04"
    assert money.as_of("us-east-1") == "2026-05-04"
    # What was asked for one region is not said of another.
    assert money.instance_hour("us-west-2", "t3.micro") == 0.0104
    assert "from the table" in money.source("us-west-2", "t3.micro")


def test_the_lab_that_is_gone_leaves_no_prices_to_the_next(room: Classroom) -> None:
    folder = keep(room)
    assert f'"date": "{TODAY}"' in folder.prices.read_text()
    folder.forget()
    assert not folder.prices.exists()


@pytest.mark.parametrize("content", ["{", '{"x": 1}'])
def test_a_broken_file_is_named(room: Classroom, monkeypatch: pytest.MonkeyPatch, content: str) -> None:
    folder = keep(room)
    folder.prices.write_text(content)
    monkeypatch.setenv("LAB_FOLDER", str(folder.path))
    with pytest.raises(ClasslabError, match=r"prices.json is not as `make up` wrote it: remove it"):
        money.address_hour("us-east-1")
