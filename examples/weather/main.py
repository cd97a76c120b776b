"""Ten years of a weather station: what is usual, which years were warm, and is it getting warmer?"""

import calendar
import csv
from datetime import date
from pathlib import Path

import matplotlib

matplotlib.use("Agg")  # a seat has no screen: plots become files

import matplotlib.pyplot as plt
import numpy as np

HERE = Path(__file__).parent
PLOTS = HERE / "plots"
WARM, COLD, RAIN, GREY = "#b5381f", "#2f6f9f", "#7fb0d3", "#555555"
MONTHS = list(calendar.month_abbr)[1:]


def read(file):
    """Return days, daily minimum, daily maximum and rain; a day that was not measured is NaN."""
    with file.open(newline="", encoding="utf-8") as rows:
        table = list(csv.DictReader(rows))
    days = [date.fromisoformat(row["date"]) for row in table]
    columns = [np.array([float(row[name] or "nan") for row in table]) for name in ("tmin_c", "tmax_c", "rain_mm")]
    return days, *columns


def mean_by(groups, values):
    """Return the groups in order, and the mean of each one's values; days without a value do not count."""
    names = np.unique(groups)
    return names, np.array([np.nanmean(values[groups == name]) for name in names])


def trend(x, y):
    """Fit a line by least squares: slope, its standard error, and the mean of x and y, through which the line goes."""
    dx = x - x.mean()
    slope = (dx * y).sum() / (dx**2).sum()
    left = y - y.mean() - slope * dx
    error = np.sqrt((left**2).sum() / (len(x) - 2) / (dx**2).sum())
    return slope, error, x.mean(), y.mean()


def draw_months(low, mean, high, rain, span):
    """Temperature above, rain below, one month of the year beside the other."""
    figure, (above, below) = plt.subplots(2, 1, figsize=(8, 6), sharex=True, height_ratios=[3, 2], layout="constrained")
    at = np.arange(12)
    above.fill_between(at, low, high, color=WARM, alpha=0.18, linewidth=0, label="from mean low to mean high")
    above.plot(at, mean, color=WARM, linewidth=2, marker="o", markersize=4, label="mean")
    above.axhline(0, color=GREY, linewidth=0.8)
    above.set_ylabel("temperature (°C)")
    above.set_title(f"The usual year, {span}", loc="left", fontweight="bold")
    above.legend(frameon=False, loc="upper left")
    bars = below.bar(at, rain, color=RAIN, width=0.7)
    below.bar_label(bars, fmt="%.0f", color=GREY, fontsize=9, padding=2)
    below.set_ylabel("rain (mm a month)")
    below.set_ylim(0, rain.max() * 1.18)
    below.set_xticks(at, MONTHS)
    save(figure, "months.png")


def draw_years(years, means, line):
    """Each year's mean, the trend, and how sure one can be of it."""
    slope, error, middle, level = line
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    warmest = np.argsort(means)[-3:]
    axes.axhline(level, color=GREY, linewidth=0.8, linestyle=":", label=f"mean of all years, {level:.1f} °C")
    axes.plot(years, level + slope * (years - middle), color=GREY, linewidth=1.5, label="trend (least squares)")
    axes.vlines(years, level, means, color=np.where(means > level, WARM, COLD), alpha=0.35, linewidth=3)
    axes.scatter(years, means, color=np.where(means > level, WARM, COLD), s=50, zorder=3)
    for each in warmest:
        above = {"xytext": (0, 8), "textcoords": "offset points", "ha": "center"}
        axes.annotate(f"{means[each]:.1f}", (years[each], means[each]), color=WARM, **above)
    axes.set_ylabel("mean temperature (°C)")
    axes.set_title(
        f"Mean of each year, and the trend: {10 * slope:+.2f} ± {10 * error:.2f} °C in ten years",
        loc="left",
        fontweight="bold",
    )
    axes.set_xticks(years)
    axes.margins(y=0.18)
    axes.legend(frameon=False, loc="lower right")
    save(figure, "years.png")


def save(figure, name):
    for axes in figure.axes:
        axes.spines[["top", "right"]].set_visible(False)
    PLOTS.mkdir(exist_ok=True)
    figure.savefig(PLOTS / name, dpi=130)
    plt.close(figure)


def main():
    days, low, high, rain = read(HERE / "data" / "station.csv")
    month = np.array([day.month for day in days])
    year = np.array([day.year for day in days])
    mean = (low + high) / 2
    span = f"{year.min()}-{year.max()}"
    print(f"{len(days)} days, {span}; {np.isnan(mean).sum()} of them were not measured\n")

    _, monthly_low = mean_by(month, low)
    _, monthly_mean = mean_by(month, mean)
    _, monthly_high = mean_by(month, high)
    _, daily_rain = mean_by(month, rain)
    monthly_rain = daily_rain * np.array([calendar.mdays[each] for each in range(1, 13)])
    print("month    low   mean   high   rain")
    for row in zip(MONTHS, monthly_low, monthly_mean, monthly_high, monthly_rain, strict=True):
        print("{:5} {:6.1f} {:6.1f} {:6.1f} {:6.0f}".format(*row))

    years, yearly_mean = mean_by(year, mean)
    print("\nwarmest years")
    for each in np.argsort(yearly_mean)[:-4:-1]:
        print(f"{years[each]} {yearly_mean[each]:7.1f}")

    line = trend(years, yearly_mean)
    print(f"\ntrend {10 * line[0]:+.2f} °C in ten years (standard error {10 * line[1]:.2f})")

    draw_months(monthly_low, monthly_mean, monthly_high, monthly_rain, span)
    draw_years(years, yearly_mean, line)
    print(f"plots: {', '.join(sorted(plot.name for plot in PLOTS.glob('*.png')))}")


if __name__ == "__main__":
    main()
