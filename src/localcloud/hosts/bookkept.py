"""A driver without hosts: instances are kept in the books alone. For machines without an engine, and for hundreds."""

from collections.abc import Sequence

from localcloud.hosts.facts import Facts, Wiring


class Bookkept:
    wires = False

    def __init__(self) -> None:
        self.consoles: dict[str, str] = {}  # what somebody has them say

    def boot(self, host: Facts) -> int | None:
        return None

    def halt(self, instance_id: str) -> None:
        pass

    def end(self, instance_ids: Sequence[str]) -> None:
        pass

    def remove(self, instance_ids: Sequence[str]) -> None:
        pass

    def all(self) -> list[str]:
        return []

    def exit_code(self, instance_id: str) -> int | None:
        return None

    def answers(self, instance_id: str, port: int | None) -> bool:
        return True

    def forget(self, instance_id: str) -> None:
        self.consoles.pop(instance_id, None)

    def wire(self, instance_id: str, wiring: Wiring) -> bool:
        return True

    def console(self, instance_id: str) -> str:
        return self.consoles.get(instance_id, "")
