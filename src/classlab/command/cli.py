"""The command `classlab VERB`, which make's recipes call: one verb, one playbook."""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path

from classlab import classfile, roster
from classlab.classfile import ClassFile
from classlab.command import asking, clouds
from classlab.command.makevars import Wishes, wishes
from classlab.command.running import INTERRUPTED, run
from classlab.errors import ClasslabError, UsageError
from classlab.names import did_you_mean


@dataclass(frozen=True)
class Verb:
    """`takes` and `needs`: variables of make besides CLASS, CLOUD and VERBOSE. Its playbook has its name."""

    takes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    # Makes the lab: chooses its cloud, and starts localcloud where it never ran.
    makes: bool = False
    # Removes the lab: to find nothing is no failure.
    removes: bool = False
    # Goes onto the seats, which are looked for in the cloud then.
    enters: bool = False
    # Changes the lab, so that no other command may do so meanwhile.
    changes: bool = True


VERBS = {
    "up": Verb(takes=("STUDENT", "PRUNE", "FORCE", "YES"), makes=True, enters=True),
    "down": Verb(takes=("YES", "FORCE"), removes=True),
    "extend": Verb(needs=("HOURS",), enters=True),
    "allow": Verb(takes=("CIDR",)),
}


def main() -> int:
    try:
        return command(sys.argv[1:], os.environ)
    except ClasslabError as error:
        sys.stdout.flush()
        print(f"classlab: {error}", file=sys.stderr)
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
    wanted = wishes(name, verb.takes, verb.needs, caller)
    this = classfile.find(_root(Path.cwd()), wanted.class_name)
    clouds.known(this.cloud, f"classes/{this.name}.yml: lab_cloud: ")
    if twin := classfile.same_lab(this):
        raise UsageError(
            f"classes/{this.name}.yml has the lab_name of classes/{twin.name}.yml ({this.lab_name}), whose lab is up: "
            "give it a lab_name of its own."
        )
    _on_the_roster(wanted.students, this)
    shown = f"make {name} CLASS={this.name}"
    with this.folder.alone(shown, say) if verb.changes else nullcontext() as lock:
        return _act(name, verb, wanted, this, caller, lock)


def _act(name: str, verb: Verb, wanted: Wishes, this: ClassFile, caller: Mapping[str, str], lock: int | None) -> int:
    folder, remembered = this.folder, this.folder.remembered()
    if verb.makes:
        cloud = clouds.for_up(this.name, wanted.cloud, remembered, this.cloud)
    else:
        cloud = clouds.for_others(
            this.name, wanted.cloud, remembered, this.cloud, lambda which: _ask(which, this, caller), say
        )
    if cloud == clouds.LOCAL and not verb.makes and not clouds.localcloud_was_here():
        if verb.removes and remembered == cloud:
            folder.forget()
        say(f"localcloud has nothing on this machine, so the lab {this.lab_name} is not there.")
        return 0 if verb.removes else 1
    environment = {
        **_environment(cloud, this, caller, new=verb.makes),
        "LAB_CLASS": this.name,
        "LAB_NAME": this.lab_name,
        "LAB_FOLDER": str(folder.path),
    }
    if verb.makes:
        folder.remember(cloud)
    words = _words(name, wanted, this, cloud, _inventories(verb, this, environment))
    status = run(words, _shown_as(wanted, environment), this.root, lock)
    if status in INTERRUPTED:
        with suppress(OSError):  # the terminal may be gone
            say(_interrupted(verb, this, cloud))
    elif verb.makes and status and not remembered and not folder.region.exists():
        folder.forget()  # refused before anything was made: the next one may go to another cloud
    elif verb.removes and not status and remembered == cloud:
        folder.forget()
    return status


def _root(start: Path) -> Path:
    """The folder of classlab: the one that we are in, or one around it."""
    for folder in (start, *start.parents):
        if (folder / "playbooks").is_dir() and (folder / "ansible.cfg").is_file():
            return folder
    raise UsageError(f"{start} is not in a folder of classlab: go to where its Makefile is, and call make there.")


def _on_the_roster(students: list[str], this: ClassFile) -> None:
    on_it, problems = roster.students(this.defaults | this.settings, this.file.parent)
    names = [each.name for each in on_it]
    for student in students:
        if student not in names and not problems:  # a wrong roster is told of by the plan, all of it
            raise UsageError(
                f"STUDENT={student} is not on the roster of {this.name}.{did_you_mean(student, names)} "
                f"There are {', '.join(names)}."
            )


def _environment(cloud: str, this: ClassFile, caller: Mapping[str, str], *, new: bool) -> asking.Environment:
    if cloud == clouds.AWS:
        return clouds.aws_environment(caller, this.root, this.region)
    told = clouds.start_localcloud(this.root, new=new)
    return clouds.localcloud_environment(caller, told, this.root, this.region)


def _ask(cloud: str, this: ClassFile, caller: Mapping[str, str]) -> asking.Answer:
    if cloud == clouds.AWS:
        own = clouds.base(clouds.without_localcloud(caller), this.root, this.region)
        return asking.ask(own, this.lab_name, this.region)
    if not clouds.localcloud_was_here():
        return asking.Answer()
    return asking.ask(_environment(cloud, this, caller, new=False), this.lab_name, this.region)


def _inventories(verb: Verb, this: ClassFile, environment: asking.Environment) -> list[str]:
    """
    Ansible reads its inventory before anything else, and would end in its own words where the cloud cannot be asked.
    Without it the playbook's first question fails, and says why in ours.
    """
    here, seats = "inventory/localhost.yml", "inventory/lab.aws_ec2.yml"
    if not verb.enters or asking.ask(environment, this.lab_name, this.region, seats_alone=True).unasked:
        return [here]
    return [seats, here]


def _words(name: str, wanted: Wishes, this: ClassFile, cloud: str, inventories: list[str]) -> list[str]:
    controls = {
        "lab_class": this.name,
        "lab_class_file": str(this.file),
        "lab_folder": str(this.folder.path),
        "lab_cloud_in_use": cloud,
        "lab_interactive": sys.stdin.isatty(),
        **wanted.controls(),
    }
    words = [str(clouds.program("ansible-playbook"))]
    for inventory in inventories:
        words += ["-i", inventory]
    words += [f"playbooks/{name}.yml", "-e", f"@{this.file}", "-e", json.dumps(controls)]
    if wanted.students:
        words += ["--limit", ",".join(["localhost", *wanted.students])]
    return [*words, "-v"] if wanted.verbose else words


def _shown_as(wanted: Wishes, environment: asking.Environment) -> asking.Environment:
    if not wanted.verbose:
        return environment
    return {**environment, "ANSIBLE_STDOUT_CALLBACK": "ansible.builtin.default", "ANSIBLE_DISPLAY_TRACEBACK": "error"}


def _interrupted(verb: Verb, this: ClassFile, cloud: str) -> str:
    stays = "what exists stays and bills" if cloud == clouds.AWS else "what exists stays"
    which = "" if this.name == "demo" else f" CLASS={this.name}"
    goes_on = f"make up{which} goes on, " if verb.makes else ""
    return f"Interrupted; {stays}: {goes_on}make down{which} removes it."
