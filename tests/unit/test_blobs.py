"""Contents kept as files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.blobs import BLOCK, Blobs


def test_a_content_comes_back_whole_and_in_stretches(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    content = bytes(range(256)) * (BLOCK // 64)
    body = blobs.body(blobs.write(content))
    assert bytes(body) == content
    assert bytes(body[300:700]) == content[300:700]
    assert bytes(body[300:700][-5:]) == content[695:700]
    assert len(body[10:5]) == 0 and bytes(body[10:5]) == b""
    assert {len(block) for block in body} == {BLOCK}


def test_a_copy_shares_the_bytes_and_survives_the_original(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    first = blobs.write(b"shared")
    second = blobs.write(blobs.body(first))
    assert (tmp_path / first).stat().st_ino == (tmp_path / second).stat().st_ino
    blobs.purge([first])
    assert bytes(blobs.body(second)) == b"shared"


def test_a_body_stays_readable_and_can_be_copied_while_its_name_goes(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    name = blobs.write(b"still here")
    body = blobs.body(name)
    blobs.purge([name])
    assert bytes(body) == b"still here"
    assert bytes(blobs.body(blobs.write(body))) == b"still here"
    assert bytes(blobs.body(blobs.write(body[6:]))) == b"here"


def test_a_broken_write_leaves_nothing(tmp_path: Path) -> None:
    def cut_short() -> Iterator[bytes]:
        yield b"some"
        raise ConnectionError

    with pytest.raises(ConnectionError):
        Blobs(tmp_path).write(cut_short())
    assert list(tmp_path.iterdir()) == []


def test_what_is_discarded_stays_until_the_state_is_stored(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    early, late = blobs.write(b"early"), blobs.write(b"late")
    blobs.discard(early)
    stored = blobs.discarded()
    blobs.discard(late)
    assert bytes(blobs.body(early)) == b"early"
    blobs.purge(stored)
    assert [path.name for path in tmp_path.iterdir()] == [late]
    assert blobs.discarded() == {late}


def test_leftovers_are_swept_at_the_start(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    kept, lost = blobs.write(b"kept"), blobs.write(b"lost")
    (tmp_path / "0123.part").write_bytes(b"half")
    assert Blobs(tmp_path).sweep([kept, "named-but-missing"]) == 2
    assert bytes(blobs.body(kept)) == b"kept"
    assert not (tmp_path / lost).exists()


def test_without_a_folder_nothing_remains() -> None:
    blobs = Blobs()
    name = blobs.write(b"passing")
    folder = blobs.folder
    blobs.discard(name)
    assert list(folder.iterdir()) == []
    del blobs
    assert not folder.exists()
