"""
On which cloud a command acts, and what its processes are told of it.

The only module that knows localcloud: from here on there is an endpoint, a region and credentials, whichever cloud.
"""

import locale
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from classlab.command.asking import Answer, Environment
from classlab.errors import CloudError, UsageError
from classlab.names import did_you_mean

LOCAL, AWS = "localcloud", "aws"
CLOUDS = (LOCAL, AWS)
Say = Callable[[str], None]
# Patience with a cloud, where the caller has not said otherwise.
RETRIES = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "6"}
# localcloud's words for what a class needs to know -> ours.
FROM_LOCALCLOUD = {
    "LOCALCLOUD_CHECKIP_URL": "LAB_CHECKIP_URL",
    "LOCALCLOUD_PPA_URL": "LAB_PPA_URL",
    "LOCALCLOUD_PPA_KEY_URL": "LAB_PPA_KEY_URL",
    "LOCALCLOUD_PPA_FINGERPRINT": "LAB_PPA_FINGERPRINT",
}
# A teacher's own settings of Ansible (host keys not checked, another inventory) must not reach the labs; these only
# show more, or say where Ansible may write.
ANSIBLE_KEPT = (
    "CALLBACKS_ENABLED",
    "DEBUG",
    "FORCE_COLOR",
    "HOME",
    "KEEP_REMOTE_FILES",
    "LOCAL_TEMP",
    "LOG_PATH",
    "NOCOLOR",
)
PROXIES = ("http_proxy", "https_proxy", "all_proxy")


def known(cloud: str, where: str) -> str:
    if cloud and cloud not in CLOUDS:
        raise UsageError(f"{where}{cloud} is no cloud: it is {' or '.join(CLOUDS)}.{did_you_mean(cloud, CLOUDS)}")
    return cloud


def for_up(name: str, given: str, remembered: str, written: str) -> str:
    """The cloud on which `up` makes the lab of this class, or goes on making it."""
    if given and remembered and given != remembered:
        raise UsageError(
            f"The lab of {name} is up on {remembered}, and CLOUD={given} would make a second one. Leave CLOUD= away to "
            f"go on there, or remove it first: make down CLASS={name}."
        )
    return given or remembered or written or LOCAL


def for_others(name: str, given: str, remembered: str, written: str, ask: Callable[[str], Answer], say: Say) -> str:
    """
    The cloud on which any other verb finds the lab. Where neither the command nor the lab folder tells, the clouds are
    asked: "nothing there" about one must never be said while the lab runs, and bills, on the other.
    """
    if given or remembered:
        return given or remembered
    aws, local = ask(AWS), ask(LOCAL)
    if aws.there and local.there:
        raise UsageError(f"The lab of {name} is on both clouds: say which is meant, CLOUD={LOCAL} or CLOUD={AWS}.")
    if aws.there:
        return AWS
    if not aws.unasked:
        return LOCAL if local.there else written or LOCAL
    if written == AWS:  # there the error will be told in full
        return AWS
    if aws.credentials and not local.there:
        raise CloudError(
            f"Whether the lab of {name} is on AWS could not be asked: {aws.unasked}. Mend that, or say where the lab "
            f"is: CLOUD={LOCAL} or CLOUD={AWS}."
        )
    say(f"AWS was not asked ({aws.unasked}); if the lab of {name} is there, add CLOUD={AWS}.")
    return LOCAL


def base(caller: Mapping[str, str], root: Path, region: str) -> Environment:
    """What is the same on every cloud."""
    kept = {
        name: value
        for name, value in caller.items()
        if not name.startswith(("LAB_", "ANSIBLE_")) or name.removeprefix("ANSIBLE_") in ANSIBLE_KEPT
    }
    # Ansible refuses to run where letters are not UTF-8.
    words = {} if locale.getencoding().lower().replace("-", "") == "utf8" else {"LC_ALL": "C.UTF-8"}
    return {
        **RETRIES,
        **kept,
        **words,
        "PATH": f"{sysconfig.get_path('scripts')}:{caller.get('PATH', os.defpath)}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_PAGER": "",
        "ANSIBLE_CONFIG": str(root / "ansible.cfg"),
        # The collections of the lock, not older ones of the teacher's that would be found first.
        "ANSIBLE_COLLECTIONS_PATH": sysconfig.get_path("purelib"),
        "ANSIBLE_DEPRECATION_WARNINGS": "false",
        # STUDENT= may name one whose seat is still to be made.
        "ANSIBLE_HOST_PATTERN_MISMATCH": "ignore",
        # inventory/ has two kinds; Ansible loads all that it is told of.
        "ANSIBLE_INVENTORY_ENABLED": "auto,yaml",
        "LAB_REGION": region,
    }


def localcloud_environment(caller: Mapping[str, str], told: Mapping[str, str], root: Path, region: str) -> Environment:
    """All that the caller has set for AWS is left out: no profile, session or file of a real account acts here."""
    own = {name: value for name, value in caller.items() if not name.startswith("AWS_") or name in RETRIES}
    environment = {
        **base(own, root, region),
        **{name: value for name, value in told.items() if name.startswith("AWS_") and "REGION" not in name},
        **{ours: told[theirs] for theirs, ours in FROM_LOCALCLOUD.items() if theirs in told},
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "LAB_SSH_PORT_TAG": "localcloud:ssh-port",
    }
    return without_proxy(
        environment, [told.get("AWS_ENDPOINT_URL", ""), *(told.get(each, "") for each in FROM_LOCALCLOUD)]
    )


def without_proxy(environment: Environment, urls: list[str]) -> Environment:
    """A proxy cannot reach what is on this machine."""
    if not any(name.lower() in PROXIES for name in environment):
        return environment
    hosts = dict.fromkeys(host for url in urls if (host := urlsplit(url).hostname))
    both = {}
    for name in ("no_proxy", "NO_PROXY"):
        before = [each for each in environment.get(name, "").split(",") if each]
        both[name] = ",".join(dict.fromkeys([*before, *hosts]))
    return {**environment, **both}


def aws_environment(caller: Mapping[str, str], root: Path, region: str) -> Environment:
    """The caller's own environment: profile, SSO and the rest are found by boto3's chain."""
    if strange := _of_localcloud(caller):
        raise UsageError(
            f"This shell is set for localcloud ({', '.join(strange)}), so CLOUD={AWS} would not reach AWS. Open a new "
            f"shell, or: unset {' '.join(_unset(strange))}"
        )
    return base(caller, root, region)


def without_localcloud(caller: Mapping[str, str]) -> Environment:
    """The caller's environment as it was before localcloud's was put into it."""
    strange = _unset(_of_localcloud(caller))
    return {name: value for name, value in caller.items() if name not in strange}


def _of_localcloud(caller: Mapping[str, str]) -> list[str]:
    """What `eval "$(localcloud env)"` has left in the shell."""
    from localcloud.daemon import ACCESS_KEY

    found = [
        name
        for name, value in caller.items()
        if name.startswith("AWS_ENDPOINT_URL") and urlsplit(value).hostname in ("127.0.0.1", "localhost", "::1")
    ]
    return found + (["AWS_ACCESS_KEY_ID"] if caller.get("AWS_ACCESS_KEY_ID") == ACCESS_KEY else [])


def _unset(strange: list[str]) -> list[str]:
    return strange + (["AWS_SECRET_ACCESS_KEY"] if "AWS_ACCESS_KEY_ID" in strange else [])


def localcloud_was_here() -> bool:
    """Has there ever been a localcloud of this user, that may have a lab?"""
    from localcloud.home import Home

    return Home().exists


def start_localcloud(root: Path, *, new: bool) -> dict[str, str]:
    """What localcloud tells of itself; where it does not run it is started, with what it needs installed if `new`."""
    from localcloud.daemon import environment
    from localcloud.home import Home

    home = Home()
    running = home.running()
    if running is None:
        engine = root / "scripts" / "ensure-engine"
        if new and home.options().hosts and engine.exists():
            _do([str(engine)])
        _do([str(program("localcloud")), "start"])
        running = home.running()
    if running is None:
        raise CloudError("localcloud was started, but does not run: localcloud logs says why.")
    return environment(running)


def hosts() -> tuple[str, str]:
    """What localcloud makes seats of, and why it cannot ('' when it can). Engine and image are asked, not made."""
    from localcloud import image
    from localcloud.errors import LocalCloudError
    from localcloud.home import Home
    from localcloud.hosts import engine, preflight

    options = Home().options()
    if not options.hosts:
        return "none is needed: this localcloud makes no hosts", ""
    try:
        found = engine.find(options.engine)
        preflight.check(found)
        releases = image.ready(found)
        if not releases:
            image.enough_disk(found)
    except LocalCloudError as error:
        return "", str(error)
    there = f"image of Ubuntu {' and '.join(releases)}" if releases else "no Ubuntu image yet; `make up` makes it"
    return f"{found.name} {found.version}, {there}", ""


def _do(words: list[str]) -> None:
    """A step with its own words on the screen; its own error is all that needs to be said."""
    sys.stdout.flush()
    status = subprocess.run(words, stdout=sys.stdout).returncode
    if status:
        raise CloudError(
            f"localcloud does not run, because {Path(words[0]).name} ended with status {status}; what it said is "
            f"above. Without it, a class runs on AWS only: CLOUD={AWS}."
        )


def program(name: str) -> Path:
    """A program of the environment that this Python belongs to."""
    return Path(sysconfig.get_path("scripts")) / name
