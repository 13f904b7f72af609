# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""One QEMU: its command line, its life and its end.

QEMU runs in a process group of its own, dies with the thread that started it (PR_SET_PDEATHSIG), is killed by its own
id alone, and speaks over inherited socketpairs: console, result channel and QMP. No TCP port and no path is shared, so
any number of machines can run side by side. One pump thread a machine drains everything QEMU says until end of file.

    with Machine(MachineConfig("build/rumpk.img", initrd="build/apps/c-hello.rpk")) as machine:
        machine.console.watch(sys.stdout.buffer.write)
        ending = machine.wait(wall_s=10)        # ending.status is QEMU's exit status, None where it had to be killed
"""
from __future__ import annotations

import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import threading
import time
import weakref
from dataclasses import dataclass
from pathlib import Path

from harness import hold
from harness.console import Console
from harness.machine_config import QEMU, MachineConfig, ReplayFiles, memory_text  # noqa: F401: they belong here
from harness.qmp import Qmp, QmpError

#: Runs QEMU (by exec, so the process id stays) with PR_SET_PDEATHSIG set: a preexec_fn is unsafe among threads. A parent that
#: died before that was set sends no signal: so whose child it is is looked at after it.
DIE_WITH_PARENT = ("setpriv", "--pdeathsig", "KILL", "sh", "-c", '[ "$PPID" = "$0" ] && exec "$@"', str(os.getpid()))
#: QEMU allocates for each block that it translates. glibc grows a second thread's heap page by page and asks the kernel each time: with one
#: heap of large pages a boot test takes 5 % less CPU time.
ALLOCATOR = {"MALLOC_ARENA_MAX": "1", "MALLOC_TOP_PAD_": str(32 << 20), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
CLOCK_TICK_S = 1.0 / os.sysconf("SC_CLK_TCK")
POLL_S = 0.05  # how often a machine is looked at that nobody has heard of
NAP_S = 0.002  # how long what comes soon is waited for
CHANNELS = ("console", "results", "qmp")
DESCRIPTORS = 65536
#: What QEMU says where every CPU of a guest waits for ever: no fault of the guest's.
ICOUNT_WARNING = "qemu-system-aarch64: warning: icount sleep disabled and no active timers\n"
#: And where what a hub leads to comes while it runs (wire.py).
HUB_WARNING = re.compile(r"qemu-system-aarch64: warning: hub \d+ is not connected to host network\n")
#: CPU time that an idle QEMU may use up in an idle budget.
IDLE_CPU_S = 0.03


def _read(path: str) -> bytes:
    """A small file of /proc. Plain calls: a machine is looked at all the time, and a boot test pays for it."""
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(file, 4096)
    finally:
        os.close(file)


def _stat_fields(folder: str) -> list[bytes]:
    """The fields of a task's stat from the state on; the name before it may hold anything."""
    return _read(f"{folder}/stat").rpartition(b")")[2].split()


@dataclass(frozen=True)
class Ending:
    """How a wait ended. `how`: exited, or with QEMU still there: held (the guest has ended and can be looked at), cpu
    (budget used up), idle (neither CPU time nor output for a while), wall (cap reached), flood (too much output),
    stopped (somebody sent QEMU SIGSTOP)."""

    how: str
    status: int | None
    wall_s: float
    cpu_s: float
    starved_s: float  # time QEMU was ready to run and the host did not run it


#: Every machine that may still run, for ending all of them at once.
_ALIVE: "weakref.WeakSet[Machine]" = weakref.WeakSet()


#: Set by kill_all(): what is started afterwards ends at once.
_CLOSING = threading.Event()


def kill_all() -> None:
    """Ends every machine of this process, for good, as on Ctrl-C: whoever waits for one then sees it end."""
    _CLOSING.set()
    for machine in list(_ALIVE):
        machine.kill()


def _raise_descriptors() -> None:
    """As many as the user may have, for QEMU: each connection that it forwards is one, and 1,024, which users begin with, are soon used up."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    enough = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < enough:
        resource.setrlimit(resource.RLIMIT_NOFILE, (enough, hard))


class Machine:
    """A running QEMU. Use it as a context manager: whatever happens inside, no process is left."""

    def __init__(self, config: MachineConfig, launcher: tuple[str, ...] = DIE_WITH_PARENT,
                 channels: tuple[str, ...] = CHANNELS, holds: bool = False, nap_s: float = 0.0) -> None:
        """Starts it. `holds`: it stands still where it ends, until release(). `launcher` (none: nor ALLOCATOR), `channels` and `nap_s`
        (what comes is looked at no more often than that) are there for measuring QEMU with nothing about it."""
        self.config = config
        holds = holds and config.gdb_socket is None  # there is one debug stub: somebody else has it
        self.hold = hold.Hold(hold.exits(Path(config.image)) if holds else {})
        channels = (*channels, "gdb") if holds else channels
        self._cpu_s = self._starved_s = 0.0
        self._state, self._busy = "R", True
        self._status: int | None = None
        self._stderr = bytearray()
        self._ended = threading.Event()
        self._woken = threading.Event()  # it has ended, or stands at its end
        self._holds = holds
        self._nap_s = nap_s
        pairs = {name: socket.socketpair() for name in channels}
        self._ours = {name: pair[0] for name, pair in pairs.items()}
        theirs = {name: pair[1] for name, pair in pairs.items()}
        self.console = Console(self._ours["console"].sendall)
        self.results = Console()
        self.qmp = Qmp(self._ours["qmp"].sendall if "qmp" in channels else None)
        if "qmp" in channels:
            self.qmp.open(run=not config.halted and not self.hold.places)
        if self.hold.places:
            self._ours["gdb"].sendall(self.hold.opening())
        self.argv = config.argv(**{name: f"socket,fd={end.fileno()}" for name, end in theirs.items()})
        self.started_ns = time.monotonic_ns()
        _raise_descriptors()
        try:
            self._process = subprocess.Popen(
                [*launcher, *self.argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                env={**os.environ, **(ALLOCATOR if launcher else {})}, pass_fds=[end.fileno() for end in theirs.values()], process_group=0)
        except OSError:
            for end in self._ours.values():
                end.close()
            raise
        finally:
            for end in theirs.values():
                end.close()
        self.pid = self._process.pid
        self._pump = threading.Thread(target=self._drain, name=f"pump-{self.pid}", daemon=True)
        self._pump.start()
        _ALIVE.add(self)
        if _CLOSING.is_set():
            self.kill()

    # The pump thread.

    def _drain(self) -> None:
        """Reads every channel to its end, then reaps QEMU."""
        ready = selectors.DefaultSelector()
        assert self._process.stderr is not None
        for name, end in self._ours.items():
            ready.register(end, selectors.EVENT_READ, name)
        ready.register(self._process.stderr, selectors.EVENT_READ, "stderr")
        while ready.get_map():
            if self._nap_s:
                time.sleep(self._nap_s)
            for key, _ in ready.select():
                try:
                    data = os.read(key.fd, 65536)
                except ConnectionResetError:
                    data = b""
                if data:
                    self._take(key.data, data)
                else:
                    ready.unregister(key.fileobj)
        ready.close()
        try:
            os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)  # a zombie still tells its CPU time
            self._sample()
        except ChildProcessError:
            pass  # kill() reaped it first
        self._status = self._process.wait()
        self._process.stderr.close()
        for stream in (self.console, self.results, self.qmp):
            stream.close()
        self._ended.set()
        self._woken.set()

    def _stands(self) -> bool:
        return self.hold.hit or self.qmp.shut_down

    def _take(self, name: str, data: bytes) -> None:
        at_ns = time.monotonic_ns() - self.started_ns
        stood = self._stands()
        if name == "stderr":
            self._stderr += data
        elif name == "gdb":
            unready = not self.hold.ready
            self.hold.feed(data)
            if unready and self.hold.ready and not self.config.halted:
                self.qmp.run()
        else:
            {"console": self.console, "results": self.results, "qmp": self.qmp}[name].feed(data, at_ns)
        # Only by what has it stand: of a later answer, whoever was woken may have let it go before this line is reached.
        if self._holds and not stood and self._stands():
            self._woken.set()

    # Everybody else.

    @property
    def stderr(self) -> str:
        """What QEMU said: its own messages, and the lines of `-d guest_errors`."""
        return HUB_WARNING.sub("", self._stderr.decode("utf-8", "replace").replace(ICOUNT_WARNING, ""))

    @property
    def stderr_bytes(self) -> bytes:
        """The same, as it came: a log of instructions is long."""
        return bytes(self._stderr)

    @property
    def running(self) -> bool:
        """Whether QEMU has not ended yet."""
        return not self._ended.is_set()

    def _sample(self) -> None:
        """Notes CPU time, and for all threads whether one is at work and how long one was kept from it."""
        try:
            fields = _stat_fields(f"/proc/{self.pid}")
            self._state = fields[0].decode("ascii")
            self._cpu_s = (int(fields[11]) + int(fields[12])) * CLOCK_TICK_S
            tasks = [f"/proc/{self.pid}/task/{task}" for task in os.listdir(f"/proc/{self.pid}/task")]
            self._busy = any(_stat_fields(task)[0] in b"RD" for task in tasks)
            waits = [int(_read(f"{task}/schedstat").split()[1]) for task in tasks]
            self._starved_s = max(self._starved_s, max(waits, default=0) / 1e9)
        except (OSError, IndexError, ValueError):
            pass  # it ended meanwhile: the last sample stands

    def _ending(self, how: str) -> Ending:
        wall_s = (time.monotonic_ns() - self.started_ns) / 1e9
        return Ending(how, self._status, wall_s, self._cpu_s, self._starved_s)

    def wait(self, wall_s: float | None = None, cpu_s: float | None = None, idle_s: float | None = None,
             console_bytes: int | None = None) -> Ending:
        """Waits until QEMU has ended and all it said is read, or a budget is used up (then QEMU still runs).

        `idle_s`: no output and next to no CPU time for so long. Give it where a guest has nothing to wait for.
        """
        mark_ns, mark_cpu_s, mark_bytes = self.started_ns, 0.0, 0
        while not self._woken.wait(POLL_S):
            self._sample()
            now_ns = time.monotonic_ns()
            if cpu_s is not None and self._cpu_s > cpu_s:
                return self._ending("cpu")
            if console_bytes is not None and self.console.total_bytes > console_bytes:
                return self._ending("flood")
            if self._busy or self._cpu_s - mark_cpu_s > IDLE_CPU_S or self.console.total_bytes != mark_bytes:
                mark_ns, mark_cpu_s, mark_bytes = now_ns, self._cpu_s, self.console.total_bytes
            elif idle_s is not None and (now_ns - mark_ns) / 1e9 > idle_s:
                return self._ending("stopped" if self._state == "T" else "idle")
            if wall_s is not None and (now_ns - self.started_ns) / 1e9 > wall_s:
                return self._ending("stopped" if self._state == "T" else "wall")
        if self._ended.is_set():
            return self._ending("exited")
        self._sample()
        return self._ending("held")

    def step(self, count: int, limit_s: float) -> None:
        """Has a machine that stands where it ends do `count` instructions more. Gives up silently at the limit."""
        end = time.monotonic() + limit_s
        for _ in range(count):
            self.hold.hit = False
            try:
                self._ours["gdb"].sendall(hold.STEP)
            except OSError:
                return  # it is gone
            while not self.hold.hit and not self._ended.is_set() and time.monotonic() < end:
                time.sleep(NAP_S)

    def release(self) -> None:
        """Lets a machine go that stands where it ends. What comes then is for wait() again."""
        self._woken.clear()
        try:
            if self.qmp.shut_down:
                self._holds = False
                self.qmp.command("quit")
            else:
                self.hold.hit = False
                self._ours["gdb"].sendall(hold.DETACH)
        except (OSError, QmpError):
            pass  # it is gone already
        if self._ended.is_set() or (self._holds and self.qmp.shut_down):
            self._woken.set()

    def start(self, limit_s: float) -> None:
        """Lets a machine go that was started halted, once the debug stub has its breakpoints."""
        end = time.monotonic() + limit_s
        while self.hold.places and not self.hold.ready and self.running and time.monotonic() < end:
            time.sleep(NAP_S)
        self.qmp.run()

    def await_start(self, limit_s: float) -> None:
        """Waits until QMP has answered: a debugger that is quicker could see the guest to its end before anybody knows it ran."""
        end = time.monotonic() + limit_s
        while not self.qmp.started and self.running and time.monotonic() < end:
            time.sleep(NAP_S)

    def terminate(self) -> None:
        """Asks QEMU to end by SIGTERM, which has it write what it records."""
        if self.running:
            self._process.send_signal(signal.SIGTERM)

    def join(self, timeout_s: float) -> bool:
        """Only waits, and looks at nothing meanwhile: for measuring. Whether QEMU has ended."""
        return self._ended.wait(timeout_s)

    def kill(self) -> None:
        """Ends QEMU at once, by its own id, and waits until it is gone. Harmless where it has ended already."""
        if self.running:
            self._process.send_signal(signal.SIGKILL)
            self._ended.wait()

    def close(self) -> None:
        """Kills what still runs and frees everything."""
        self.kill()
        self._pump.join()
        for end in self._ours.values():
            end.close()

    def __enter__(self) -> "Machine":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
