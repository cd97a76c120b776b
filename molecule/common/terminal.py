"""
Run a command on a terminal of its own, as a teacher does, and answer its questions.

    terminal.py [ANSWER …] -- COMMAND …

An answer is typed for each `[y/N]`, one after the other. Shows what the terminal shows; the command's exit status.
"""

import os
import pty
import select
import sys
from contextlib import suppress


def main() -> int:
    end = sys.argv.index("--")
    answers, command = sys.argv[1:end], sys.argv[end + 1 :]
    child, terminal = pty.fork()
    if child == 0:
        os.execvp(command[0], command)  # noqa: S606 - there is no shell to avoid
    seen = b""
    with suppress(OSError):  # Linux's way to say that the other end has closed
        while True:
            if select.select([terminal], [], [], 1)[0]:
                seen += os.read(terminal, 4096)
            elif asked := seen.count(b"[y/N]"):
                # Ansible throws away what is typed before it listens: a second after, or with the next silence again.
                os.write(terminal, f"{answers[asked - 1]}\r".encode())
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(seen)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
