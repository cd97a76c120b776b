"""The Python that tests start their programs with is as one that was just started."""

import subprocess
import sys
from pathlib import Path

import pytest

TELLS = "import os, sys; print(sys.argv[1:], os.environ['WHO'], os.getcwd()); print(sys.stdin.read(), file=sys.stderr)"


@pytest.mark.parametrize("end", ["", "sys.exit(3)", "sys.exit('no')", "import boto3; boto3.none"])
def test_what_is_told_and_what_is_said(warm: Path, tmp_path: Path, end: str) -> None:
    (tmp_path / "program.py").write_text(f"{TELLS}\n{end}\n")

    def run(python: str | Path) -> tuple[int, str, list[str]]:
        words = [python, tmp_path / "program.py", "one", "two words"]
        done = subprocess.run(words, input="in", env={"WHO": "ada"}, cwd=tmp_path, capture_output=True, text=True)
        told = done.stderr.splitlines()
        return done.returncode, done.stdout, [told[0], told[-1]]

    assert run(warm) == run(sys.executable)


def test_a_program_from_the_standard_input(warm: Path) -> None:
    done = subprocess.run([warm], input="print(__name__)", capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "__main__\n")
