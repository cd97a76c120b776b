"""The last lines of a test run: each part's outcome, counts and seconds, then the sum."""

import sys
from pathlib import Path
from xml.etree import ElementTree


def counts(folder: Path, part: str) -> tuple[int, int, int]:
    """Passed, failed and skipped tests of a part; of lint, linters. A part that came to no report has nothing."""
    said, report = folder / f"{part}.txt", folder / f"{part}.xml"
    if said.exists():
        lines = said.read_text().splitlines()
        return sum(each.endswith(": clean") for each in lines), sum(each.endswith(": FAILED") for each in lines), 0
    if not report.exists():
        return 0, 0, 0
    total = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 - written a moment ago
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return total - failed - skipped, failed, skipped


def main() -> None:
    folder = Path(sys.argv[1])
    sums = [0, 0, 0]
    for line in (folder / "lines").read_text().splitlines():
        part, outcome, seconds = line.split()
        passed, failed, skipped = counts(folder, part)
        told = f"{passed} passed, {failed} failed, {skipped} skipped" if passed or failed or skipped else ""
        print(f"{part:<8} {outcome:<7} {seconds:>6}  {told}".rstrip())
        sums = [a + b for a, b in zip(sums, (passed, failed, skipped), strict=True)]
    print(f"{sums[0]} passed, {sums[1]} failed, {sums[2]} skipped")


main()
