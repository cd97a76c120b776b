"""What the teacher is told before anything is made: the cost first, then what may surprise."""

from datetime import datetime, timedelta

from classlab import clock, money
from classlab.money import dollars
from classlab.names import is_spare
from classlab.plan.content import Class
from classlab.plan.living import counted
from classlab.plan.machine import ubuntu_of
from classlab.plan.survey import Survey


def cost(
    wanted: Class, estimate: money.Estimate, total: float | None, ends_at: datetime, now: datetime, free: bool
) -> list[str]:
    """`total` is for the whole life of the lab, what has passed included; `free` where nothing is billed."""
    length = clock.in_words(ends_at - now)
    spares = sum(is_spare(each.name) for each in wanted.students)
    of_them = f", {spares} of them spare" if spares else ""
    head = (
        f"{wanted.name}: {counted(estimate.seats)}{of_them} ({wanted.instance_type}, {wanted.volume_size} GiB, "
        f"{wanted.region}), to end in {length}, at {clock.told(ends_at)}."
    )
    if estimate.seat.hour is None:
        unknown = [
            what
            for what, price in ((wanted.instance_type, estimate.seat.instance), ("gp3 volumes", estimate.seat.volume))
            if price is None
        ]
        would = "This run is free. On AWS the" if free else "The"
        return [
            head,
            f"{would} cost is unknown, for there is no price of {' and '.join(unknown)} in {wanted.region} (prices of "
            f"{money.source(wanted.region)}); see {money.page()}.",
        ]
    costs = "would cost" if free else "costs"
    most = "at most " if wanted.spot else ""  # no spot price is above the one on demand
    each = estimate.seat
    lines = [
        head,
        f"{'This run is free. On AWS a' if free else 'A'} seat {costs} {most}{dollars(each.hour)} an hour (instance "
        f"{dollars(each.instance)}, volume {dollars(each.volume)}, address {dollars(each.address)}).",
        f"The lab {costs} {most}{dollars(estimate.hourly)} an hour, {dollars(total)} in all until its end, and "
        f"{dollars(estimate.forgotten_week)} for a week if it were forgotten.",
    ]
    if not free:
        source = money.source(wanted.region, wanted.instance_type, "gp3")
        lines.append(f"Prices of {source}, without tax and traffic; see {money.page()}.")
    return lines


def bake(wanted: Class, estimate: money.Estimate, now: datetime, ends_at: datetime, free: bool) -> list[str]:
    """What it takes to make an image; what the image itself costs is told when it is there."""
    lines = [
        f"{wanted.name}: an image for its seats is made of one more ({wanted.instance_type}, {wanted.volume_size} GiB, "
        f"{wanted.region}), which ends when that is done, and by itself in {clock.in_words(ends_at - now)}."
    ]
    return [*lines, "This run is free." if free else f"That seat costs {dollars(estimate.hourly)} an hour."]


def warnings(wanted: Class, survey: Survey, ends_at: datetime, prune: bool) -> list[str]:
    """No reason to stop, but worth knowing: what does not act on the seats that are there, and who is leaving."""
    found = survey.found
    seats = found.living.seats
    lines = list(survey.notes)
    others = sorted({seat.instance_type for seat in seats} - {wanted.instance_type})
    if others:
        lines.append(
            f"lab_instance_type is {wanted.instance_type}, but there are seats of {', '.join(others)}: it acts on new "
            "seats only; make down, then make up, changes all."
        )
    ubuntu = ubuntu_of(found.image_name)
    if seats and ubuntu and ubuntu != wanted.ubuntu:
        lines.append(
            f"lab_ubuntu is {wanted.ubuntu}, but the lab runs {ubuntu}, and new seats get the same image: make down, "
            "then make up, changes all."
        )
    if builders := found.living.builders:
        lines.append(
            f"{' and '.join(builders)} was launched by `make bake`, which was cut off, and bills until its deadline: "
            "`make bake` again, or `make down`, ends it."
        )
    for student in leaving(wanted, survey):
        lines.append(
            f"{student} is no longer on the roster; "
            + (
                "that seat is removed now."
                if prune
                else "that seat goes on and bills. With PRUNE=yes, make up removes it."
            )
        )
    before = found.living.ends_at
    if before and wanted.ends_at and abs(before - ends_at) > timedelta(minutes=1):
        lines.append(f"lab_ends_at moves the end of the lab, from {clock.told(before)} to {clock.told(ends_at)}.")
    if "0.0.0.0/0" in survey.ssh_cidrs:
        lines.append("lab_ssh_cidrs has 0.0.0.0/0: the whole world may try to log in to the seats.")
    return lines


def leaving(wanted: Class, survey: Survey) -> list[str]:
    """Students who have a seat, and are on the roster no more."""
    return sorted(survey.found.living.students - {student.name for student in wanted.students} - {""})


def over_budget(wanted: Class, total: float | None) -> str:
    """'' when the plan stays within lab_budget."""
    if not wanted.budget:
        return ""
    if total is None:
        return (
            f"lab_budget is {dollars(wanted.budget)}, but the price of {wanted.instance_type} in {wanted.region} is "
            f"not known here, so it cannot be kept to: see {money.page()}, then write lab_budget: 0, or choose "
            "another lab_instance_type."
        )
    if total > wanted.budget:
        return (
            f"The plan costs {dollars(total)}, more than lab_budget allows ({dollars(wanted.budget)}): plan fewer "
            f"hours, fewer seats or a smaller type, or write lab_budget: {total + 0.5:.0f}."
        )
    return ""
