"""Builds the small project without anything from outside: one console script that tells what make has given it."""

import time
import zipfile
from pathlib import Path

CLASSLAB = """
import os, sys
def main():
    print(*sys.argv[1:], *(f"{name}={os.environ.get(name)}" for name in ("CLASS", "CLOUD", "STUDENT", "MAKE_GIVEN")))
"""


def build_editable(folder: str, *_: object) -> str:
    wait_while_slow()
    name, info = "small-1-py3-none-any.whl", "small-1.dist-info"
    with zipfile.ZipFile(Path(folder, name), "w") as wheel:
        wheel.writestr("small.py", CLASSLAB)
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/entry_points.txt", "[console_scripts]\nclasslab = small:main\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name


def wait_while_slow() -> None:
    while Path("slow").exists():
        Path("building").touch()
        time.sleep(0.05)
