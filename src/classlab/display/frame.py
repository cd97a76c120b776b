"""A board as lines for the foot of a terminal."""

import io
from collections.abc import Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.progress_bar import ProgressBar
from rich.text import Text

from classlab.display.board import Board, Row, State, Sum

MARKS = {State.FAILED: "✗", State.WAITS: "·", State.DONE: "✓"}
STYLES = {State.FAILED: "red", State.WAITS: "dim", State.DONE: "green"}
# Above the board stays a line of what has been told, below it the one where the cursor is.
MARGIN = 2
# A bar that is shorter shows nothing, and a longer one not more.
BAR = (10, 40)


class Painter:
    def __init__(self, *, colours: bool):
        self.console = Console(
            file=io.StringIO(), force_terminal=True, color_system="standard" if colours else None, highlight=False
        )

    def lines(self, board: Board, width: int, height: int) -> list[str]:
        """What is shown on a terminal of this size: no line that it would break, and no more than it has room for."""
        room = max(width - 1, 1)
        if board.here:
            lines = [_line(f"  … {board.task}", "", _seconds(board.clock() - board.since), room)] if board.task else []
        elif not board.seats:
            lines = []
        else:
            lines = self._seats(board, room, max(height - MARGIN, 1))
        return [self._as_drawn(each, room) for each in lines]

    def _seats(self, board: Board, room: int, most: int) -> list[Text]:
        sum_line = self._sum(board.sum(), room)
        fits = most - 1 if len(board.seats) < most else most - 2
        if fits < 1:
            return [sum_line]
        rows = board.rows(fits)
        names = min(max(cell_len(each.student) for each in rows), room // 3)
        steps = min(max(map(cell_len, board.steps), default=0), room // 4)
        lines = [_row(each, names, steps, room) for each in rows]
        if hidden := board.hidden(rows):
            lines.append(Text(f"  {hidden}", style="dim"))
        return [*lines, sum_line]

    def _sum(self, told: Sum, room: int) -> Text:
        words = f"{told.done} of {told.seats} {'seat' if told.seats == 1 else 'seats'} done"
        if told.failed:
            words += f", {told.failed} failed"
        if told.left is not None:
            words += f", {left(told.left)}"
        long = min(room - cell_len(words) - 4, BAR[1])
        if long < BAR[0]:
            return Text(f"  {words}")
        bar = ProgressBar(total=1, completed=told.share, width=long, complete_style="cyan", finished_style="green")
        return Text.assemble("  ", *_segments(bar, self.console), f"  {words}")

    def _as_drawn(self, line: Text, room: int) -> str:
        line.truncate(room, overflow="ellipsis")
        with self.console.capture() as drawn:
            self.console.print(line, end="", soft_wrap=True)
        return drawn.get()


def left(seconds: float) -> str:
    """A guess, so no more exact than it can be."""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 55:
        return f"about {round(seconds / 5) * 5} s left"
    return f"about {max(round(seconds / 60), 1)} min left"


def _row(row: Row, names: int, steps: int, room: int) -> Text:
    name = Text(row.student)
    name.truncate(names, overflow="ellipsis", pad=True)
    begin = f"  {MARKS.get(row.state, '…')} {name}  "
    if row.step:
        step = Text(row.step)
        step.truncate(steps, overflow="ellipsis", pad=True)
        begin += f"{step}  "
    return _line(f"{begin}{_printable(row.task)}", STYLES.get(row.state, ""), _seconds(row.seconds), room)


def _line(text: str, style: str, seconds: str, room: int) -> Text:
    """Words at the left, seconds at the right, where there is room for both."""
    line = Text(text, style=style)
    if seconds and room > 40:
        line.truncate(room - len(seconds) - 2, overflow="ellipsis", pad=True)
        line.append(f"  {seconds}")
    return line


def _seconds(seconds: float) -> str:
    whole = int(seconds)
    if whole < 1:
        return ""
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60:>2} s"


def _printable(text: str) -> str:
    """What a program said may move the cursor."""
    return "".join(each if each.isprintable() else " " for each in text)


def _segments(bar: ProgressBar, console: Console) -> Sequence[tuple[str, str]]:
    return [(each.text, str(each.style or "")) for each in console.render(bar) if not each.control]
