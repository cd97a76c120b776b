"""The whole checkup: each group of findings in its turn, as far as the one before lets it be asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from classlab import clock
from classlab.check import account, finding, here, lab, seats, tags
from classlab.check.finding import Finding, bad, good
from classlab.check.lab import Lab
from classlab.cloud.seats import by_student
from classlab.errors import ClasslabError
from classlab.gone.bill import natural
from classlab.labfolder import LabFolder
from classlab.names import make
from classlab.plan import Request, check
from classlab.plan.cloud import Cloud
from classlab.plan.content import Class
from classlab.project import bundle

HERE, ACCOUNT, LAB, SEATS = "here", "account", "lab", "seats"
TITLES = {HERE: "This computer", ACCOUNT: "The account on {cloud}", LAB: "The lab", SEATS: "The seats"}


@dataclass(frozen=True)
class Asked:
    request: Request
    folder: LabFolder
    requirements: Path
    # Whether the cloud can be asked, and why not where that is a fault.
    answers: bool = True
    trouble: str = ""
    # Whether seats are made on this computer.
    hosts: bool = False
    students: Sequence[str] = ()
    port_tag: str = ""
    class_name: str = "demo"


@dataclass
class Checkup:
    groups: dict[str, list[Finding]] = field(default_factory=lambda: {HERE: [], ACCOUNT: [], LAB: [], SEATS: []})
    seats: list[dict[str, Any]] = field(default_factory=list)
    project: dict[str, str] = field(default_factory=dict)

    def add(self, group: str, *findings: Finding) -> None:
        self.groups[group] += findings

    def told(self) -> list[dict[str, Any]]:
        return [each.told(group) for group, findings in self.groups.items() for each in findings]

    def say(self, cloud: str) -> list[str]:
        """All but the seats: of those more is to be heard."""
        shown = {group: findings for group, findings in self.groups.items() if group != SEATS}
        return [
            line
            for group, findings in shown.items()
            for line in finding.lines(TITLES[group].format(cloud=cloud), findings)
        ]


def checkup(asked: Asked) -> Checkup:
    found, now = Checkup(), clock.now()
    wanted, there = _account(asked, found)
    _here(asked, found, wanted, there)
    if there:
        _lab(asked, found, wanted, there, now)
    return found


def verdict(
    told: Sequence[Mapping[str, Any]], students: Sequence[str], answers: Mapping[str, Any], class_name: str
) -> tuple[list[dict[str, Any]], list[str], str]:
    """All findings, those of the seats as lines, and the count."""
    before = [
        Finding(each["what"], each["ok"], each["said"], each["students"]) for each in told if each["group"] == SEATS
    ]
    troubled = [student for each in before for student in each.students]
    now = list(seats.verdict(students, answers, troubled, class_name))
    # What the seat itself says of a thing counts more than what was seen from outside.
    of_seats = [*now, *(each for each in before if each.what not in {one.what for one in now})]
    of_seats.sort(key=lambda each: (each.ok, natural(each.students[0])))
    found = [dict(each) for each in told if each["group"] != SEATS] + [each.told(SEATS) for each in of_seats]
    return found, finding.lines(TITLES[SEATS], of_seats), finding.counted([each["ok"] for each in found])


def _account(asked: Asked, found: Checkup) -> tuple[Class, Lab | None]:
    """The class as it was understood; and the lab, where the cloud knows us."""
    request = asked.request
    if not asked.answers:
        wanted, findings = account.class_file(request)
        again = make("up", asked.class_name)
        found.add(ACCOUNT, *findings)
        found.add(
            ACCOUNT,
            bad("cloud", asked.trouble)
            if asked.trouble
            else good("cloud", f"{request.cloud} never ran here yet; `{again}` starts it"),
        )
        return wanted, None
    checked = check(request)
    wanted, survey = checked.wanted, checked.asked
    found.add(ACCOUNT, *account.account(checked))
    there = lab.look(Cloud(wanted.region), wanted.name) if survey.account and wanted.name and wanted.region else None
    if there:
        url = str(request.settings.get("lab_checkip_url", ""))
        found.add(ACCOUNT, account.address(survey, url, there.rules, asked.class_name))
    return wanted, there


def _here(asked: Asked, found: Checkup, wanted: Class, there: Lab | None) -> None:
    request, again = asked.request, make("up", asked.class_name)
    project, base = str(request.settings.get("lab_project") or ""), request.class_file.parent
    own_keys = [each.name for each in wanted.students if not each.ssh_key and _meant(each.name, asked)]
    found.add(HERE, *here.tools(project, base), here.packages(asked.requirements))
    if asked.hosts:
        found.add(HERE, here.engine())
    found.add(HERE, here.room(asked.folder), *here.lab_folder(asked.folder, own_keys, bool(there and there.up), again))
    found.add(HERE, here.lock(asked.folder))
    if project and all(each.ok for each in found.groups[ACCOUNT] if each.what == "class file"):
        results = request.settings.get("lab_results") or []
        try:
            found.project = bundle.known(project, base, asked.folder.path / "project", results)
        except ClasslabError as error:
            found.add(HERE, bad("project", str(error)))


def _lab(asked: Asked, found: Checkup, wanted: Class, there: Lab, now: datetime) -> None:
    # Half a roster would call a student's seat nobody's.
    sound = all(each.ok for each in found.groups[ACCOUNT] if each.what == "class file")
    name, roster = wanted.name, [each.name for each in wanted.students] if sound else []
    students = [each for each in roster if _meant(each, asked)]
    if there.unasked and not all(each.ok for each in found.groups[ACCOUNT] if each.what == "region"):
        return  # it was told already that the region cannot be asked
    shown = there.of(asked.students) if asked.students else there
    if there.unasked:
        found.add(LAB, *(bad("lab", each) for each in there.unasked))
        return
    if not (there.up or there.others):
        found.add(LAB, good("lab", f"it is not up; `{make('up', asked.class_name)}` brings it up"))
        return
    found.add(LAB, *lab.lab(shown, students, roster, asked.class_name, now))
    found.add(LAB, *tags.tags(shown, name, wanted.tags, asked.class_name))
    if not there.up:
        return
    found.add(LAB, lab.ssh_config(asked.folder, name, there.seats, asked.port_tag, asked.class_name))
    of_student = by_student(shown.seats)
    awake = [each for each in shown.seats if each.state == "running" and [each] == of_student.get(each.student)]
    entered = seats.enter(asked.folder, awake, asked.port_tag)
    found.add(SEATS, *seats.not_entered(entered, asked.class_name), *seats.of_itself(entered, asked.class_name))
    own_keys = {each.name: each.ssh_key for each in wanted.students if each.ssh_key}
    found.seats = [each.told(asked.folder, own_keys) for each in entered if not each.why]


def _meant(student: str, asked: Asked) -> bool:
    return not asked.students or student in asked.students
