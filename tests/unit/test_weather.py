"""The demo's project is what it says: lean, locked, its data made as written. molecule/project runs it on a seat."""

import re
import runpy
import shutil
from pathlib import Path

WEATHER = Path(__file__).parents[2] / "examples" / "weather"


def locked() -> dict[str, str]:
    """Each requirement of the lock with all that belongs to it."""
    text = re.sub(r"^\s*#.*\n", "", (WEATHER / "requirements.txt").read_text(), flags=re.MULTILINE)
    return {part.split("==")[0]: part for part in re.split(r"\n(?=\S)", text.strip())}


def test_the_data_are_small_and_made_as_the_readme_says(tmp_path: Path) -> None:
    data = WEATHER / "data" / "station.csv"
    assert data.stat().st_size < 100_000
    shutil.copy(WEATHER / "data" / "generate.py", tmp_path)
    runpy.run_path(str(tmp_path / "generate.py"), run_name="__main__")
    assert (tmp_path / "station.csv").read_bytes() == data.read_bytes()


def test_every_requirement_has_its_version_and_hashes() -> None:
    for name, text in locked().items():
        assert re.match(rf"{name}==\d[\w.]*( ; .*)? \\\n", text), text
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}", text), name


def test_the_lock_is_that_of_what_is_asked_for_and_names_no_index() -> None:
    asked = [line for line in (WEATHER / "requirements.in").read_text().splitlines() if line and line[0] != "#"]
    assert asked == ["matplotlib", "numpy"]
    assert set(asked) <= set(locked())
    assert "pandas" not in locked()
    assert "://" not in (WEATHER / "requirements.txt").read_text()


def test_results_stay_out_of_git() -> None:
    assert "plots/" in (WEATHER / ".gitignore").read_text().splitlines()
