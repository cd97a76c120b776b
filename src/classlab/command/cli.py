"""The command `classlab VERB`, which make's recipes call: one verb, one playbook."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext, redirect_stdout, suppress
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from classlab import classfile, roster, settings
from classlab.classfile import ClassFile
from classlab.command import asking, clouds
from classlab.command.makevars import ALWAYS, FORMATS, Wishes, wishes
from classlab.command.running import INTERRUPTED, run
from classlab.display.recap import listed
from classlab.errors import ClasslabError, CloudError, UsageError
from classlab.names import BUILDER, did_you_mean, is_spare, make

HERE, SEATS = "inventory/localhost.yml", "inventory/lab.aws_ec2.yml"
FOR_PROGRAMS = ("json", "csv")


@dataclass(frozen=True)
class Verb:
    """`takes` and `needs`: variables of make besides those that all take. Its playbook has its name."""

    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    # Makes the lab: chooses its cloud, and starts localcloud where it never ran.
    makes: bool = False
    # Makes an image of a seat of its own, and the lab itself only for as long.
    bakes: bool = False
    # Removes the lab: to find nothing is no failure.
    removes: bool = False
    # Only tells: that there is nothing is an answer.
    looks: bool = False
    # Says whether all is ready: that a cloud cannot be asked is an answer, and a lab is not needed.
    checks: bool = False
    # Goes onto the seats, which are looked for in the cloud then.
    enters: bool = False
    # Has no playbook: it hands the terminal over to a seat.
    terminal: bool = False
    # Changes the lab, so that no other command may do so meanwhile.
    changes: bool = True
    # Is about a whole account and no class: it takes no CLASS, and needs no lab.
    account: bool = False
    formats: tuple[str, ...] = FORMATS


VERBS = {
    "up": Verb(takes=("STUDENT", "PRUNE", "FORCE", "YES", "SSH"), makes=True),
    "down": Verb(takes=("YES", "FORCE", "KEEP_IMAGE"), removes=True),
    "bake": Verb(takes=("FORCE",), makes=True, bakes=True),
    "images": Verb(takes=("PRUNE",), looks=True),
    "extend": Verb(needs=("HOURS",), enters=True),
    "allow": Verb(takes=("CIDR",)),
    "stop": Verb(takes=("STUDENT",)),
    "start": Verb(takes=("STUDENT",)),
    "resize": Verb(takes=("STUDENT",), needs=("TYPE",)),
    "push": Verb(takes=("STUDENT", "FORCE"), enters=True),
    "run": Verb(takes=("STUDENT", "SCRIPT"), enters=True, changes=False),
    "collect": Verb(takes=("STUDENT",)),
    "reset": Verb(takes=("FORCE", "YES"), needs=("STUDENT",), enters=True),
    "ssh": Verb(takes=("STUDENT", "CMD"), terminal=True, changes=False),
    "cards": Verb(takes=("STUDENT",)),
    "jupyter": Verb(takes=("STUDENT",), terminal=True, changes=False),
    "check": Verb(takes=("STUDENT",), checks=True, changes=False),
    "status": Verb(takes=("STUDENT",), looks=True, changes=False),
    "cost": Verb(looks=True, changes=False),
    "audit": Verb(needs=("CLOUD",), looks=True, changes=False, account=True, formats=(*FORMATS, "csv")),
}


def main() -> int:
    form = os.environ.get("FORMAT")
    # One document is all that a program reads on standard output; what is for people goes beside it.
    with redirect_stdout(sys.stderr) if form in FOR_PROGRAMS else nullcontext():
        try:
            return command(sys.argv[1:], os.environ)
        except ClasslabError as error:
            sys.stdout.flush()
            print(f"classlab: {error}", file=sys.stderr)
            if form == "json":
                print(json.dumps({"ok": False, "error": str(error)}), file=sys.__stdout__)
            return error.exit_status
        except KeyboardInterrupt:
            print("\nclasslab: interrupted; the same command goes on from here.", file=sys.stderr)
            return 130


def say(line: str) -> None:
    print(line, flush=True)


def command(words: list[str], caller: Mapping[str, str]) -> int:
    if len(words) != 1 or words[0] not in VERBS:
        hint = did_you_mean(words[0], VERBS) if words else ""
        raise UsageError(f"classlab is called by make, with one of: {', '.join(VERBS)}.{hint}")
    name = words[0]
    verb = VERBS[name]
    always = tuple(each for each in ALWAYS if not (verb.account and each == "CLASS"))
    wanted = wishes(name, verb.takes, verb.needs, caller, always, verb.formats)
    if wanted.as_json and "YES" in verb.takes and sys.stdin.isatty() and not wanted.yes:
        raise UsageError(f"make {name} may have to ask, and FORMAT=json has no place for a question: add YES=yes.")
    if wanted.force and not wanted.ssh:
        raise UsageError(
            "SSH=no launches seats and changes nothing on those that are there, so FORCE=yes has nothing to force: "
            "leave one of them away."
        )
    root = _root(Path.cwd())
    if verb.account:
        return _on_account(name, wanted, root, caller)
    this = classfile.find(root, wanted.class_name)
    clouds.known(this.cloud, f"classes/{this.name}.yml: lab_cloud: ")
    if twin := classfile.same_lab(this):
        raise UsageError(
            f"classes/{this.name}.yml has the lab_name of classes/{twin.name}.yml ({this.lab_name}), whose lab is up: "
            "give it a lab_name of its own."
        )
    on_it, problems = roster.students(this.defaults | this.settings, this.file.parent)
    names = [each.name for each in on_it]
    people = [each for each in names if not is_spare(each)]
    if not problems:  # a wrong roster is told of by the plan, all of it
        named = [BUILDER] if verb.bakes else _named(wanted.students, names, this)
        wanted = replace(wanted, students=named)
    shown = f"make {name} CLASS={this.name}"
    with this.folder.alone(shown, say) if verb.changes else nullcontext() as lock:
        return _act(name, verb, wanted, this, people, caller, lock)


def _act(
    name: str,
    verb: Verb,
    wanted: Wishes,
    this: ClassFile,
    on_roster: list[str],
    caller: Mapping[str, str],
    lock: int | None,
) -> int:
    folder, remembered = this.folder, this.folder.remembered()
    if verb.makes:
        cloud = clouds.for_up(this.name, wanted.cloud, remembered, this.cloud)
    elif verb.checks:
        # Where `up` would go on, or begin; or another one, to see whether the class could be there.
        cloud = wanted.cloud or remembered or this.cloud or clouds.LOCAL
    else:
        cloud = clouds.for_others(
            this.name, wanted.cloud, remembered, this.cloud, lambda which: _ask(which, this, caller), say
        )
    if cloud == clouds.LOCAL and not (verb.makes or verb.checks) and not clouds.localcloud_was_here():
        if verb.removes and remembered == cloud:
            folder.forget()
        nothing = f"localcloud has nothing on this machine, so the lab {this.lab_name} is not there."
        if not (verb.looks or verb.removes):
            raise ClasslabError(f"{nothing} `{make('up', this.name)}` makes it.")
        say(nothing)
        if wanted.as_json:
            print(json.dumps({"verb": name, "class": this.name, "lab": this.lab_name, "ok": True}), file=sys.__stdout__)
        return 0
    told: dict[str, Any] = {}
    if verb.checks:
        to_cloud, told = _as_it_is(cloud, this, caller)
    else:
        to_cloud = _environment(cloud, this.root, this.region, caller, new=verb.makes)
    environment = {
        **to_cloud,
        "LAB_CLASS": this.name,
        "LAB_NAME": this.lab_name,
        "LAB_FOLDER": str(folder.path),
    }
    if verb.terminal:
        from classlab.command import entering, notebook  # with boto3, for which no other verb has to wait

        take_over = {"ssh": entering.enter, "jupyter": notebook.lead}[name]
        return take_over(this, environment, wanted, on_roster)
    if verb.makes:
        folder.remember(cloud)
    controls = {
        "lab_class": this.name,
        "lab_class_file": str(this.file),
        "lab_folder": str(folder.path),
        "lab_cloud_in_use": cloud,
        "lab_interactive": sys.stdin.isatty(),
        "lab_on_roster": on_roster,
        **wanted.controls(),
        **told,
    }
    words = _words(name, wanted, this, controls, _inventories(verb, this, environment))
    status = run(words, _shown_as(wanted, environment), this.root, lock)
    if status in INTERRUPTED:
        with suppress(OSError):  # the terminal may be gone
            say(_interrupted(name, verb, this, cloud))
    elif verb.makes and status and not remembered and not folder.region.exists():
        folder.forget()  # refused before anything was made: the next one may go to another cloud
    elif verb.removes and not status and remembered == cloud:
        folder.forget()
    return status


def _on_account(name: str, wanted: Wishes, root: Path, caller: Mapping[str, str]) -> int:
    """No class, no lab, and so nothing to lock or to remember."""
    if wanted.cloud == clouds.LOCAL and not clouds.localcloud_was_here():
        say("localcloud has nothing on this machine.")
        if wanted.as_json:
            print(json.dumps({"verb": name, "ok": True}), file=sys.__stdout__)
        return 0
    usual = settings.known(root / "group_vars" / "all")["lab_region"]
    region = caller.get("AWS_REGION") or caller.get("AWS_DEFAULT_REGION") or str(usual)
    environment = _environment(wanted.cloud, root, region, caller, new=False)
    controls = {"lab_region": region, "lab_cloud_in_use": wanted.cloud}
    words = [str(clouds.program("ansible-playbook")), "-i", HERE, f"playbooks/{name}.yml", "-e", json.dumps(controls)]
    status = run([*words, "-v"] if wanted.verbose else words, _shown_as(wanted, environment), root, None)
    if status in INTERRUPTED:
        with suppress(OSError):  # the terminal may be gone
            say("Interrupted; nothing was changed.")
    return status


def _root(start: Path) -> Path:
    """The folder of classlab: the one that we are in, or one around it."""
    for folder in (start, *start.parents):
        if (folder / "playbooks").is_dir() and (folder / "ansible.cfg").is_file():
            return folder
    raise UsageError(f"{start} is not in a folder of classlab: go to where its Makefile is, and call make there.")


def _named(wanted: list[str], names: list[str], this: ClassFile) -> list[str]:
    """Students that STUDENT= names, also by patterns: a*, or group-[1-3]."""
    found: dict[str, None] = {}
    for each in wanted:
        matching = [name for name in names if fnmatchcase(name, each)]
        if not matching:
            raise UsageError(
                f"STUDENT={each} is not on the roster of {this.name}.{did_you_mean(each, names)} "
                f"There are {listed(names)}."
            )
        found |= dict.fromkeys(matching)
    return list(found)


def _environment(cloud: str, root: Path, region: str, caller: Mapping[str, str], *, new: bool) -> asking.Environment:
    if cloud == clouds.AWS:
        return clouds.aws_environment(caller, root, region)
    told = clouds.start_localcloud(root, new=new)
    return clouds.localcloud_environment(caller, told, root, region)


def _as_it_is(cloud: str, this: ClassFile, caller: Mapping[str, str]) -> tuple[asking.Environment, dict[str, Any]]:
    """For a checkup: nothing is started that never ran, and what does not start is one of the things found."""
    told = {"lab_cloud_answers": True, "lab_cloud_trouble": "", "lab_hosts_here": cloud == clouds.LOCAL}
    if cloud == clouds.AWS or clouds.localcloud_was_here():
        try:
            return _environment(cloud, this.root, this.region, caller, new=False), told
        except CloudError as error:
            told["lab_cloud_trouble"] = str(error)
    told["lab_cloud_answers"] = False
    return clouds.localcloud_environment(caller, {}, this.root, this.region), told


def _ask(cloud: str, this: ClassFile, caller: Mapping[str, str]) -> asking.Answer:
    if cloud == clouds.AWS:
        own = clouds.base(clouds.without_localcloud(caller), this.root, this.region)
        return asking.ask(own, this.lab_name, this.region)
    if not clouds.localcloud_was_here():
        return asking.Answer()
    return asking.ask(_environment(cloud, this.root, this.region, caller, new=False), this.lab_name, this.region)


def _inventories(verb: Verb, this: ClassFile, environment: asking.Environment) -> list[str]:
    """
    Ansible reads its inventory before anything else, and would end in its own words where the cloud cannot be asked.
    Without it the playbook's first question fails, and says why in ours.
    """
    if not verb.enters:
        return [HERE]
    answer = asking.ask(environment, this.lab_name, this.region, seats_alone=True)
    if not (verb.makes or answer.there or answer.unasked):
        raise ClasslabError(f"The lab {this.lab_name} has no seats: `{make('up', this.name)}` brings it up.")
    return [HERE] if answer.unasked else [SEATS, HERE]


def _words(
    name: str, wanted: Wishes, this: ClassFile, controls: Mapping[str, Any], inventories: list[str]
) -> list[str]:
    words = [str(clouds.program("ansible-playbook"))]
    for inventory in inventories:
        words += ["-i", inventory]
    words += [f"playbooks/{name}{'' if wanted.ssh else '-without-ssh'}.yml"]
    words += ["-e", f"@{this.file}", "-e", json.dumps(controls)]
    if wanted.students:
        words += ["--limit", ",".join(["localhost", *wanted.students])]
    return [*words, "-v"] if wanted.verbose else words


def _shown_as(wanted: Wishes, environment: asking.Environment) -> asking.Environment:
    if wanted.form in FOR_PROGRAMS:
        return {**environment, "LAB_FORMAT": wanted.form}
    if not wanted.verbose:
        return environment
    return {**environment, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_DISPLAY_TRACEBACK": "error"}


def _interrupted(name: str, verb: Verb, this: ClassFile, cloud: str) -> str:
    if name == "run":
        return f"Interrupted; what was begun goes on on the seats: {make('run', this.name)} shows how it went."
    stays = "what exists stays and bills" if cloud == clouds.AWS else "what exists stays"
    goes_on = f"{make('up', this.name)} goes on, " if verb.makes or name == "reset" else ""
    if verb.bakes:
        goes_on = f"{make(name, this.name)} begins anew, "
    return f"Interrupted; {stays}: {goes_on}{make('down', this.name)} removes it."
