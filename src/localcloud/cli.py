"""The command `localcloud`: reads what is said and prints what happened; the work is done elsewhere."""

import argparse
import gc
import json
import os
import shlex
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from localcloud import daemon, reset
from localcloud.errors import LocalCloudError, UsageError
from localcloud.home import Home, Options, cache_folder

Command = Callable[[argparse.Namespace, Home], int]


def main(argv: list[str] | None = None) -> int:
    options = parser().parse_args(argv)
    try:
        return int(options.command(options, Home(options.home)))
    except LocalCloudError as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        print("localcloud: interrupted; nothing is lost, the same command goes on from here.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def show(told: Any) -> None:
    print(json.dumps(told, indent=2))


def start(options: argparse.Namespace, home: Home) -> int:
    running = home.running()
    if running is not None:
        print(f"localcloud already runs at {running.endpoint} (process {running.pid}).")
        return 0
    wanted = _wanted(options, home.make().options())
    if wanted.hosts:
        prepare(wanted)
    running = daemon.spawn(home, wanted)
    for note in running.notes:
        say(note)
    print(f'localcloud runs at {running.endpoint}. For your shell: eval "$(localcloud env)"')
    return 0


def _wanted(options: argparse.Namespace, before: Options) -> Options:
    """What is not said now stays as it was."""
    told = {key: value for key, value in vars(options).items() if value is not None and hasattr(before, key)}
    return Options(**{**vars(before), **told})


def prepare(options: Options) -> None:
    """Have an image before the first instance asks."""
    from localcloud import image
    from localcloud.hosts import engine, preflight

    found = engine.find(options.engine)
    preflight.check(found)
    image.ensure(found, "24.04", cache_folder(), say)


def stop(options: argparse.Namespace, home: Home) -> int:
    if not home.running():
        print("localcloud does not run.")
        return 0
    instances = daemon.ask(home, "GET", "status")["instances"]
    up = [each for each in instances if each["state"] == "running"]
    daemon.stop(home)
    kept = f" {len(up)} host(s) go on running; the next start finds them again, and `reset` removes them." if up else ""
    print(f"localcloud has stopped.{kept}")
    return 0


def status(options: argparse.Namespace, home: Home) -> int:
    if not home.running():
        if options.json:
            show({"running": False, "home": str(home.folder)})
        else:
            print("localcloud does not run; `localcloud start` starts it.")
        return 3
    told = daemon.ask(home, "GET", "status")
    if options.json:
        show(told)
        return 0
    print(f"localcloud runs at {told['endpoint']} (process {told['pid']}), region {told['region']}")
    print(f"engine {told['engine'] or 'none'}, network {told['network'] or 'none'}, state in {told['home']}")
    for note in told["notes"]:
        print(note)
    if told["faults"]:
        print(f"{told['faults']} fault(s) are set; `localcloud fault list` shows them")
    for each in told["instances"]:
        port = "" if each["ssh_port"] == 22 else f":{each['ssh_port']}"
        ready = "" if each["state"] != "running" else "ssh answers" if each["ready"] else "booting"
        address = f"{each['address']}{port}"
        line = f"{each['id']}  {each['state']:<13} {each['type']:<10} {address:<21} {ready:<11} {each['name']}"
        print(line.rstrip())
    if not told["instances"]:
        print("no instances")
    return 0


def env(options: argparse.Namespace, home: Home) -> int:
    running = home.running()
    if running is None:
        raise LocalCloudError("localcloud does not run; `localcloud start` starts it.")
    told = daemon.environment(running)
    if options.json:
        show(told)
        return 0
    # A profile or a session of a real account would win over these.
    print("unset AWS_PROFILE AWS_SESSION_TOKEN")
    for key, value in told.items():
        print(f"export {key}={shlex.quote(value)}")
    return 0


def logs(options: argparse.Namespace, home: Home) -> int:
    if options.instance:
        print(daemon.ask(home, "POST", "journal", instance=options.instance)["journal"])
    elif home.log.exists():
        print(home.log.read_text(errors="replace"), end="")
    return 0


def console(options: argparse.Namespace, home: Home) -> int:
    print(daemon.ask(home, "POST", "console", instance=options.instance)["console"], end="")
    return 0


def requests(options: argparse.Namespace, home: Home) -> int:
    from localcloud.api.requestlog import RequestLog, format_line

    for entry in RequestLog(home.requests).read(options.since):
        print(json.dumps(entry) if options.json else format_line(entry))
    return 0


def fault_add(options: argparse.Namespace, home: Home) -> int:
    made = daemon.ask(home, "POST", "faults", words=options.words)
    print(f"{made['id']}  {made['spec']}")
    return 0


def fault_list(options: argparse.Namespace, home: Home) -> int:
    told = daemon.ask(home, "GET", "faults")
    if options.json:
        show(told)
        return 0
    for fault in told:
        print(f"{fault['id']}  {fault['spec']}")
    if not told:
        print("no faults")
    return 0


def fault_clear(options: argparse.Namespace, home: Home) -> int:
    daemon.ask(home, "DELETE", "faults", id=options.id)
    return 0


def image_build(options: argparse.Namespace, home: Home) -> int:
    from localcloud import image
    from localcloud.hosts import engine

    found = engine.find(options.engine or home.options().engine)
    for release in options.releases or image.RELEASES:
        print(image.ensure(found, release, cache_folder(), say))
    return 0


def image_list(options: argparse.Namespace, home: Home) -> int:
    from localcloud import image
    from localcloud.hosts import engine

    built = image.existing(engine.find(home.options().engine))
    for each in built:
        print(f"{each.release}  {each.reference}  {each.size / 1e6:.0f} MB{'' if each.current else '  out of date'}")
    if not built:
        print("no images; `localcloud image build` makes them")
    return 0


def image_prune(options: argparse.Namespace, home: Home) -> int:
    from localcloud import image
    from localcloud.hosts import engine

    for reference in image.remove_stale(engine.find(home.options().engine)):
        print(f"removed {reference}")
    return 0


def remove_everything(options: argparse.Namespace, home: Home) -> int:
    if not home.exists:
        print(f"There is nothing: {home.folder} does not exist.")
        return 0
    if sys.stdin.isatty() and not options.yes:
        answer = input("This removes every host, disk and bucket of this localcloud. Type yes to go on: ")
        if answer.strip().lower() != "yes":
            raise UsageError("Nothing was removed.")
    daemon.stop(home)
    reset.everything(home, say)
    if options.images:
        from localcloud import image
        from localcloud.hosts import engine

        image.remove_all(engine.find(options.engine))
    print("Nothing of this localcloud is left.")
    return 0


def serve(options: argparse.Namespace, home: Home) -> int:
    # moto reads these when it is imported, which importing the server does.
    os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "true"
    os.environ["MOTO_DISABLE_GLOBAL_CORS"] = "true"
    # Of its thousand modules nothing is garbage: Python need not look, neither while it imports them nor ever after.
    gc.disable()
    from botocore import session

    # Each of moto's sessions would read the same megabytes of JSON anew.
    session.create_loader = cache(session.create_loader)
    from localcloud import server

    gc.freeze()
    gc.enable()
    return server.serve(home, home.options(), ready=options.ready, parent=options.parent)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="localcloud", description="An EC2 on this machine, whose instances are real Ubuntu hosts."
    )
    top.add_argument(
        "--home", type=Path, help="the state folder (default: $LOCALCLOUD_HOME, else the user's state folder)"
    )
    verbs = top.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def verb(name: str, command: Command, text: str, parent: Any = verbs) -> argparse.ArgumentParser:
        made: argparse.ArgumentParser = parent.add_parser(name, help=text, description=text)
        # A default of None would hide the --home that was given before the verb.
        made.add_argument("--home", type=Path, default=argparse.SUPPRESS, help=argparse.SUPPRESS)
        made.set_defaults(command=command)
        return made

    starts = verb("start", start, "start it in the background")
    starts.add_argument("--port", type=int, help="port of the API on 127.0.0.1 (default 4580)")
    starts.add_argument("--region", help="region that `env` tells (default us-east-1); all regions are served")
    starts.add_argument("--engine", choices=["podman", "docker"], help="ask only this engine")
    starts.add_argument(
        "--hosts", action=argparse.BooleanOptionalAction, default=None, help="boot real hosts (default)"
    )
    starts.add_argument(
        "--standin",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="stand in for a PPA out of reach (default)",
    )
    starts.add_argument("--seed", type=int, help="seed of the faults' chances, to repeat a run")
    verb("stop", stop, "stop the API; hosts go on running and are found again")
    verb("status", status, "what runs").add_argument("--json", action="store_true")
    verb("env", env, "the export lines for a shell").add_argument("--json", action="store_true")
    verb("logs", logs, "the server's log, or the journal of one host").add_argument("instance", nargs="?")
    verb("console", console, "a host's console").add_argument("instance")
    asked = verb("requests", requests, "every API call that was made")
    asked.add_argument("--json", action="store_true", help="one JSON line per call")
    asked.add_argument("--since", help="only since then: an ISO time, a duration such as 10m, or a line's id")
    faults = top_group(verbs, "fault", "make it fail on demand")
    verb("add", fault_add, "add a fault", faults).add_argument("words", nargs="+", metavar="WORD")
    verb("list", fault_list, "the faults that are set", faults).add_argument("--json", action="store_true")
    verb("clear", fault_clear, "remove one fault, or all", faults).add_argument("id", nargs="?")
    images = top_group(verbs, "image", "the Ubuntu images that hosts boot from")
    builds = verb("build", image_build, "build what is missing", images)
    builds.add_argument("releases", nargs="*", metavar="RELEASE", help="24.04, 22.04 (default: both)")
    builds.add_argument("--engine", choices=["podman", "docker"])
    verb("list", image_list, "the images that exist", images)
    verb("prune", image_prune, "remove images that are out of date", images)
    resets = verb("reset", remove_everything, "remove everything it ever made")
    resets.add_argument("--yes", action="store_true", help="do not ask")
    resets.add_argument("--images", action="store_true", help="the Ubuntu images too")
    resets.add_argument("--engine", default="", help=argparse.SUPPRESS)
    serves = verb("serve", serve, argparse.SUPPRESS)
    serves.add_argument("--ready", type=int, required=True, help=argparse.SUPPRESS)
    serves.add_argument("--parent", type=int, help=argparse.SUPPRESS)
    return top


def top_group(verbs: Any, name: str, text: str) -> Any:
    group = verbs.add_parser(name, help=text, description=text)
    return group.add_subparsers(title="commands", required=True, metavar="COMMAND")
