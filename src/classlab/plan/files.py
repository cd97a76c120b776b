"""What a class file names on the teacher's own disk: the project, its result folders, a bootstrap script."""

from collections.abc import Callable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from classlab.project.git import is_address

# EC2 takes 16 KiB of user data in all, and ours needs its share.
LARGEST_SCRIPT = 12 * 1024


class Values(Protocol):
    """The settings, and where problems with them go."""

    given: Mapping[str, Any]
    wrong: set[str]

    def __getitem__(self, name: str) -> Any: ...

    def check(self, name: str, problem: Callable[[Any], str]) -> Any: ...


def check(values: Values, folder: Path) -> str:
    """Note what is wrong with the files; the text of the teacher's own bootstrap script, or ''."""
    values.check("lab_project", lambda value: _project_problem(value, folder))
    if "lab_project" not in values.wrong:
        values.check("lab_project_revision", lambda value: _revision_problem(value, values["lab_project"]))
    values.check("lab_results", lambda value: results_problem(value, values.given.get("lab_project")))
    script = values.check("lab_user_data", lambda value: _script_problem(value, folder))
    return _script(folder / Path(script).expanduser()) if script else ""


def _project_problem(project: str, folder: Path) -> str:
    if not project or (is_address(project) and not (folder / project).exists()):
        return ""  # git itself is asked about an address when it is fetched, which is before any seat is launched
    path = folder / Path(project).expanduser()
    if path.is_dir():
        return ""
    what = "is a file, not a folder" if path.exists() else "is not there"
    return (
        f"lab_project '{project}' {what} ({path.resolve()}): name a folder, relative to the class file, or a git "
        "address."
    )


def _revision_problem(revision: str, project: str) -> str:
    if not revision or is_address(project):
        return ""
    return (
        f"lab_project_revision is '{revision}', but lab_project is no git address: leave the revision out; a folder "
        "is taken as it is."
    )


# What `make collect` puts beside a student's result folders: how runs went, and earlier versions of files.
TAKEN = ("runs", "earlier")


def results_problem(results: list[Any], project: object) -> str:
    if results and not project:
        return "lab_results are folders of the project, but lab_project is empty: name the project, or leave them out."
    for result in results:
        if not isinstance(result, str) or not result.strip():
            return f"lab_results has {result!r}: each entry is the name of a folder in the project, for example plots."
        path = PurePosixPath(result)
        if path.is_absolute() or ".." in path.parts or result.startswith("~") or "\\" in result:
            return (
                f"lab_results has '{result}', which lies outside of the project: name a folder in it, for example "
                f"{path.name if path.name not in ('..', '~', '') else 'plots'}."
            )
        if set(path.parts[:1]) & set(TAKEN):
            return f"lab_results has '{result}', which is where `make collect` puts something else: name it otherwise."
    return ""


def _script_problem(script: str, folder: Path) -> str:
    if not script:
        return ""
    file = folder / Path(script).expanduser()
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "is not there"
        return f"lab_user_data '{script}' {what} ({file.resolve()}): name a script, relative to the class file."
    try:
        text = _script(file)
    except UnicodeDecodeError:
        return f"lab_user_data '{script}' is no text in UTF-8: give a shell script that begins with #!/bin/bash."
    except OSError as error:
        return f"lab_user_data '{script}' cannot be read: {error.strerror}."
    if (size := len(text.encode())) > LARGEST_SCRIPT:
        return (
            f"lab_user_data '{script}' has {size} bytes; EC2 leaves room for {LARGEST_SCRIPT}: let the script fetch "
            "what is large, or put it into the project."
        )
    if not text.startswith("#!"):
        return f"lab_user_data '{script}' must begin with the program that runs it: make its first line #!/bin/bash."
    return ""


def _script(file: Path) -> str:
    # Written on Windows it may have a mark in front and other line ends, which no Linux shell understands.
    return file.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
