"""One archive for all seats: what goes into it, that it is the same every time, and what is refused."""

import gzip
import os
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from classlab.project import bundle
from classlab.project import files as projectfiles
from classlab.project.files import ProjectError

KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\n"
    + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2g\n" * 5
)
AWS_ID, AWS_SECRET = "AKIA" + "QWERTYUIOPASDFGH", "x7Gk2LmQ9vRt4WsZ1bNc8DfHj3PkYu6Te5Ao0IiE"
Make = Callable[..., bundle.Bundle]
GIT = """\
#!/bin/sh
case "$*" in *fetch*) ;; *) exec /usr/bin/git "$@" ;; esac
[ "$GIT_TERMINAL_PROMPT $SSH_ASKPASS_REQUIRE" = "0 never" ] || exit 1
(: </dev/tty) 2>/dev/null && exit 1
read -r answer && exit 1
echo '{says}' >&2
exit 128
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small project, beside the class file."""
    folder = tmp_path / "weather"
    put(folder, {"main.py": "print(1)\n", "data/a.csv": "1,2\n", "run.sh": "#!/bin/sh\n"})
    (folder / "run.sh").chmod(0o755)
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Make:
    def made(project: str = "weather", **more: object) -> bundle.Bundle:
        return bundle.make(project, tmp_path, tmp_path / "lab" / "project", **more)  # type: ignore[arg-type]

    return made


def put(folder: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def paths(made: bundle.Bundle) -> list[str]:
    return [each["path"] for each in made.manifest]


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    return subprocess.run(
        ["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True
    ).stdout.strip()


def commit(folder: Path, files: dict[str, str], message: str = "more") -> str:
    folder.mkdir(exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "--quiet")
    put(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def test_a_folder_becomes_an_archive(folder: Path, make: Make) -> None:
    made = make()
    assert (made.name, made.changed, made.requirements) == ("weather", True, "")
    with tarfile.open(made.archive) as tar:
        members = {each.name: (each.mode, each.mtime, each.uid, each.uname) for each in tar}
        text = tar.extractfile("main.py")
        assert text is not None
        assert text.read() == b"print(1)\n"
    assert members == {
        "data/a.csv": (0o644, 0, 0, ""),
        "main.py": (0o644, 0, 0, ""),
        "run.sh": (0o755, 0, 0, ""),
    }
    assert made.archive.stat().st_mode & 0o777 == 0o600


def test_it_is_made_once(folder: Path, make: Make) -> None:
    first = make()
    stamp = first.archive.stat().st_mtime_ns
    again = make()
    assert (again.changed, again.digest, again.archive.stat().st_mtime_ns) == (False, first.digest, stamp)


def test_the_same_content_is_the_same_archive_elsewhere(folder: Path, make: Make, tmp_path: Path) -> None:
    first = make()
    elsewhere = tmp_path / "other" / "weather"
    put(elsewhere, {"run.sh": "#!/bin/sh\n", "data/a.csv": "1,2\n", "main.py": "print(1)\n"})
    (elsewhere / "run.sh").chmod(0o711)
    (elsewhere / "main.py").chmod(0o600)
    os.utime(elsewhere / "main.py", (1, 1))
    second = bundle.make("weather", tmp_path / "other", tmp_path / "lab2")
    assert second.digest == first.digest
    assert second.archive.read_bytes() == first.archive.read_bytes()


@pytest.mark.parametrize("change", ["content", "mode", "name", "more"])
def test_a_change_gives_another_and_the_old_one_goes(folder: Path, make: Make, change: str) -> None:
    first = make()
    match change:
        case "content":
            (folder / "main.py").write_text("print(2)\n")
        case "mode":
            (folder / "main.py").chmod(0o755)
        case "name":
            (folder / "main.py").rename(folder / "start.py")
        case "more":
            put(folder, {"data/b.csv": "3,4\n"})
    second = make()
    assert second.changed
    assert second.digest != first.digest
    assert not first.archive.exists()
    assert second.archive.exists()


def test_an_archive_that_was_half_written_is_made_again(folder: Path, make: Make) -> None:
    archive = make().archive
    archive.rename(archive.with_name(f"{archive.name}.part"))
    assert make().changed
    assert gzip.decompress(archive.read_bytes())
    assert [each.name for each in archive.parent.iterdir()] == [archive.name]


def test_leavings_and_results_are_not_handed_out(folder: Path, make: Make) -> None:
    leavings = ["__pycache__/main.pyc", ".venv/x", "venv/x", ".ipynb_checkpoints/x", "data/.DS_Store", ".git/config"]
    put(folder, dict.fromkeys([*leavings, "myenv/pyvenv.cfg", "myenv/bin/python", "plots/a.png", "plots.txt"], "x"))
    made = make(results=["plots"])
    assert paths(made) == ["data/a.csv", "main.py", "plots.txt", "plots", "run.sh"]
    assert [each["kind"] for each in made.manifest if each["path"] == "plots"] == ["folder"]
    put(folder, {"plots/b.png": "another result"})
    assert not make(results=["plots/"]).changed


def test_results_that_are_not_there_yet_are_not_made(folder: Path, make: Make) -> None:
    assert "plots" not in paths(make(results=["plots"]))


def test_an_empty_folder_comes_along(folder: Path, make: Make) -> None:
    (folder / "data" / "raw").mkdir()
    made = make()
    assert "data/raw" in paths(made)
    with tarfile.open(made.archive) as tar:
        assert tar.getmember("data/raw").isdir()


def test_a_work_tree_gives_what_git_does_not_ignore(folder: Path, make: Make) -> None:
    commit(folder, {".gitignore": "*.log\nsecret/\n"})
    put(folder, {"new.py": "", "a.log": "", "secret/.env": "KEY=1", "__pycache__/x.pyc": ""})
    (folder / "main.py").unlink()
    (folder / "data" / "a.csv").write_text("not committed\n")
    made = make()
    assert paths(made) == [".gitignore", "data/a.csv", "new.py", "run.sh"]
    with tarfile.open(made.archive) as tar:
        assert tar.extractfile("data/a.csv").read() == b"not committed\n"  # type: ignore[union-attr]


def test_a_project_below_a_work_tree_keeps_to_its_own_folder(tmp_path: Path, folder: Path, make: Make) -> None:
    commit(tmp_path, {".gitignore": "*.log\n", "other/x.py": ""})
    put(folder, {"a.log": ""})
    assert paths(make()) == ["data/a.csv", "main.py", "run.sh"]


def test_a_project_that_the_tree_around_it_ignores_is_taken_whole(tmp_path: Path, folder: Path, make: Make) -> None:
    commit(tmp_path, {".gitignore": "weather/\n", "other/x.py": ""})
    assert paths(make()) == ["data/a.csv", "main.py", "run.sh"]


def test_a_repository_in_the_repository_is_asked_itself(folder: Path, make: Make) -> None:
    commit(folder / "library", {".gitignore": "*.log\n", "lib.py": "", "a.log": ""})
    commit(folder, {})
    (folder / "library" / "b.log").touch()
    assert paths(make()) == ["data/a.csv", "library/.gitignore", "library/lib.py", "main.py", "run.sh"]


def test_links_inside_are_kept(folder: Path, make: Make) -> None:
    (folder / "data" / "newest.csv").symlink_to("a.csv")
    (folder / "start").symlink_to("data/../main.py")
    made = make()
    with tarfile.open(made.archive) as tar:
        assert tar.getmember("data/newest.csv").linkname == "a.csv"
        assert tar.getmember("start").linkname == "data/../main.py"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside", "../inner/../outside"])
def test_links_that_lead_out_are_refused(folder: Path, make: Make, tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").touch()
    (folder / "inner").symlink_to(".")
    (folder / "data" / "out").symlink_to(target)
    with pytest.raises(ProjectError, match=f"data/out is a link to {target}, which leads out of the project"):
        make()


@pytest.mark.parametrize(
    ("path", "text", "what"),
    [
        (".env", "PORT=1", "a file of secrets"),
        ("app/.env.local", "PORT=1", "a file of secrets"),
        ("id_ed25519", "", "a file of secrets"),
        ("lesson.pem", KEY, "a private key"),
        ("notes.txt", f"first\n{KEY}", "a private key"),
        (
            "account.json",
            '{"private_key": "' + KEY.replace("OPENSSH ", "").replace("\n", "\\n") + '"}',
            "a private key",
        ),
        ("old.key", KEY.replace("KEY-----\n", "KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES\n\n"), "a private key"),
        ("credentials", f"[default]\naws_access_key_id = {AWS_ID}\naws_secret_access_key = {AWS_SECRET}\n", "AWS"),
        ("main2.py", f'client("s3", aws_secret_access_key="{AWS_SECRET}")', "AWS credentials"),
        ("keys.csv", f"Access key ID,Secret access key\n{AWS_ID},{AWS_SECRET}\n", "AWS credentials"),
    ],
)
def test_secrets_are_refused(folder: Path, make: Make, path: str, text: str, what: str) -> None:
    put(folder, {path: text})
    with pytest.raises(ProjectError, match=f"{path} looks like {what}") as refused:
        make()
    assert AWS_SECRET not in str(refused.value)


def test_what_only_speaks_of_secrets_is_no_secret(folder: Path, make: Make) -> None:
    put(
        folder,
        {
            ".env.example": "TOKEN=\n",
            "lesson.md": "A key begins with\n-----BEGIN PRIVATE KEY-----\nand then comes base64.\n",
            "id_ed25519.pub": "ssh-ed25519 AAAA",
            "docs.md": "aws_access_key_id = AKIAIOSFODNN7EXAMPLE\n"
            "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\n",
            "cert.pem": "-----BEGIN CERTIFICATE-----\n" + "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAAB\n" * 5,
            "sums.txt": "da39a3ee5e6b4b0d3255bfef95601890afd80709 empty\n",
        },
    )
    assert len(paths(make())) == 9


def test_all_that_is_wrong_is_told_at_once(folder: Path, make: Make) -> None:
    put(folder, {".env": "A=1"})
    (folder / "out").symlink_to("/etc")
    os.mkfifo(folder / "pipe")
    (folder / "bad\nname").touch()
    with pytest.raises(ProjectError) as refused:
        make()
    told = str(refused.value).splitlines()
    assert len(told) == 4
    assert any("pipe is neither a file" in line for line in told)
    assert any(r"bad\nname" in line for line in told)


def test_what_cannot_be_read_is_named(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    there = Path.open

    def shut(path: Path, *words: str, **more: str) -> object:  # root may read all, so that a mode would shut nothing
        if path.name == "a.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return there(path, *words, **more)  # type: ignore[call-overload]

    monkeypatch.setattr(Path, "open", shut)
    with pytest.raises(ProjectError, match=r"data/a.csv cannot be read: Permission denied"):
        make()


def test_too_much_is_refused_with_the_biggest(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(1, 6):
        with (folder / f"big{number}").open("wb") as file:
            file.truncate(number * 10**6)
    monkeypatch.setattr(projectfiles, "MOST_BYTES", 14 * 10**6)
    with pytest.raises(ProjectError, match=r"has 15 MB; 14 MB may.*big5 \(5 MB\), big4 \(4 MB\), big3 \(3 MB\)"):
        make()


def test_the_size_is_known_before_all_is_read(folder: Path, make: Make) -> None:
    with (folder / "huge").open("wb") as file:
        file.truncate(10**12)
    with pytest.raises(ProjectError, match=r"huge \(1000000 MB\)"):
        make()


@pytest.mark.parametrize(
    ("project", "more", "told"),
    [
        ("nowhere", {}, "nowhere is no folder"),
        ("weather/main.py", {}, "weather/main.py is no folder"),
        ("empty", {}, "has no files"),
        ("venv", {}, "would be the folder 'venv'"),
        (".hidden", {}, "would be the folder '.hidden'"),
        ("weather", {"revision": "main"}, "'main' is for a git address"),
        ("weather", {"results": ["../x"]}, "'../x' is not in the project"),
        ("http://git.example.org/x", {}, "others could change it on its way"),
        ("git://git.example.org/x", {}, "others could change it on its way"),
        ("ext::sh -c whoami", {}, "is no folder"),
    ],
)
def test_refusals(folder: Path, make: Make, tmp_path: Path, project: str, more: dict[str, object], told: str) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("venv", ".hidden"):
        put(tmp_path / name, {"a.py": ""})
    with pytest.raises(ProjectError, match=told):
        make(project, **more)


def test_a_file_that_changes_meanwhile_is_noticed(folder: Path, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = bundle.entries

    def entries(*words: object, **more: object) -> object:
        found = listed(*words, **more)  # type: ignore[arg-type]
        (folder / "main.py").write_text("print(3)\n")
        return found

    monkeypatch.setattr(bundle, "entries", entries)
    with pytest.raises(ProjectError, match=r"main.py was changed while it was read"):
        make()
    assert not list((folder.parent / "lab" / "project").glob("*.gz"))


class TestGitAddress:
    @pytest.fixture
    def history(self, tmp_path: Path) -> dict[str, str]:
        """A repository with two commits, a branch and a tag."""
        there = tmp_path / "there" / "lesson"
        there.parent.mkdir()
        first = commit(there, {"main.py": "print(1)\n", ".gitattributes": "solutions export-ignore\n"})
        git(there, "tag", "--annotate", "v1", "--message", "first")
        second = commit(there, {"main.py": "print(2)\n", "solutions/main.py": "done\n", "requirements.txt": "numpy\n"})
        git(there, "switch", "--quiet", "--create", "easy", "v1")
        third = commit(there, {"main.py": "print('easy')\n"})
        git(there, "switch", "--quiet", "main")
        return {"address": f"file://{there}", "first": first, "second": second, "third": third, "folder": str(there)}

    def test_the_default_branch(self, history: dict[str, str], make: Make) -> None:
        made = make(history["address"])
        assert (made.name, made.commit, bool(made.requirements)) == ("lesson", history["second"], True)
        assert paths(made) == [".gitattributes", "main.py", "requirements.txt"]
        assert not make(history["address"]).changed
        commit(Path(history["folder"]), {"main.py": "print(3)\n"})
        assert make(history["address"]).changed

    @pytest.mark.parametrize(
        ("revision", "expected"), [("v1", "first"), ("easy", "third"), ("main", "second"), ("{first}", "first")]
    )
    def test_a_revision(self, history: dict[str, str], make: Make, revision: str, expected: str) -> None:
        assert make(history["address"], revision=revision.format(**history)).commit == history[expected]

    def test_an_abbreviated_commit(self, history: dict[str, str], make: Make) -> None:
        make(history["address"])  # a cache without the past
        assert make(history["address"], revision=history["third"][:8]).commit == history["third"]

    def test_a_whole_commit_that_is_here_needs_no_connection(self, history: dict[str, str], make: Make) -> None:
        make(history["address"], revision=history["first"])
        Path(history["folder"]).rename(Path(history["folder"]).with_name("away"))
        assert make(history["address"], revision=history["first"]).commit == history["first"]

    def test_a_cache_that_a_killed_run_left_locked(self, history: dict[str, str], make: Make, tmp_path: Path) -> None:
        make(history["address"])
        cache = tmp_path / "lab" / "project"
        (cache / "git" / "shallow.lock").touch()
        put(cache / "export", {"left.py": "x"})
        commit(Path(history["folder"]), {"main.py": "print(3)\n"})
        assert paths(make(history["address"])) == [".gitattributes", "main.py", "requirements.txt"]
        assert not (cache / "export").exists()

    def test_no_such_revision(self, history: dict[str, str], make: Make) -> None:
        told = r"'v9' is neither a branch nor a tag nor a commit of .*/lesson. It has easy, main, v1\."
        with pytest.raises(ProjectError, match=told):
            make(history["address"], revision="v9")
        with pytest.raises(ProjectError, match="'abcdef1' is neither"):
            make(history["address"], revision="abcdef1")

    def test_a_revision_is_never_an_option(self, history: dict[str, str], make: Make, tmp_path: Path) -> None:
        with pytest.raises(ProjectError):
            make(history["address"], revision=f"--upload-pack=touch {tmp_path}/done")
        assert not (tmp_path / "done").exists()

    def test_an_empty_repository(self, make: Make, tmp_path: Path) -> None:
        (tmp_path / "new").mkdir()
        git(tmp_path / "new", "init", "--quiet")
        with pytest.raises(ProjectError, match="is empty: it has no commit yet"):
            make(f"file://{tmp_path}/new")

    def test_submodules_are_named(self, history: dict[str, str], make: Make) -> None:
        commit(Path(history["folder"]), {".gitmodules": '[submodule "x"]\n\tpath = x\n\turl = ../x\n'})
        assert "has submodules, which are not fetched" in make(history["address"]).notes[0]

    def test_large_files_that_are_only_notes_are_refused(self, history: dict[str, str], make: Make) -> None:
        note = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
        commit(Path(history["folder"]), {"big.csv": note})
        with pytest.raises(ProjectError, match=r"big.csv is only Git LFS's note"):
            make(history["address"])

    @pytest.mark.parametrize(
        ("address", "told"),
        [
            ("file:///nowhere/at/all", "there is no git repository"),
            (
                "https://teacher:pass-word@127.0.0.1:9/lesson.git",
                r"\*\*\*@127.0.0.1:9/lesson.git: it cannot be reached",
            ),
            ("ssh://git@127.0.0.1:9/lesson.git", "it cannot be reached"),
        ],
    )
    def test_addresses_that_do_not_answer(self, make: Make, address: str, told: str) -> None:
        with pytest.raises(ProjectError, match=told) as refused:
            make(address)
        assert "pass-word" not in str(refused.value)

    @pytest.mark.parametrize(
        ("says", "told"),
        [
            (
                "fatal: could not read Username for 'https://git.example.org': terminal prompts disabled",
                "does not let you in.*`git ls-remote https://git.example.org/l` must work here without a question",
            ),
            ("git@git.example.org: Permission denied (publickey).\nfatal: Could not read", "it does not let you in"),
            ("Host key verification failed.\nfatal: Could not read from remote", "its SSH host key is not known here"),
            ("fatal: unable to access 'https://u:pass-word@h/': Could not resolve host: h", "it cannot be reached"),
            ("remote: Repository not found.\nfatal: repository 'https://h/' not found", "there is no git repository"),
            ("fatal: something new\nmore of it", "git says: fatal: something new."),
        ],
    )
    def test_what_git_says_is_turned_into_a_mend(
        self, make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, told: str
    ) -> None:
        """A git that never asks: no terminal, nothing to read from, no window for a passphrase."""
        put(tmp_path / "bin", {"git": GIT.format(says=says.replace("'", "'\\''"))})
        (tmp_path / "bin" / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}/bin:{os.environ['PATH']}")
        with pytest.raises(ProjectError, match=told) as refused:
            make("https://git.example.org/l")
        assert "pass-word" not in str(refused.value)

    def test_without_git(self, make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", "/nowhere")
        with pytest.raises(ProjectError, match="needs git on this machine"):
            make("https://git.example.org/l")

    @pytest.mark.parametrize("name", ["lesson", "lesson.git", "lesson/"])
    def test_its_name_is_what_git_clone_would_make(self, name: str) -> None:
        assert bundle.projectgit.name_of(f"https://git.example.org/a/{name}") == "lesson"
        assert bundle.projectgit.name_of(f"git@git.example.org:{name}") == "lesson"
