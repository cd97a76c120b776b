"""The PPA's key, its source, and the Python that must have come from it."""

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from small_server import serving

sys.path.append(str(Path(__file__).parents[2] / "plugins" / "module_utils"))  # what Ansible sends to a seat

from seat import apt, dpkg, files, keys, locks, python
from seat.files import SeatError

URL = "http://10.0.0.1:8311"
OFFER = "     3.11.2-6 500\n        500 http://10.0.0.1:8311 noble/main amd64 Packages\n"
OWN = " *** 3.11.0~rc1-1 500\n        500 http://archive.ubuntu.com/ubuntu jammy/universe amd64 Packages\n"
REFUSED = (
    f"W: Failed to fetch {URL}/dists/noble/InRelease  Could not connect to 10.0.0.1:8311. - connect (111: Refused)"
)
UNSIGNED = f"""\
W: GPG error: {URL} noble InRelease: The following signatures couldn't be verified: NO_PUBKEY 1
E: The repository '{URL} noble InRelease' is not signed."""
NO_SUITE = f"E: The repository '{URL} noble Release' does not have a Release file."


def really(words: list[str], **_: Any) -> tuple[int, str, str]:
    done = subprocess.run(words, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[str, str]]:
    """Two keys, each with its fingerprint."""
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    gpg = ["gpg", "--batch", "--quiet", "--homedir", str(home)]
    found = []
    for name in ("one", "two"):
        quick = ["--passphrase", "", "--quick-generate-key", f"{name}@example.org", "ed25519", "default", "never"]
        subprocess.run([*gpg, *quick], check=True, capture_output=True)
        key = really([*gpg, "--armor", "--export", f"{name}@example.org"])[1]
        (home / name).write_text(key)
        found.append((key, keys.fingerprints(really, str(home / name))[0]))
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=True)
    return found


Serve = Callable[..., str]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """serve("200 OK", text, …): an address that answers so, one pair after the other, and the last one for good."""
    stop = []
    monkeypatch.setattr(keys.time, "sleep", lambda _: None)

    def start(*answers: str) -> str:
        waiting = list(answers)

        def app(_: Any, start_response: Any) -> Iterable[bytes]:
            status, text = waiting[:2]
            if len(waiting) > 2:
                del waiting[:2]
            start_response(status, [("Content-Type", "text/plain")])
            return [text.encode()]

        server = serving(app)
        stop.append(server)
        return server.__enter__()

    yield start
    for server in stop:
        server.__exit__(None, None, None)


def test_the_pinned_key_is_put_in_place_once(tmp_path: Path, made: list[tuple[str, str]], serve: Serve) -> None:
    place, (key, fingerprint) = tmp_path / "keyrings" / "key.asc", made[0]
    spaced = " ".join([fingerprint[:20], fingerprint[20:].lower()])
    assert keys.ensure(really, serve("200 OK", key), spaced, str(place)) is True
    assert place.read_text() == key
    assert keys.ensure(really, "http://127.0.0.1:9/", fingerprint, str(place)) is False


def test_another_key_is_never_put_in_place(tmp_path: Path, made: list[tuple[str, str]], serve: Serve) -> None:
    place, ours, other = tmp_path / "key.asc", made[0], made[1]
    for text, said in (
        (other[0], f"has fingerprint {other[1]}, pinned is {ours[1]}: nothing was installed"),
        (ours[0] + other[0], f"has fingerprint {ours[1]} and {other[1]}, pinned"),
        ("<html>Busy</html>", "is no OpenPGP key, pinned"),
        ("", "is no OpenPGP key, pinned"),
    ):
        with pytest.raises(SeatError, match=said):
            keys.ensure(really, serve("200 OK", text), ours[1], str(place))
        assert not place.exists()


def test_a_key_that_was_changed_on_the_seat_is_fetched_anew(
    tmp_path: Path, made: list[tuple[str, str]], serve: Serve
) -> None:
    place = tmp_path / "key.asc"
    place.write_text(made[0][0] + made[1][0])
    assert keys.ensure(really, serve("200 OK", made[0][0]), made[0][1], str(place)) is True
    assert place.read_text() == made[0][0]


def test_a_troubled_server_is_asked_three_times_and_one_that_says_no_once(serve: Serve) -> None:
    assert keys.fetch(serve("503 Busy", "", "502 Bad", "", "200 OK", "key")) == "key"
    with pytest.raises(SeatError, match=r"it answers 503 Busy\. Key servers are down at times"):
        keys.fetch(serve("503 Busy", "", "503 Busy", "", "503 Busy", "", "200 OK", "key"))
    with pytest.raises(SeatError, match="it answers 404 None"):
        keys.fetch(serve("404 None", "", "200 OK", "key"))
    with pytest.raises(SeatError, match=r"cannot be had from http://127\.0\.0\.1:9/key: .*refused"):
        keys.fetch("http://127.0.0.1:9/key")


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://example.org/key", "key.asc", ""])
def test_a_key_comes_over_http_or_not_at_all(address: str) -> None:
    with pytest.raises(SeatError, match="must begin with https://"):
        keys.fetch(address)


@pytest.mark.parametrize("fingerprint", ["", "6A755776", "F23C5A6CF475977595C89F51BA6932366A75577Z"])
def test_a_fingerprint_is_forty_digits(fingerprint: str) -> None:
    with pytest.raises(SeatError, match="is not 40 hexadecimal digits"):
        keys.normal(fingerprint)


class Seat:
    """A seat on which apt installs what it is asked for, from the PPA or not."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.offer, self.update = folder, OFFER, (0, "")
        self.asked: list[str] = []
        self.fails: list[tuple[int, str]] = []
        self.installs, self.own = "3.11.2-6", "3.12.3"
        (folder / "os-release").write_text(
            'PRETTY_NAME="Ubuntu 24.04 LTS"\nID=ubuntu\nVERSION_ID="24.04"\nVERSION_CODENAME=noble\n'
        )
        (folder / "status").write_text("")
        (folder / "sources").mkdir()

    def __call__(self, words: list[str], **_: Any) -> tuple[int, str, str]:
        if words[0] == "gpg":
            return 0, "pub:-:\nfpr:::::::::" + "A" * 40 + ":\n", ""
        if "pkgnames" in words:
            return 0, "python3.11\npython3.12\n", ""
        if "policy" in words:
            return 0, "".join(f"{name}:\n{self.policy(name)}" for name in words[2:]), ""
        self.asked.append(next(word for word in words if word in ("update", "install")))
        if "update" in words:
            return self.update[0], "", self.update[1]
        if self.fails:
            rc, said = self.fails.pop(0)
            return rc, "", said
        names = [word.partition("=")[0] for word in words if "=" in word and word.startswith("python")]
        for name in [*names, "libpython3.11-stdlib"]:
            entry = f"Package: {name}\nStatus: install ok installed\nVersion: {self.installs}\n\n"
            (self.folder / "status").write_text((self.folder / "status").read_text() + entry)
        return 0, "", ""

    def policy(self, name: str) -> str:
        return self.offer if "python3.11" in name else ""


@pytest.fixture
def seat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seat:
    made = Seat(tmp_path)
    read = files.read_text
    monkeypatch.setattr(
        python, "read_text", lambda path: read(str(tmp_path / "os-release") if path == "/etc/os-release" else path)
    )
    monkeypatch.setattr(python, "SOURCES", str(tmp_path / "sources"))
    monkeypatch.setattr(python, "SOURCE", str(tmp_path / "sources" / "deadsnakes.sources"))
    monkeypatch.setattr(python, "KEY", str(tmp_path / "key.asc"))
    monkeypatch.setattr(python, "RECORD", str(tmp_path / "python.json"))
    monkeypatch.setattr(python, "systems_own", lambda: made.own)
    monkeypatch.setattr(dpkg, "STATUS", str(tmp_path / "status"))
    monkeypatch.setattr(dpkg, "UPDATES", str(tmp_path / "updates"))
    monkeypatch.setattr(locks, "LOCKS", ())
    monkeypatch.setattr(locks, "wait_for_boot", lambda _: None)
    monkeypatch.setattr(apt, "has_lists_of_ubuntu", lambda: True)
    monkeypatch.setattr(python.os, "access", lambda *_: True)
    (tmp_path / "key.asc").write_text("key")
    return made


def wanted(**other: Any) -> dict[str, Any]:
    return {"version": "3.11", "url": URL, "key_url": f"{URL}/key", "fingerprint": "A" * 40, "patience": 5, **other}


def test_a_python_is_installed_once(seat: Seat) -> None:
    assert python.missing(wanted()) == "python3.11, python3.11-venv, python3.11-dev not installed"
    assert python.ensure(seat, wanted()) == ["the PPA is a package source", "python3.11 3.11.2-6 is installed"]
    assert seat.asked == ["update", "install"]
    assert python.missing(wanted()) == ""
    assert python.ensure(seat, wanted()) == []
    assert seat.asked == ["update", "install"]


def test_a_run_that_was_killed_anywhere_is_finished_by_the_next(seat: Seat) -> None:
    seat.fails = [(100, "E: killed")]
    with pytest.raises(SeatError, match="apt failed: killed"):
        python.ensure(seat, wanted())
    assert python.ensure(seat, wanted()) == ["python3.11 3.11.2-6 is installed"]
    Path(python.RECORD).unlink()
    assert python.missing(wanted()) == "it is not known where python3.11 came from"
    assert python.ensure(seat, wanted()) == []  # looked at, and found in order
    assert python.missing(wanted()) == ""


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"url": "http://10.0.0.2"}, "it is not known where python3.11 came from"),
        ({"fingerprint": "B" * 40}, "is not the pinned key"),
        ({"version": "3.13"}, "python3.13, python3.13-venv, python3.13-dev not installed"),
    ],
)
def test_another_wish_is_looked_at_again(seat: Seat, changed: dict[str, str], why: str) -> None:
    python.ensure(seat, wanted())
    assert why in python.missing(wanted(**changed))


def test_what_was_changed_on_the_seat_is_looked_at_again(seat: Seat) -> None:
    python.ensure(seat, wanted())
    Path(python.KEY).write_text("another key")
    assert "is not the pinned key" in python.missing(wanted())
    Path(python.SOURCE).write_text("Types: deb\n")
    assert "is not as it should be" in python.missing(wanted())
    status = seat.folder / "status"
    status.write_text(status.read_text().replace("3.11.2-6", "3.11.9-1", 1))
    assert python.missing(wanted()) == "python3.11 is now 3.11.9-1"


def test_what_the_ppa_no_longer_has_is_asked_for_anew(seat: Seat) -> None:
    seat.fails = [(100, "E: nothing to do with it")]
    with pytest.raises(SeatError):
        python.ensure(seat, wanted())
    seat.asked.clear()
    seat.fails = [(100, "E: Version '3.11.1' for 'python3.11' was not found")]
    python.ensure(seat, wanted())
    assert seat.asked == ["install", "update", "install"]


def test_ubuntus_own_release_candidate_is_not_taken_for_the_ppas(seat: Seat) -> None:
    seat.offer = OWN
    with pytest.raises(SeatError, match=r"has no python3\.11 for Ubuntu 24\.04 noble \(it has none at all\)"):
        python.ensure(seat, wanted())
    assert "install" not in seat.asked
    seat.offer, seat.installs = OFFER, "3.11.0~rc1-1"
    with pytest.raises(SeatError, match=r"libpython3\.11-stdlib 3\.11\.0~rc1-1 did not come from the PPA"):
        python.ensure(seat, wanted())
    assert python.missing(wanted())


def test_a_version_that_the_ppa_has_not_is_told_with_those_that_it_has(seat: Seat) -> None:
    with pytest.raises(SeatError, match=r"no python3\.99 for Ubuntu 24\.04 noble \(it has 3\.11\): choose one"):
        python.ensure(seat, wanted(version="3.99"))
    assert seat.asked == ["update"]


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        ((0, REFUSED), rf"launchpad \({URL}\) does not answer: Could not connect .*It is down often; try again later"),
        ((100, UNSIGNED), f"The packages at {URL} are not signed by the pinned key A{{40}}: refused"),
        (
            (100, f"E: Failed to fetch {URL}/x  No space left on device"),
            "apt could not write. There is too little room",
        ),
        ((100, NO_SUITE), f"The PPA at {URL} has nothing for Ubuntu 24.04 noble"),
    ],
)
def test_what_is_wrong_with_the_ppa_is_told(seat: Seat, answer: tuple[int, str], sentence: str) -> None:
    seat.update = answer
    with pytest.raises(SeatError, match=sentence):
        python.ensure(seat, wanted())
    assert seat.asked == ["update"]


def test_a_source_of_somebody_elses_that_fails_does_not_matter(seat: Seat) -> None:
    seat.update = (0, "W: Failed to fetch http://example.org/dists/x/InRelease  Could not resolve 'example.org'")
    python.ensure(seat, wanted())
    assert python.missing(wanted()) == ""


def test_two_files_that_name_the_ppa_are_refused(seat: Seat) -> None:
    other = seat.folder / "sources" / "own.list"
    other.write_text(f"# deb {URL} noble main\n")
    python.check(wanted())
    for text in (f"deb [trusted=yes] {URL}/ noble main\n", f"Types: deb\nURIs: {URL}\n"):
        other.write_text(text)
        with pytest.raises(SeatError, match=r"own\.list already names the PPA"):
            python.ensure(seat, wanted())
    assert not Path(python.SOURCE).exists()


def test_the_systems_own_python_must_stay(seat: Seat, monkeypatch: pytest.MonkeyPatch) -> None:
    told = iter(["3.12.3", "3.12.4", "3.12.4"])
    monkeypatch.setattr(python, "systems_own", lambda: next(told))
    with pytest.raises(SeatError, match=r"the system's own python3: 3\.12\.3 before, 3\.12\.4 now"):
        python.ensure(seat, wanted())
    assert "not known" in python.missing(wanted())


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"version": "3"}, "Python '3' is no version such as 3.11"),
        ({"version": "3.11; reboot"}, "is no version such as 3.11"),
        ({"url": "ppa:deadsnakes/ppa"}, "The PPA's address 'ppa:deadsnakes/ppa' is none"),
        ({"url": "http://a b"}, "The PPA's address 'http://a b' is none"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_changed(seat: Seat, wrong: dict[str, str], sentence: str) -> None:
    with pytest.raises(SeatError, match=sentence):
        python.ensure(seat, wanted(**wrong))
    assert seat.asked == []
    assert not Path(python.SOURCE).exists()


def test_the_ppa_is_for_ubuntu(seat: Seat) -> None:
    (seat.folder / "os-release").write_text('PRETTY_NAME="Debian 12"\nID=debian\nVERSION_CODENAME=bookworm\n')
    with pytest.raises(SeatError, match="This is Debian 12; the deadsnakes PPA is for Ubuntu"):
        python.ensure(seat, wanted())
