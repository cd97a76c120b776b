from datetime import UTC, datetime, timedelta

import pytest

from classlab import money

EPOCH = datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_well_known_prices() -> None:
    assert money.instance_hour("us-east-1", "t3.micro") == 0.0104
    assert money.instance_hour("eu-central-1", "m5.large") == 0.115
    assert money.instance_hour("eu-west-1", "g4dn.xlarge") == 0.587
    assert money.address_hour("us-east-1") == 0.005
    assert money.gib_month("us-east-1") == 0.08
    assert money.volume_hour("us-east-1", 20) == pytest.approx(20 * 0.08 / 730)


def test_what_is_not_in_the_table_is_unknown_and_not_free() -> None:
    assert money.instance_hour("us-east-1", "u-24tb1.metal") is None
    assert money.instance_hour("mars-north-1", "t3.micro") is None
    assert money.instance_hour("eu-north-1", "t2.micro") is None
    assert money.volume_hour("mars-north-1", 20) is None
    assert money.seat("us-east-1", "u-24tb1.metal", 20).hour is None
    assert money.estimate("mars-north-1", "t3.micro", 20, 3, 8).total is None
    assert money.cost_of("us-east-1", "nosuch.type", 20, EPOCH, EPOCH + timedelta(hours=1)) is None
    assert money.add(1, None) is None
    assert money.dollars(None) == "unknown"


def test_a_lab_costs_its_instances_volumes_and_addresses() -> None:
    lab = money.estimate("us-east-1", "t3.micro", 20, seats=30, hours=8)
    seat = 0.0104 + 20 * 0.08 / 730 + 0.005
    assert lab.seat.hour == pytest.approx(seat)
    assert lab.hourly == pytest.approx(30 * seat)
    assert lab.total == pytest.approx(30 * seat * 8)
    assert lab.forgotten_week == pytest.approx(30 * seat * 168)


def test_what_something_that_lived_cost() -> None:
    hour = money.seat("us-east-1", "t3.micro", 20).hour
    assert hour
    assert money.cost_of("us-east-1", "t3.micro", 20, EPOCH, EPOCH + timedelta(hours=2)) == pytest.approx(2 * hour)
    # AWS bills the first minute whole, also of what lived for a second.
    for short in (timedelta(seconds=1), timedelta(seconds=-5)):
        assert money.cost_of("us-east-1", "t3.micro", 20, EPOCH, EPOCH + short) == pytest.approx(hour / 60)


@pytest.mark.parametrize(
    ("price", "told"), [(0.0176, "$0.0176"), (0.2815, "$0.28"), (5.912, "$5.91"), (1234.5, "$1,234.50"), (0, "$0.0000")]
)
def test_dollars(price: float, told: str) -> None:
    assert money.dollars(price) == told


def test_every_row_of_the_table_has_a_price_or_a_gap_for_each_region() -> None:
    table = money._table()
    width = len(table["regions"])
    assert len(set(table["regions"])) == width == len(table["gp3_gib_month"])
    for name, row in table["instance_hour"].items():
        assert len(row) == width, name
        assert row[0], f"{name} has no price in {table['regions'][0]}"
        # A slip of the decimal point would stand out: no region is half or twice us-east-1.
        assert all(each is None or 0.5 < each / row[0] < 2 for each in row), name


def test_the_table_says_its_month_and_where_the_truth_is() -> None:
    assert datetime.strptime(money.as_of(), "%Y-%m")
    assert money.page().startswith("https://aws.amazon.com/")
