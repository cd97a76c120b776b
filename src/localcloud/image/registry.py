"""The base out of the container registry's Ubuntu, with our packages put onto it."""

import shutil
import ssl
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from localcloud.errors import EngineError, ImageError
from localcloud.hosts.engine import Engine
from localcloud.image.definition import DPKG_OPTIONS, PACKAGES, Definition, script
from localcloud.image.refusal import explain

IMAGE = "docker.io/library/ubuntu"
# A registry that cannot be reached is refused at once or never answers: a firewall may swallow the question.
ANSWER_WITHIN = 8
CONTAINERFILE = """\
FROM {source}
COPY . /tmp/build
RUN sh /tmp/build/install.sh '{mirror}' {suites} \
 && sh /tmp/build/setup.sh '{codename}' '{mirror}' \
 && rm -r /tmp/build
"""


def pull(engine: Engine, definition: Definition, say: Callable[[str], None]) -> str:
    """The name of the registry's image, now here; empty when the registry does not answer and it is not here."""
    source = f"{IMAGE}:{definition.release}"
    try:
        engine.run("manifest", "inspect", source, timeout=ANSWER_WITHIN)
        say(f"Fetching {source}")
        engine.run("pull", "--quiet", source)
    except EngineError as error:
        if not present(engine, source):
            reason = str(error).rsplit(": ", 1)[-1]
            say(f"No container registry answers ({reason}); going to Ubuntu's package archive")
            return ""
    return source


def present(engine: Engine, reference: str) -> bool:
    """Is there an image of this name? Both engines know this form of the question."""
    return bool(engine.run("images", "--quiet", reference))


def build(
    engine: Engine,
    definition: Definition,
    source: str,
    log: Path,
    say: Callable[[str], None],
    proxies: Mapping[str, str],
) -> None:
    """Make the base from the image `source` as `definition.unfinished`."""
    say(f"Installing cloud-init, the SSH server and the rest onto {source}")
    bundle = ssl.get_default_verify_paths().cafile
    with tempfile.TemporaryDirectory(prefix="localcloud-") as folder, log.open("w") as book:
        context = Path(folder)
        for name in ("install.sh", "setup.sh"):
            (context / name).write_text(script(name))
        (context / "packages").write_text("\n".join(PACKAGES))
        (context / "dpkg.cfg").write_text("\n".join([*DPKG_OPTIONS, ""]))
        if bundle and definition.mirror.startswith("https:"):
            shutil.copy(bundle, context / "ca.crt")
        (context / "Containerfile").write_text(
            CONTAINERFILE.format(
                source=source,
                mirror=definition.mirror,
                suites=" ".join(definition.suites),
                codename=definition.codename,
            )
        )
        given = [f"--build-arg={scheme}_proxy={address}" for scheme, address in proxies.items()]
        # The machine's own network: its name servers and a proxy on 127.0.0.1 are there too.
        words = ["build", "--network", "host", *engine.limits, *given, "--tag", definition.unfinished]
        try:
            for line in engine.stream(*words, "--file", str(context / "Containerfile"), folder):
                book.write(f"{line}\n")
        except EngineError as error:
            book.flush()
            raise ImageError(explain(log, definition.mirror, f"{engine.name} build")) from error
