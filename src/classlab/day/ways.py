"""The ways into the seats as they are now: which can be entered, and why others cannot."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from classlab.cloud import seats
from classlab.cloud.regions import reason
from classlab.cloud.seats import Seat
from classlab.errors import CloudError
from classlab.labfolder import LabFolder
from classlab.names import BUILDER, make
from classlab.trust import sshconfig
from classlab.trust.pins import Pins

FAILED_TO_ENTER = 255  # ssh's own exit status; any other is the command's


@dataclass(frozen=True)
class Way:
    """A student's seat, if there is one, and why it cannot be entered: '' when it can."""

    seat: Seat | None = None
    why: str = ""

    def has_been_met(self, pins: Pins) -> bool:
        """Before that nobody has worked on it."""
        return self.seat is not None and pins.met(self.seat.id)


def ways(ec2: Any, lab: str, folder: LabFolder, class_name: str, port_tag: str) -> dict[str, Way]:
    """
    By student, for all seats that there are. The ssh_config is brought up to date on the way; it has the builder
    too, on which `make bake` may be at work.
    """
    try:
        found = [each for each in seats.of_lab(ec2, lab) if each.living]
    except (ClientError, BotoCoreError) as error:
        raise CloudError(f"The cloud cannot be asked where the seats are. {reason(error)}") from error
    sshconfig.follow(folder, lab, found, port_tag)
    return {each.student: Way(each, _asleep(each, class_name)) for each in found if each.student != BUILDER}


def into(students: Iterable[str], known: Mapping[str, Way], class_name: str) -> dict[str, Way]:
    """The same for these students; some may have no seat."""
    return {
        each: known.get(each) or Way(why=f"{each} has no seat: `{make('up', class_name, each)}` makes one.")
        for each in students
    }


def ssh(folder: LabFolder, lab: str, student: str, *options: str) -> list[str]:
    """The words that enter a seat."""
    return ["ssh", "-F", str(folder.ssh_config), *options, sshconfig.alias(lab, student)]


def _asleep(seat: Seat, class_name: str) -> str:
    if seat.state == "running":
        return ""
    if seat.asleep:
        return f"{seat.student}'s seat is {seat.state}: `{make('start', class_name, seat.student)}` wakes it."
    return f"{seat.student}'s seat is {seat.state}: wait a minute, then try again."
