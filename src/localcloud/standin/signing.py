"""The key that signs the stand-in: made once, kept as a file, used in a keyring that lives for one signing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from localcloud.standin.tools import run

NAME = "localcloud deadsnakes stand-in"


@dataclass(frozen=True)
class Keyring:
    home: Path

    def gpg(self, *words: str | Path) -> str:
        quiet = ("--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", "")
        return run("gpg", "--homedir", self.home, *quiet, *words)

    @property
    def fingerprint(self) -> str:
        listing = self.gpg("--with-colons", "--list-secret-keys")
        return next(line.split(":")[9] for line in listing.splitlines() if line.startswith("fpr:"))

    def public_key(self) -> str:
        return self.gpg("--armor", "--export", self.fingerprint)

    def sign(self, release: Path) -> None:
        """Both forms that apt knows: InRelease, and Release.gpg beside Release."""
        signer = ("--local-user", self.fingerprint, "--digest-algo", "SHA512")
        self.gpg(*signer, "--output", release.with_name("InRelease"), "--clearsign", release)
        self.gpg(*signer, "--output", release.with_name("Release.gpg"), "--armor", "--detach-sign", release)


@contextmanager
def keyring(folder: Path) -> Iterator[Keyring]:
    """A keyring that holds the key kept in `folder`, which is made if it is not there yet.

    gpg's agent listens on a socket in its home, and a socket's path may have 107 characters at most: so the home is
    a short-lived folder among the system's temporary ones, and the agent is ended before it goes.
    """
    kept = folder / "secret.asc"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with TemporaryDirectory(prefix="lc-gpg-") as home:
        ring = Keyring(Path(home))
        try:
            if kept.exists():
                ring.gpg("--import", kept)
            else:
                ring.gpg("--quick-generate-key", NAME, "ed25519", "sign", "never")
                unfinished = folder / "secret.unfinished"
                ring.gpg("--armor", "--output", unfinished, "--export-secret-keys")
                unfinished.chmod(0o600)
                unfinished.replace(kept)
            yield ring
        finally:
            run("gpgconf", "--homedir", home, "--kill", "all")
