"""The receipt says what was seen, no more; adds up what AWS tells; and is never a "done" while something is left."""

import dataclasses
import json
import stat
from pathlib import Path
from typing import Any

import pytest

from classlab.cloud.kinds import Found
from classlab.gone.bill import an_hour, bill
from classlab.gone.receipt import Receipt, billed, save, tidy
from classlab.gone.sweep import Sweep, Unseen
from classlab.labfolder import LabFolder

NOON, TWO, THREE = "2026-11-20T12:00:00Z", "2026-11-20T14:00:00Z", "2026-11-20T15:00:00Z"


def seat(id_: str = "i-1", **more: Any) -> Found:
    facts = {"kind": "seat", "region": "us-east-1", "state": "running", "student": "ada", "label": "t3.micro"}
    return Found(**{**facts, "id": id_, "since": NOON, "public": True, "managed_by": "classlab", **more})


def disk(id_: str = "vol-1", **more: Any) -> Found:
    facts = {"kind": "volume", "region": "us-east-1", "state": "in-use", "label": "20 GiB", "size": 20}
    return Found(**{**facts, "id": id_, "since": NOON, "managed_by": "classlab", **more})


def swept(time: str, *found: Found, **more: Any) -> Sweep:
    return Sweep(name="demo", time=time, found=list(found), **{"regions": ["eu-west-1", "us-east-1"], **more})


def receipt(before: Sweep, after: Sweep, **more: Any) -> Receipt:
    return Receipt(cloud="aws", before=before, after=after, bill=bill(before, after), **more)


@pytest.fixture(autouse=True)
def prices(monkeypatch: pytest.MonkeyPatch) -> None:
    """Round ones, so that sums can be done in the head."""
    monkeypatch.setattr("classlab.money.instance_hour", lambda region, type_: None if type_ == "x9" else 1.0)
    monkeypatch.setattr("classlab.money.volume_hour", lambda region, gib: gib / 100)
    monkeypatch.setattr("classlab.money.address_hour", lambda region: 0.5)


def test_hours_run_to_the_moment_that_aws_tells_of_the_end() -> None:
    after = swept(THREE, ended=[seat(state="terminated", until=TWO)])
    paid = bill(swept(TWO, seat()), after)
    assert [(each.student, each.hours, each.cost) for each in paid.seats] == [("ada", 2, 3.0)]


def test_a_seat_that_aws_has_forgotten_runs_to_the_second_sweep() -> None:
    assert bill(swept(TWO, seat()), swept(THREE)).hours == 3


def test_a_seat_counts_with_its_disks_and_other_disks_by_themselves() -> None:
    before = swept(TWO, seat(), disk(held_by="i-1"), disk("vol-2", size=100))
    paid = bill(before, swept(TWO))
    assert paid.seats[0].cost == pytest.approx(2 * (1 + 0.5 + 0.2))
    assert paid.disks == pytest.approx(2 * 1.0)
    assert paid.total == pytest.approx(5.4)


def test_a_stopped_seat_does_not_run_and_keeps_its_disk() -> None:
    before = swept(THREE, seat(state="stopped", until=TWO, public=False), disk(held_by="i-1"))
    paid = bill(before, swept(THREE, ended=[seat(state="terminated", until=THREE)]))
    assert paid.hours == 2
    assert paid.total == pytest.approx(2 * 1.0 + 3 * 0.2)
    assert any("stopped" in note for note in paid.notes)


def test_a_seat_that_ended_itself_is_in_it_and_marked() -> None:
    gone = seat(state="terminated", until=TWO, public=False)
    before, after = swept(THREE, ended=[gone]), swept(THREE, ended=[gone])
    paid = bill(before, after, volume_size=20)
    assert [(each.hours, each.ended_before) for each in paid.seats] == [(2, True)]
    assert paid.total == pytest.approx(2 * (1 + 0.5 + 0.2))
    assert any("ada *" in line for line in Receipt("aws", before, after, paid).lines())


def test_where_aws_does_not_tell_the_end_the_deadline_was_it() -> None:
    gone = seat(state="terminated", ends_at=TWO)
    assert bill(swept(THREE, ended=[gone]), swept(THREE, ended=[gone])).hours == 2


def test_seats_are_in_the_order_in_which_people_count() -> None:
    names = ["s10", "s2", "ada", "s1"]
    before = swept(TWO, *(seat(f"i-{name}", student=name) for name in names))
    assert [each.student for each in bill(before, swept(TWO)).seats] == ["ada", "s1", "s2", "s10"]


def test_a_type_without_a_price_is_said_and_not_guessed() -> None:
    paid = bill(swept(TWO, seat(label="x9")), swept(TWO))
    assert paid.seats[0].cost is None
    assert any("x9 in us-east-1" in note for note in paid.notes)


def test_an_hour_counts_what_runs_and_what_lies_there() -> None:
    idle = Found(kind="address", id="eipalloc-1", region="us-east-1", public=True)
    assert an_hour([seat(), seat(state="stopped"), disk(), idle]) == pytest.approx(1.5 + 0.2 + 0.5)


def test_gone_is_said_only_when_all_regions_answered_and_nothing_is_left() -> None:
    all_gone = receipt(swept(TWO, seat(), disk(held_by="i-1")), swept(THREE))
    assert all_gone.complete
    assert all_gone.verdict() == "demo is gone: nothing with its tags is left in 2 regions."
    text = "\n".join(all_gone.lines())
    assert "seats        1        1     0" in text
    assert "ada" in text
    assert "3.00" in text


def test_nothing_there_is_said_plainly() -> None:
    nothing = receipt(swept(TWO), swept(TWO))
    assert nothing.verdict() == "Nothing of lab demo is on aws (2 regions asked)."
    assert nothing.lines() == []


def test_what_is_left_is_named_with_its_holder_and_is_no_done() -> None:
    stays = receipt(
        swept(TWO, seat(), disk()),
        swept(THREE, disk()),
        why={"vol-1": "It is held by i-9."},
        again="make down CLASS=demo",
    )
    assert not stays.complete
    text = "\n".join(stays.lines())
    assert "volume vol-1 (20 GiB, in-use, us-east-1). It is held by i-9." in text
    assert "1 volume" in stays.verdict()
    assert "make down CLASS=demo" in stays.verdict()
    assert "gone:" not in text + stays.verdict()
    assert [each["why"] for each in stays.as_dict()["left"]] == ["It is held by i-9."]


def test_what_appeared_in_between_is_left_too() -> None:
    appeared = receipt(swept(TWO), swept(THREE, seat("i-2")))
    assert not appeared.complete
    assert [each.id for each in appeared.left] == ["i-2"]


def test_a_silent_region_is_neither_removed_nor_left() -> None:
    silent = [Unseen("us-east-1", "volume", "UnauthorizedOperation: You are not authorized.")]
    half = receipt(swept(TWO, disk()), swept(THREE, unseen=silent))
    assert (half.removed, half.left, [each.id for each in half.unknown]) == ([], [], ["vol-1"])
    assert not half.complete
    assert "gone:" not in half.verdict()
    text = "\n".join(half.lines())
    assert "not known" in text
    assert "us-east-1 (volumes). UnauthorizedOperation: You are not authorized." in text


def test_a_region_that_is_not_named_any_more_is_not_cleared() -> None:
    lost = receipt(swept(TWO, disk()), dataclasses.replace(swept(THREE), regions=["eu-west-1"]))
    assert not lost.complete
    assert "Not known is what lies in us-east-1" in lost.verdict()


def test_regions_that_give_the_same_reason_are_told_once() -> None:
    silent = [Unseen(name, kind, f"No way to {name}.") for name in ("a-1", "b-1") for kind in ("volume", "image")]
    text = "\n".join(receipt(swept(TWO), swept(THREE, unseen=silent)).lines())
    assert text.count("No way to") == 1
    assert "a-1, b-1 (volumes, images). No way to a-1." in text


def test_what_stays_behind_without_the_tags_is_mentioned() -> None:
    before = swept(TWO, seat(outlived_by=["vol-1", "vol-own"]), disk(held_by="i-1"))
    text = "\n".join(receipt(before, swept(THREE)).lines())
    assert "vol-own in us-east-1 stays when seat ada (i-1) goes." in text
    assert "vol-1 in us-east-1 stays" not in text


def test_no_line_is_wider_than_a_terminal() -> None:
    long = [seat(f"i-{number:017}", student="a" * 30, label="u-24tb1.112xlarge") for number in range(60)]
    why = {each.id: "It is held by something with a long, long story " * 3 for each in long}
    silent = [Unseen(f"region-with-a-long-name-{number}", "volume", "reason " * 30) for number in range(20)]
    full = receipt(swept(TWO, *long), swept(THREE, *long, unseen=silent), why=why, troubles=["word " * 60])
    assert max(map(len, full.lines())) <= 80
    assert any("and 20 more" in line for line in full.lines(most_seats=40))


def test_it_is_saved_for_nobody_else_and_never_over_another(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path / ".lab" / "demo")
    one = receipt(swept(TWO, seat()), swept(THREE))
    first, second = save(one, folder), save(one, folder)
    assert first.name == "2026-11-20T150000Z.txt"
    assert second != first
    for file in (first, first.with_suffix(".json")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert first.read_text().endswith("demo is gone: nothing with its tags is left in 2 regions.\n")
    told = json.loads(first.with_suffix(".json").read_text())
    assert (told["complete"], told["hours"], [each["id"] for each in told["removed"]]) == (True, 3, ["i-1"])


def test_a_seat_is_billed_once(tmp_path: Path) -> None:
    """A second `down` within the hour still sees the terminated seats."""
    folder = LabFolder(tmp_path)
    gone, stays = seat(state="terminated", until=TWO), seat("i-2")
    save(receipt(swept(TWO, seat(), stays), swept(THREE, stays, ended=[gone])), folder)
    (folder.receipts / "notes.json").write_text("[1")
    assert billed(folder) == {"i-1"}
    again = bill(swept(THREE, stays, ended=[gone]), swept(THREE, ended=[gone]), billed=billed(folder))
    assert [each.id for each in again.seats] == ["i-2"]


def test_afterwards_only_the_way_to_the_seats_is_forgotten(tmp_path: Path) -> None:
    folder = LabFolder(tmp_path)
    stay = [folder.teacher_key, folder.student_key("ada"), folder.receipts / "a.txt", folder.path / "results" / "a.png"]
    go = [folder.known_hosts, folder.ssh_config, folder.first_key("ada")]
    for file in (*stay, *go):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    tidy(folder)
    tidy(folder)
    assert all(file.exists() for file in stay)
    assert not any(file.exists() for file in go)


def test_a_sweep_travels_between_tasks_unchanged() -> None:
    one = swept(TWO, seat(outlived_by=["vol-9"]), unseen=[Unseen("a", "volume", "why")], others=[disk()])
    assert Sweep.from_dict(json.loads(json.dumps(one.as_dict()))) == one
