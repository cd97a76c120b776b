"""Fetch a project from a git address, here and only here: seats get neither git credentials nor .git."""

import os
import re
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

from classlab.project.files import ProjectError

ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://|[\w.-]+@[\w.-]+:", re.I)
TAKEN = re.compile(r"(https|ssh|file)://|[\w.-]+@[\w.-]+:(?!//)", re.I)
SECONDS = 600
OF_ANOTHER_REPOSITORY = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR"}

# What git says -> what a teacher can do about it. The first that is found in git's words is told.
UNREACHABLE = (
    "resolve host|connect to|Connection refused|timed out|unreachable|Connection reset|Connection closed|SSL|"
    "certificate|early EOF|RPC failed"
)
MENDS = (
    (
        "Host key verification failed",
        "its SSH host key is not known here. Log in once with ssh and check the fingerprint",
    ),
    (
        r"Authentication failed|could not read (Username|Password)|Permission denied|terminal prompts|error: 40[13]",
        "it does not let you in, or is not there. `git ls-remote {address}` must work here without a question",
    ),
    ("not found|does not appear to be|error: 404|No such file", "there is no git repository. Check the address"),
    (UNREACHABLE, "it cannot be reached. Check the address and your network, then run it again"),
)
NO_SUCH_REVISION = re.compile(r"couldn't find remote ref|not our ref|unadvertised object|no such remote ref", re.I)


def is_address(project: str) -> bool:
    """Is lab_project a git address, rather than a folder?"""
    return bool(ADDRESS.match(project))


def name_of(address: str) -> str:
    """The folder that `git clone` would make."""
    return re.split(r"[/:]", address.rstrip("/"))[-1].removesuffix(".git")


@dataclass(frozen=True)
class Repository:
    """A git address, and the cache of it: a bare repository that can be thrown away at any time."""

    address: str
    cache: Path

    def __post_init__(self) -> None:
        if not TAKEN.match(self.address):
            raise ProjectError(
                f"lab_project: {self._shown} is not taken, since others could change it on its way to you."
                " Give an address that begins with https://, ssh:// or file://, or git@host:path."
            )

    def export(self, revision: str, into: Path) -> str:
        """Put the files of a branch, tag or commit into a folder, as `git archive` does; return the commit."""
        self.cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._must("init", "--bare", "--quiet", "--template=")
        for lock in self.cache.rglob("*.lock"):  # of a run that was killed; nobody else works in here
            lock.unlink()
        commit = self._fetch(revision)
        archive = into.with_suffix(".tar")
        self._must("archive", "--format=tar", f"--output={archive}", commit)
        with tarfile.open(archive) as tar:
            tar.extractall(into, filter="tar")
        archive.unlink()
        return commit

    def _fetch(self, revision: str) -> str:
        """One commit without its past; all of the past only for an abbreviated commit, which no server resolves."""
        if (
            re.fullmatch(r"[0-9a-f]{40}", revision)
            and not self._git("cat-file", "-e", f"{revision}^{{commit}}").returncode
        ):
            return revision
        told = self._git("fetch", "--quiet", "--no-tags", "--depth=1", "--", self.address, revision or "HEAD")
        if not told.returncode:
            return self._must("rev-parse", "--verify", "FETCH_HEAD^{commit}")
        if not NO_SUCH_REVISION.search(told.stderr):
            raise self._refused(told.stderr)
        if re.fullmatch(r"[0-9a-f]{4,40}", revision):
            everything = ("+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*")
            self._must("fetch", "--quiet", "--depth=2147483647", "--", self.address, *everything)
            found = self._git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
            if not found.returncode:
                return found.stdout.strip()
        raise self._no_such(revision)

    def _no_such(self, revision: str) -> ProjectError:
        if not revision:
            return ProjectError(f"lab_project: {self._shown} is empty: it has no commit yet.")
        told = self._must("ls-remote", "--refs", "--heads", "--tags", "--", self.address)
        names = [re.sub(r".*\trefs/(heads|tags)/", "", line) for line in told.splitlines()]
        return ProjectError(
            f"lab_project_revision: {revision!r} is neither a branch nor a tag nor a commit of {self._shown}."
            f" It has {', '.join(names[:10])}{' ...' if len(names) > 10 else ''}."
        )

    def _must(self, *words: str) -> str:
        told = self._git(*words)
        if told.returncode:
            raise self._refused(told.stderr)
        return told.stdout.strip()

    def _git(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run git so that it never asks anybody anything: no terminal, no window, no answer."""
        environment = {name: value for name, value in os.environ.items() if name not in OF_ANOTHER_REPOSITORY}
        environment.setdefault("GIT_ASKPASS", "false")
        environment |= {
            "GIT_TERMINAL_PROMPT": "0",
            "SSH_ASKPASS_REQUIRE": "never",
            "GIT_ALLOW_PROTOCOL": "https:ssh:file",
            "GIT_LFS_SKIP_SMUDGE": "1",
            "LC_ALL": "C",
        }
        git = ["git", "--git-dir", str(self.cache), "-c", "gc.auto=0", "-c", "core.autocrlf=false", *words]
        try:
            return subprocess.run(
                git,
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                env=environment,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                timeout=SECONDS,
            )
        except FileNotFoundError:
            raise ProjectError(
                f"lab_project: {self._shown} needs git on this machine. Install it: apt install git"
            ) from None
        except subprocess.TimeoutExpired:
            raise ProjectError(f"lab_project: {self._shown} was not fetched within {SECONDS // 60} minutes.") from None

    def _refused(self, stderr: str) -> ProjectError:
        lines = [self._masked(line.strip()) for line in stderr.splitlines() if line.strip()] or ["nothing"]
        for pattern, mend in MENDS:
            for line in lines:
                if re.search(pattern, line, re.I):
                    return ProjectError(
                        f"lab_project: {self._shown}: {mend.format(address=self._shown)}. git says: {line.rstrip('.')}."
                    )
        said = next((line for line in lines if line.startswith("fatal:")), lines[-1])
        return ProjectError(f"lab_project: {self._shown}: git says: {said.rstrip('.')}.")

    @property
    def _shown(self) -> str:
        return self._masked(self.address)

    @staticmethod
    def _masked(text: str) -> str:
        """Without a token, which some write into an https address."""
        return re.sub(r"(https?://)[^/@\s]+@", r"\1***@", text)
