"""The base out of Ubuntu's package archive, by mmdebstrap: for machines that reach no container registry."""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from localcloud.errors import ImageError
from localcloud.hosts.engine import Engine, last_words
from localcloud.image import keyring, registry
from localcloud.image.definition import DPKG_OPTIONS, PACKAGES, Definition, script
from localcloud.image.refusal import explain

# What mmdebstrap says of itself, and how we say it. Other lines of its go to the log alone.
STEPS = {
    "running apt-get update": "Reading the package lists of {mirror}",
    "downloading packages with apt": "Downloading Ubuntu {release}",
    "extracting archives": "Unpacking Ubuntu {release}",
    "installing remaining packages": "Installing cloud-init, the SSH server and the rest",
    "creating tarball": "Handing the system over to {engine}",
}


# Ubuntu's installer makes /bin a link to /usr/bin, and so on; the packages of 22.04 do not do that by themselves.
UNITED = (
    '--setup-hook=cd "$1" && '
    "for each in bin sbin lib lib32 lib64 libx32; do mkdir -p usr/$each && ln -s usr/$each $each; done",
)


def build(
    engine: Engine,
    definition: Definition,
    log: Path,
    say: Callable[[str], None],
    proxies: Mapping[str, str],
) -> None:
    """Make the base and import it as `definition.unfinished`."""
    if shutil.which("mmdebstrap") is None:
        raise ImageError(
            "No container registry answers, and mmdebstrap, which makes Ubuntu from its package archive, is not "
            "installed: apt-get install mmdebstrap gnupg, or mend the way to docker.io."
        )
    # Not /tmp: that is often memory. The folder is opened because apt reads the key as a user of its own.
    place = os.environ.get("TMPDIR", "/var/tmp")  # noqa: S108 - a folder of a random name is made in it
    with tempfile.TemporaryDirectory(prefix="localcloud-", dir=place) as name:
        folder = Path(name)
        folder.chmod(0o755)
        key = keyring.put(definition, folder, proxies)
        key.chmod(0o644)
        (folder / "setup.sh").write_text(script("setup.sh"))
        environment = {**os.environ, "TMPDIR": name, **{f"{scheme}_proxy": proxies[scheme] for scheme in proxies}}
        run(engine, definition, mmdebstrap(definition, key, folder), environment, log, say)


def mmdebstrap(definition: Definition, key: Path, folder: Path) -> list[str]:
    setup = shlex.join(["sh", "/setup.sh", definition.codename, definition.mirror])
    return [
        "mmdebstrap",
        # minbase has no apt-get.
        "--variant=apt",
        "--format=tar",
        f"--architectures={definition.architecture}",
        f"--keyring={key}",
        *(UNITED if definition.codename == "jammy" else ()),
        *(f"--dpkgopt={option}" for option in DPKG_OPTIONS),
        '--aptopt=Acquire::Languages "none"',
        f"--include={','.join(PACKAGES)}",
        f"--customize-hook=copy-in {shlex.quote(str(folder / 'setup.sh'))} /",
        f'--customize-hook=chroot "$1" {setup}',
        # The machine's own name servers, which mmdebstrap worked with; a host gets its own from the engine.
        '--customize-hook=rm -f "$1/setup.sh" "$1/etc/resolv.conf" "$1/etc/hostname"',
        definition.codename,
        "-",
        *(f"deb {definition.mirror} {suite} main" for suite in definition.suites),
    ]


def run(
    engine: Engine,
    definition: Definition,
    command: list[str],
    environment: Mapping[str, str],
    log: Path,
    say: Callable[[str], None],
) -> None:
    """Let mmdebstrap write straight into the engine: a file in between costs seconds and 400 MB."""
    with (
        log.open("w") as book,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as make,
        subprocess.Popen(
            [*engine.command, "import", "-", definition.unfinished],
            stdin=make.stdout,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        ) as take,
    ):
        if make.stdout:
            # Ours too, and mmdebstrap must notice when the engine closes its end.
            make.stdout.close()
        for line in make.stderr or ():
            book.write(line)
            for step, words in STEPS.items():
                if line.startswith(f"I: {step}"):
                    say(words.format(mirror=definition.mirror, release=definition.release, engine=engine.name))
        refusal = take.stderr.read() if take.stderr else ""
        book.write(refusal)
    if make.returncode:
        # The engine takes an empty stream for an empty system.
        if registry.present(engine, definition.unfinished):
            engine.run("rmi", definition.unfinished)
        raise ImageError(explain(log, definition.mirror, "mmdebstrap"))
    if take.returncode:
        raise ImageError(f"{engine.name} did not take the system over: {last_words(refusal)}.")
