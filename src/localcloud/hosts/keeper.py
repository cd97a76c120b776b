"""The keeper makes hosts be what the API's books say: one idea, `settle`, for every change, a restart and a crash.

Whatever happens to an instance (a call, a shutdown typed inside, a kill of this program) ends in `wake`. A worker then
compares the instance's state with its host and takes the step that is missing. Each step may be repeated, so nothing is
lost when the program is killed in between: the next start wakes every instance.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Protocol

from moto.ec2.models.instances import Instance

from localcloud.errors import LocalCloudError
from localcloud.hosts import facts, firewall
from localcloud.hosts.facts import Facts, Wiring
from localcloud.mends.ec2 import lifecycle

log = logging.getLogger("localcloud")
# Boots in parallel: the engine is mostly waiting, but more only makes each of them slower.
WORKERS = 4
# So many hosts are taken off the disk at a time: whoever stops this program meanwhile does not wait for a whole class.
REMOVED_AT_ONCE = 4
# A step that the engine refused, a stop say, is tried again after so many seconds.
AGAIN_AFTER = 5.0
GONE = -1  # no host at all
REBOOTED = 129  # the exit code of a container whose init asked the kernel for a reboot


class Driver(Protocol):
    """Who boots hosts. Every step may be repeated and then changes nothing."""

    wires: bool  # are there addresses and packet filters to be set?

    def boot(self, host: Facts) -> int | None:
        """Make sure that it runs; returns the published SSH port where there is one."""

    def halt(self, instance_id: str) -> None: ...
    def end(self, instance_ids: Sequence[str]) -> None:
        """They run no more, and never will again."""

    def remove(self, instance_ids: Sequence[str]) -> None:
        """Take what is left of them off the disk."""

    def all(self) -> list[str]:
        """The instances of which there is something on the disk."""

    def exit_code(self, instance_id: str) -> int | None:
        """None while it runs, GONE when there is none."""

    def answers(self, instance_id: str, port: int | None) -> bool:
        """Has its sshd said hello?"""

    def forget(self, instance_id: str) -> None:
        """Nobody will ask for its console any more."""

    def wire(self, instance_id: str, wiring: Wiring) -> bool:
        """False where there is no host yet to be wired."""


class Keeper:
    def __init__(self, driver: Driver, lock: threading.RLock, changed: Callable[[], None]) -> None:
        self.driver = driver
        self.lock = lock
        self.changed = changed
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._busy: set[str] = set()
        self._again: set[str] = set()
        self._guard = threading.Lock()
        self._wired: dict[str, Wiring] = {}
        self._wiring = threading.Lock()
        self._stale = threading.Event()
        self._ended = threading.Event()
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, machine_booted: bool = False) -> None:
        """Wake every instance. Hosts that went down with the machine did not shut themselves down: they boot again."""
        if machine_booted:
            for instance in lifecycle.all_instances():
                if instance.state == "running":
                    lifecycle.reboots(instance)
        for number in range(WORKERS):
            self._thread(self._work, f"keeper-{number}")
        self._thread(self._listen_at_doors, "doors")
        self._thread(self._rewire_when_stale, "wiring")
        self._ended.set()  # a kill may have left something
        self._thread(self._remove_what_ended, "removal")
        for instance in lifecycle.all_instances():
            self.wake(instance)

    def stop(self) -> None:
        """End after the steps that are under way; what is left is found again by the next start."""
        self._stop.set()
        for _ in self._threads:
            self._queue.put(None)
        for thread in self._threads:
            thread.join(timeout=60)

    def wake(self, instance: Instance | str) -> None:
        self._queue.put(instance if isinstance(instance, str) else instance.id)

    def rewire(self) -> None:
        """Bring every running host's addresses and packet filter in line with the books; returns when they are."""
        if not self.driver.wires:
            return
        with self._wiring:
            with self.lock:
                wanted = {
                    each.id: facts.wiring(each, members)
                    for backend in lifecycle.backends()
                    for members in [firewall.members_of(backend)]
                    for each in lifecycle.instances_of(backend)
                    if each.state == "running"
                }
            for instance_id, wiring in wanted.items():
                if self._wired.get(instance_id) != wiring:
                    self._wire(instance_id, wiring)

    def _rewire_when_stale(self) -> None:
        """Hosts that come and go change what groups mean for others: once for all that happened meanwhile."""
        while not self._stop.is_set():
            if self._stale.wait(0.5):
                self._stale.clear()
                self.rewire()

    def _wire(self, instance_id: str, wiring: Wiring) -> None:
        try:
            if self.driver.wire(instance_id, wiring):
                self._wired[instance_id] = wiring
        except LocalCloudError as error:
            # The host may have gone down this very moment; if so, its next boot wires it.
            log.warning("%s: %s", instance_id, error)

    def _thread(self, target: Callable[[], None], name: str) -> None:
        def go_on() -> None:
            """An engine that refuses one question must not leave all hosts unkept."""
            while not self._stop.is_set():
                try:
                    return target()
                except Exception:  # told in the log, and tried again
                    log.exception("%s: goes on in a moment", name)
                    self._stop.wait(1)
            return None

        thread = threading.Thread(target=go_on, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _work(self) -> None:
        while not self._stop.is_set():
            instance_id = self._queue.get()
            if instance_id is None:
                return
            with self._guard:
                if instance_id in self._busy:
                    self._again.add(instance_id)
                    continue
                self._busy.add(instance_id)
            try:
                self.settle(instance_id)
            except LocalCloudError as error:
                log.warning("%s: %s", instance_id, error)
                threading.Timer(AGAIN_AFTER, self.wake, [instance_id]).start()
            except Exception:  # one host's trouble must not end the worker of all
                log.exception("%s: left as it is", instance_id)
            self._free(instance_id)

    def _free(self, instance_id: str) -> None:
        with self._guard:
            self._busy.discard(instance_id)
            if instance_id in self._again:
                self._again.discard(instance_id)
                self._queue.put(instance_id)

    def settle(self, instance_id: str) -> None:
        """Take steps until host and books agree."""
        while (step := self._next_step(instance_id)) is not None:
            step()
            self.changed()

    def _next_step(self, instance_id: str) -> Callable[[], None] | None:
        with self.lock:
            instance = next((each for each in lifecycle.all_instances() if each.id == instance_id), None)
            state = instance.state if instance else "gone"
            host = facts.of(instance, self.driver.wires) if instance and state in ("pending", "running") else None
            asked_to_reboot = bool(instance and state == "running" and lifecycle.life(instance).reboot)
        if instance is None or state in ("terminated", "stopped"):
            return None
        if host is None:
            finish = {"stopping": self._halt, "shutting-down": self._end}[state]
            return lambda: finish(instance)
        if state == "pending":
            return lambda: self._boot(instance, host)
        if asked_to_reboot:
            return lambda: self._reboot(instance, host)
        code = self.driver.exit_code(instance_id)
        if code is None:
            return None
        if code == GONE:
            return lambda: self._lost(instance)
        if code == REBOOTED:
            return lambda: self._reboot(instance, host)
        return lambda: self._shut_itself_down(instance)

    def _boot(self, instance: Instance, host: Facts) -> None:
        try:
            port = self.driver.boot(host)
        except LocalCloudError as error:
            log.warning("%s: %s", instance.id, error)
            with self.lock:
                lifecycle.failed(instance, str(error))
            return
        with self.lock:
            self._tell_port(instance, port)
            if instance.state == "pending":
                lifecycle.running(instance)
        self._wired[instance.id] = host.wiring
        self._stale.set()

    def _tell_port(self, instance: Instance, port: int | None) -> None:
        if port is not None:
            lifecycle.life(instance).ssh_port = port
            instance.add_tags({"localcloud:ssh-port": str(port)})

    def _reboot(self, instance: Instance, host: Facts) -> None:
        with self.lock:
            if instance.state != "running":
                return  # it was told to stop or to end, a moment later
            lifecycle.reboots(instance)
        self.driver.halt(instance.id)
        try:
            port = self.driver.boot(host)
        except LocalCloudError as error:
            # It was running, so it is not lost: it stays stopped, and can be started when the cause is mended.
            log.warning("%s: does not come back: %s", instance.id, error)
            with self.lock:
                lifecycle.shut_itself_down(instance)
            return
        with self.lock:
            lifecycle.life(instance).reboot = False  # not before: where a kill comes between, it boots all the same
            self._tell_port(instance, port)

    def _halt(self, instance: Instance) -> None:
        self.driver.halt(instance.id)
        self._wired.pop(instance.id, None)
        with self.lock:
            if instance.state == "stopping":
                lifecycle.stopped(instance)

    def _end(self, instance: Instance) -> None:
        """With all others that are to go and at which no worker is: one call of the engine costs as much as thirty."""
        with self.lock, self._guard:
            going = [each for each in lifecycle.all_instances() if each.state == "shutting-down"]
            others = [each for each in going if each.id not in self._busy]
            self._busy.update(each.id for each in others)
        try:
            self.driver.end([instance.id, *(each.id for each in others)])
            with self.lock:
                for each in (instance, *others):
                    self._wired.pop(each.id, None)
                    lifecycle.terminated(each)
        finally:
            for each in others:
                self._free(each.id)
        self._stale.set()
        self._ended.set()

    def _remove_what_ended(self) -> None:
        """A class's disks take the engine longer than all else. EC2, too, calls an instance terminated before its disk
        is free for others, and nobody waits for that."""
        while not self._stop.is_set():
            if not self._ended.wait(0.5):
                continue
            self._ended.clear()
            try:
                self._remove_terminated()
            except LocalCloudError as error:
                log.warning("removal: %s", error)
                threading.Timer(AGAIN_AFTER, self._ended.set).start()

    def _remove_terminated(self) -> None:
        there = self.driver.all()
        with self.lock:
            over = {each.id for each in lifecycle.all_instances() if each.state == "terminated"}
        for some in batched((each for each in there if each in over), REMOVED_AT_ONCE):
            if self._stop.is_set():
                return
            self.driver.remove(some)

    def _lost(self, instance: Instance) -> None:
        with self.lock:
            lifecycle.failed(instance, "its host was removed behind localcloud's back")

    def _shut_itself_down(self, instance: Instance) -> None:
        with self.lock:
            if instance.state == "running":
                lifecycle.shut_itself_down(instance)

    def _listen_at_doors(self) -> None:
        """Status checks are `initializing` until sshd says hello inside the host."""
        while not self._stop.wait(0.2):
            with self.lock:
                unheard = filter(lifecycle.unheard, lifecycle.all_instances())
                waiting = [(each, lifecycle.life(each).ssh_port) for each in unheard]
            opened = [each for each, port in waiting if self.driver.answers(each.id, port)]
            with self.lock:
                opened = [each for each in opened if lifecycle.unheard(each)]
                for instance in opened:
                    lifecycle.ready(instance)
                    self._stale.set()  # a host that booted late is wired as the books are now
                forgotten = lifecycle.forget_terminated()
            for instance_id in forgotten:
                self.driver.forget(instance_id)
            if opened or forgotten:
                self.changed()
            if not waiting:
                time.sleep(0.3)
