"""The thin layer of a guest: this machine's settings as files on top of the base, made anew in seconds."""

import tempfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from localcloud.hosts.engine import Engine
from localcloud.image.definition import PREFIX, Definition, digest, script
from localcloud.image.machine import Settings

STORE = "/etc/ssl/certs/ca-certificates.crt"
CONTAINERFILE = """\
FROM {base}
COPY files/ /
COPY guest.sh /tmp/guest.sh
RUN sh /tmp/guest.sh && rm /tmp/guest.sh
"""


@dataclass(frozen=True)
class Guest:
    base: Definition
    settings: Settings

    @cached_property
    def files(self) -> dict[str, str]:
        return render(self.settings)

    @cached_property
    def hash(self) -> str:
        parts = [self.base.hash, CONTAINERFILE, script("guest.sh")]
        return digest("\0".join([*parts, *(f"{path}\0{text}" for path, text in sorted(self.files.items()))]))

    @property
    def reference(self) -> str:
        return f"{PREFIX}/ubuntu-{self.base.release}:{self.hash}"

    def build(self, engine: Engine) -> None:
        # Proxy and index addresses may hold passwords: TemporaryDirectory is for this user alone.
        with tempfile.TemporaryDirectory(prefix="localcloud-") as folder:
            context = Path(folder)
            for path, text in self.files.items():
                target = context / "files" / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            (context / "guest.sh").write_text(script("guest.sh"))
            (context / "Containerfile").write_text(CONTAINERFILE.format(base=self.base.reference))
            words = ["build", "--network", "none", *engine.limits, "--tag", self.reference]
            engine.run(*words, "--file", str(context / "Containerfile"), folder)


def render(settings: Settings) -> dict[str, str]:
    """The files of the layer, by their path under the root."""
    variables, pip, files = dict(settings.variables), dict(settings.pip), {}
    for number, pem in enumerate(settings.certificates, 1):
        files[f"usr/local/share/ca-certificates/localcloud-{number}.crt"] = pem
    if settings.certificates:
        # These bring their own list of CAs and must be told: requests and old pips (certifi), uv, node.
        variables |= dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), STORE)
        pip["cert"] = STORE
    if pip:
        files["etc/pip.conf"] = "[global]\n" + "".join(f"{key} = {value}\n" for key, value in sorted(pip.items()))
    if settings.apt_proxies:
        lines = [f'Acquire::{scheme}::Proxy "{_plain(value)}";\n' for scheme, value in settings.apt_proxies]
        files["etc/apt/apt.conf.d/90localcloud-proxy"] = "".join(lines)
    # guest.sh appends it to /etc/environment, which logins and sudo read; services, user data's among them, do not.
    files["etc/localcloud.environment"] = "".join(f'{k}="{_plain(v)}"\n' for k, v in sorted(variables.items()))
    if variables:
        files["etc/systemd/system/service.d/localcloud.conf"] = "[Service]\nEnvironmentFile=-/etc/environment\n"
    return files


def _plain(value: str) -> str:
    """An address that needs no quoting wherever it is written: these two are not allowed in one as they are."""
    return value.replace("\\", "%5C").replace('"', "%22")
