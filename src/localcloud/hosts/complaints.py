"""What engines say when something on the machine is amiss, and what a person can do about it."""

import re

# A line of the engine's, and ours for it. The first that fits is told.
KNOWN = (
    (
        r"no space left on device|disk quota exceeded",
        "the disk where {engine} keeps its containers is full; free some, for instance with `{engine} image prune`",
    ),
    (
        r'could not find "(?P<what>netavark|aardvark-dns)"',
        "{what}, which makes podman's networks, is not installed (Debian and Ubuntu: apt-get install netavark "
        "aardvark-dns)",
    ),
    (
        r"netavark: (iptables: )?No such file or directory",
        "podman's netavark finds no iptables (Debian and Ubuntu: apt-get install iptables; it is in /usr/sbin, which "
        "must be on the PATH)",
    ),
    (
        r'failed to find plugin \\?"(?P<what>[\w-]+)\\?" in path',
        "podman's network plugin {what} is not installed (Debian and Ubuntu: apt-get install "
        "containernetworking-plugins)",
    ),
    (
        r'slirp4netns.*open\(\\?"/dev/net/tun\\?"\)',
        "podman's slirp4netns may not open /dev/net/tun (as root: chmod 666 /dev/net/tun)",
    ),
    (
        r"could not find (?P<what>slirp4netns|pasta)",
        "{what}, which gives rootless hosts their network, is not installed (Debian and Ubuntu: apt-get install "
        "slirp4netns passt)",
    ),
    (
        r'"newuidmap": executable file not found',
        "newuidmap, which a rootless podman needs, is not installed (Debian and Ubuntu: apt-get install uidmap)",
    ),
    (
        r"cgroups in hybrid mode not supported",
        "its runtime crun cannot run on this machine's hybrid cgroups; install runc",
    ),
    (
        r"permission denied while trying to connect to the docker|docker\.sock: connect: permission denied",
        "you may not use the docker engine of this machine; join its group (sudo usermod --append --groups docker "
        "$USER, then log in anew), or run localcloud as root",
    ),
    (
        r"cannot connect to the docker daemon|error during connect",
        "there is a client but no engine answers it ({line}); start it, or see DOCKER_HOST",
    ),
    (
        r"cannot connect to podman|unable to connect to podman",
        "there is a client but no engine answers it ({line}); `podman machine start` starts it",
    ),
)


def known(engine: str, said: str) -> str | None:
    """What it means that the engine printed `said`, with the mend; None for a complaint that is not known."""
    for words, meaning in KNOWN:
        for line in said.splitlines():
            if found := re.search(words, line, re.IGNORECASE):
                return meaning.format(engine=engine, line=line.strip(), **found.groupdict())
    return None
