"""Say which Python runs, and leave a result."""

import pathlib
import sys

import six

results = pathlib.Path("results")
results.mkdir(exist_ok=True)
(results / "version.txt").write_text(f"{sys.version_info.major}.{sys.version_info.minor} {six.__version__}\n")
print("done")
