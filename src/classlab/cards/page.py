"""Cards as HTML: one student's, or a class's to be printed, a sheet of A4 each. No script, nothing from elsewhere."""

import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from classlab import clock
from classlab.cards import handout
from classlab.cards.handout import NAME, Handout
from classlab.trust.sshconfig import USER


def page(title: str, cards: Sequence[Handout]) -> str:
    return _template().render(
        title=title, cards=cards, commands=commands, on_paper=clock.on_paper, files=handout, user=USER
    )


def commands(this: Handout) -> dict[str, str]:
    """
    What the card tells to type. In single quotes, if any: bash and PowerShell take them alike. A hand-out that was made
    anew, because the address has changed, is put over the old one by the same lines.
    """
    ssh, rclone = f"-F {handout.SSH_CONFIG}", f"rclone --config {handout.RCLONE}"
    name, results = this.name, shlex.quote(f"{NAME}:{this.results}")
    last = shlex.quote(this.results.rpartition("/")[2])
    icacls = f'icacls {handout.KEY} /inheritance:r /grant:r "${{env:USERNAME}}:F"\n' if this.key else ""
    port = this.notebook_port
    return {
        "unpack": f"cd ~/Downloads\nunzip -o -d {name} {name}.zip\ncd {name}\nssh {ssh} {NAME}",
        "unpack_windows": f"cd ~\\Downloads\nExpand-Archive -Force {name}.zip\ncd {name}\n{icacls}ssh {ssh} {NAME}",
        "mend": f"chmod 400 {handout.KEY}",
        "scp_to": f"scp {ssh} notes.txt {shlex.quote(f'{NAME}:{this.place}')}",
        "scp_from": f"scp {ssh} -r {results} .",
        "sftp": f"sftp {ssh} {NAME}",
        "rclone_from": f"{rclone} copy {results} {last}",
        "rclone_to": f"{rclone} copy {last} {results}",
        "vscode": f"mkdir -p ~/.ssh\ncp -Rpf . ~/.ssh/{name}",
        "vscode_windows": f"mkdir -Force ~\\.ssh\\{name}\ncopy -Force * ~\\.ssh\\{name}",
        "include": f"Include {name}/{handout.VSCODE}",
        "notebook": f"ssh {ssh} {NAME} venv/bin/jupyter server list",
        "tunnel": f"ssh {ssh} -N -L {port}:localhost:{port} {NAME}",
    }


@cache
def _template() -> Template:
    folder = FileSystemLoader(Path(__file__).parent)
    return Environment(loader=folder, autoescape=True, undefined=StrictUndefined, trim_blocks=True).get_template(
        "cards.html.j2"
    )
