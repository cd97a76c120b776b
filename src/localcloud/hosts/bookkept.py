"""A driver without hosts: instances are kept in the books alone. For machines without an engine, and for hundreds."""

from localcloud.hosts.facts import Facts, Wiring


class Bookkept:
    wires = False

    def boot(self, host: Facts) -> int | None:
        return None

    def halt(self, instance_id: str) -> None:
        pass

    def remove(self, instance_id: str) -> None:
        pass

    def exit_code(self, instance_id: str) -> int | None:
        return None

    def answers(self, instance_id: str, port: int | None) -> bool:
        return True

    def forget(self, instance_id: str) -> None:
        pass

    def wire(self, instance_id: str, wiring: Wiring) -> bool:
        return True

    def console(self, instance_id: str) -> str:
        return ""
