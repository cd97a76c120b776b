"""The environment is active in every shell of the student: at login, in tmux, in an editor's terminal."""

from __future__ import annotations

import os
import pwd

from .files import read_text, write_file

PROFILE = "/etc/profile.d/classlab.sh"
# Login shells read /etc/profile.d, other interactive ones only ~/.bashrc. A login reads both, and ~/.bashrc sets the
# prompt: so "(venv)" is put before it there, and only there. A shell inside a shell inherits the variables but not the
# function `deactivate`: there the old place in PATH is given up first, so that PATH names it once and it can be left.
SCRIPT = """\
# Made by classlab: {venv} is active in every shell of its owner; `deactivate` leaves it.
if [ -O {venv}/bin/activate ] && [ "${{VIRTUAL_ENV:-{venv}}}" = {venv} ]; then
    if [ -n "${{VIRTUAL_ENV:-}}" ] && ! command -v deactivate >/dev/null; then
        case ":$PATH:" in *:{venv}/bin:*)
            PATH=":$PATH:"
            PATH="${{PATH%%:{venv}/bin:*}}:${{PATH#*:{venv}/bin:}}"
            PATH="${{PATH#:}}"
            PATH="${{PATH%:}}" ;;
        esac
    fi
    if [ -n "${{CLASSLAB_PROMPT:-}}" ]; then
        . {venv}/bin/activate
    else
        VIRTUAL_ENV_DISABLE_PROMPT=1
        . {venv}/bin/activate
        unset VIRTUAL_ENV_DISABLE_PROMPT
    fi
fi
"""
LINE = f"[ ! -r {PROFILE} ] || CLASSLAB_PROMPT=yes . {PROFILE}  # classlab: the class's environment\n"


def bashrc(user: pwd.struct_passwd) -> str:
    """The file itself: some keep their settings elsewhere, behind a link."""
    return os.path.realpath(f"{user.pw_dir}/.bashrc")


def missing(venv: str, user: pwd.struct_passwd) -> str:
    if read_text(PROFILE) != SCRIPT.format(venv=venv):
        return f"{PROFILE} does not activate {venv}"
    if LINE not in read_text(bashrc(user)):
        return f"{bashrc(user)} does not activate {venv}"
    return ""


def ensure(venv: str, user: pwd.struct_passwd) -> list[str]:
    """What was done, in words. Of the student's own file one line is ours, the last; the rest is left as it is."""
    done = []
    if read_text(PROFILE) != SCRIPT.format(venv=venv):
        write_file(PROFILE, SCRIPT.format(venv=venv))
        done.append(f"{venv} is active at login")
    file = bashrc(user)
    text = read_text(file)
    if LINE not in text:
        # An earlier form of the line goes; two would do no harm, but nobody would know why.
        kept = "".join(line for line in text.splitlines(keepends=True) if PROFILE not in line)
        mode = os.stat(file).st_mode & 0o7777 if os.path.exists(file) else 0o644
        write_file(file, f"{kept.rstrip()}\n\n{LINE}" if kept.strip() else LINE, mode, (user.pw_uid, user.pw_gid))
        done.append(f"{venv} is active in terminals")
    return done
