"""Which packages the stand-in offers, to which Ubuntu, and why these.

All but the repacked two are the files of the machine's source, unchanged. They install on Ubuntu because Debian 12
and Ubuntu 22.04 have the same C library (2.35 is asked for), and because Ubuntu 24.04's renamed libraries
(libssl3t64, libreadline8t64 ...) still provide their old names on 64-bit machines.
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from localcloud.standin.apt import Offer
from localcloud.standin.tools import StandInError, run

PYTHON = "3.11"
INTERPRETER = (
    "python3.11",
    "python3.11-minimal",
    "python3.11-venv",
    "python3.11-dev",
    "libpython3.11",
    "libpython3.11-minimal",
    "libpython3.11-stdlib",
    "libpython3.11-dev",
)
# python3.11-venv wants pip's wheel in 22.2 or newer. Ubuntu 24.04 has 24.0; Ubuntu 22.04 has 22.0.2, so there Debian's
# takes its place, and a venv of the system's own Python gets this newer pip, too.
PIP_WHEEL = "python3-pip-whl"
# python3.11-venv also wants python3.11-distutils. Debian provides it by python3-distutils, which asks for a *system*
# Python of 3.10 to 3.11 and so cannot be installed on Ubuntu 24.04; its Python 3.11 files are offered alone.
# Name here -> (name in the source, the folder of modules it holds, what it depends on).
REPACKED = {
    "python3.11-distutils": ("python3-distutils", "distutils", "libpython3.11-stdlib, python3.11-lib2to3"),
    "python3.11-lib2to3": ("python3-lib2to3", "lib2to3", "libpython3.11-stdlib"),
}
# Ubuntu 22.04's own python3-distutils provides python3.11-distutils and holds the same files: ours would collide.
SUITES = {"noble": (*INTERPRETER, *REPACKED), "jammy": (*INTERPRETER, PIP_WHEEL)}
FETCHED = (*INTERPRETER, PIP_WHEEL, *(source for source, _, _ in REPACKED.values()))
MEND = (
    f"Let guests reach the deadsnakes PPA, or give apt a source of Debian 12's packages (its python{PYTHON} is what "
    "the stand-in is made from)."
)


def check(offers: list[Offer]) -> None:
    """Refuse what would make a repository from which nothing can be installed."""
    versions = {offer.version for offer in offers if offer.name in INTERPRETER}
    if len(versions) > 1:
        raise StandInError(
            f"This machine's apt sources offer the parts of python{PYTHON} in different versions "
            f"({', '.join(sorted(versions))}); refresh them: apt-get update."
        )
    # A tilde before the revision marks what precedes a release: Ubuntu 22.04 offers 3.11.0~rc1-1~22.04.
    for version in versions:
        if "~" in version.rpartition("-")[0]:
            raise StandInError(
                f"This machine's apt sources offer python{PYTHON} only as {version}, from before its release. {MEND}"
            )


def repack(deb: Path, name: str, into: Path) -> Path:
    """Make the package `name` from the Python 3.11 modules and the licence in `deb`."""
    source, module, depends = REPACKED[name]
    version = run("dpkg-deb", "--field", deb, "Version").strip()
    with TemporaryDirectory(dir=deb.parent) as scratch:
        whole, tree = Path(scratch, "whole"), Path(scratch, "tree")
        run("dpkg-deb", "--extract", deb, whole)
        modules, licence = f"usr/lib/python{PYTHON}/{module}", f"usr/share/doc/{source}/copyright"
        if not (whole / modules).is_dir():
            raise StandInError(f"{source} {version} of this machine's apt sources has no {modules}. {MEND}")
        for taken, place in ((modules, modules), (licence, f"usr/share/doc/{name}/copyright")):
            (tree / place).parent.mkdir(parents=True, exist_ok=True)
            (whole / taken).rename(tree / place)
        (tree / "DEBIAN").mkdir()
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: all\nSection: python\nPriority: optional\n"
            f"Maintainer: localcloud <root@localhost>\nDepends: {depends}\n"
            f"Description: {module} for Python {PYTHON}, repacked\n"
            f" The Python {PYTHON} modules of {source} {version}, for systems with another default Python.\n"
        )
        for folder in (tree, *(path for path in tree.rglob("*") if path.is_dir())):
            folder.chmod(0o755)
        package = into / f"{name}_{version}_all.deb"
        # The same source gives the same file, byte for byte, whenever it is made.
        moment = {"SOURCE_DATE_EPOCH": str(int(deb.stat().st_mtime))}
        run("dpkg-deb", "--root-owner-group", "--build", tree, package, env=moment)
    return package
