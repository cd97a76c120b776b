"""Does somebody speak SSH there? A cheap look, before an ssh is started for it."""

import socket

PATIENCE = 3.0


def answers(address: str, port: int, patience: float = PATIENCE) -> str:
    """'' when an SSH server greets, else why not, in the words that ssh would use."""
    try:
        with socket.create_connection((address, port), timeout=patience) as wire:
            greeting = wire.recv(255)
    except TimeoutError:
        return f"connect to host {address} port {port}: Connection timed out"
    except OSError as error:
        return f"connect to host {address} port {port}: {error.strerror}"
    return "" if greeting.startswith(b"SSH-") else f"Connection closed by {address} port {port}"
