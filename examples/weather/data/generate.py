"""Make station.csv: ten years of a weather station that does not exist. The same every time, on every machine."""

import csv
import math
import random
from datetime import date, timedelta
from pathlib import Path

FIRST, LAST = date(2015, 1, 1), date(2024, 12, 31)
WARMING_PER_YEAR = 0.04  # °C: the trend that main.py should find again, as well as ten noisy years allow


def main() -> None:
    chance = random.Random(311)  # noqa: S311 - weather, not a secret
    rows = []
    weather, wet = 0.0, False
    for number in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=number)
        # -1 in the middle of January, +1 in the middle of July.
        season = -math.cos(2 * math.pi * (day.timetuple().tm_yday - 17) / 365.25)
        # A warm day is followed by a warm one, a wet day by a wet one, more often than not.
        weather = 0.78 * weather + chance.gauss(0, 1.9)
        wet = chance.random() < (0.63 if wet else 0.27 + 0.05 * season)
        mean = 10.2 + 8.9 * season + WARMING_PER_YEAR * number / 365.25 + weather
        half = max(1.2, 4.4 + 1.7 * season + chance.gauss(0, 1.1) - (1.6 if wet else 0))
        rain = chance.gammavariate(0.75, 6.2 + 2.1 * season) if wet else 0.0
        low, high, rain = round(mean - half, 1), round(mean + half, 1), round(rain, 1)
        rows.append([day.isoformat(), low, high, rain])
    # Instruments fail: a week in which nothing was read, and single days here and there.
    gaps = [*range(1301, 1308), *chance.sample(range(len(rows)), 12)]
    for gap in gaps:
        rows[gap][1:] = ["", "", ""]
    with (Path(__file__).parent / "station.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["date", "tmin_c", "tmax_c", "rain_mm"])
        table.writerows(rows)


if __name__ == "__main__":
    main()
