"""The state folder: what survives, who holds the lock, and what is said when it cannot be written."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from localcloud.errors import StateError
from localcloud.home import Home, Options

HOLD = "import sys, time\nfrom pathlib import Path\nfrom localcloud.home import Home\n"
HOLD += "home = Home(Path(sys.argv[1]))\nassert home.lock()\nprint('held', flush=True)\ntime.sleep(60)\n"


def test_the_name_is_made_once(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    assert home.name == Home(tmp_path).name
    assert len(home.name) == 8


def test_options_are_kept_and_unknown_ones_of_another_version_ignored(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    home.save_options(Options(port=5001, hosts=False))
    (tmp_path / "options.json").write_text((tmp_path / "options.json").read_text().replace("{", '{"older": 1, ', 1))
    assert Home(tmp_path).options() == Options(port=5001, hosts=False)


def test_the_lock_goes_with_the_process_however_it_ends(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    assert home.locked
    assert not home.lock()
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert not home.locked
    assert home.lock()


def test_what_a_killed_server_announced_does_not_count(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    (tmp_path / "server.json").write_text('{"pid": 1, "port": 1, "region": "r", "token": "t"}')
    assert home.running() is None


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    home = Home(tmp_path).make()
    file = tmp_path / "file"
    home.write(file, "before")
    text = "x" * 5_000_000
    writer = os.fork()
    if writer == 0:
        while True:
            home.write(file, text)
    time.sleep(0.3)
    os.kill(writer, signal.SIGKILL)
    os.waitpid(writer, 0)
    assert file.read_text() in ("before", text)


def test_a_folder_that_cannot_be_made_is_a_sentence_with_the_mend(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateError, match="LOCALCLOUD_HOME"):
        Home(tmp_path / "file" / "home").make()
