# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk run: a bundle in QEMU, with the guest's console on stdout and its exit status as ours."""
from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import sys
import tempfile
import termios
import threading
import time
import tty
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Iterator

from . import content, detached, disk, files, grants, guests, image, minisign, network, share, stamp
from .errors import BadInput
from .output import Output

if TYPE_CHECKING:
    from harness.console import Console
    from harness.machine import Machine
    from harness.machine_config import MachineConfig

    from .manifest import Manifest

ROOT = Path(__file__).resolve().parent.parent.parent
STATUS_TIMEOUT = 124
STATUS_NO_GUEST_STATUS = 125
STATUS_INTERRUPTED = 130
STATUS_STOPPED = 143
POLL_S = 0.2
QUIET_START_S = 2.0
STATUS_HELP = """exit status:
  0..125  of the guest: its first process's own
  126     the guest refused the bundle: unsigned, altered, or signed by nobody trusted
  127     the bundle could not be loaded
  128+n   the guest's process was killed by fault n
  255     kernel panic
Where rumpk and not the guest ends the run, stderr has a line that begins `rumpk: run:`, and the status is
  124     --timeout passed
  125     QEMU did not start, was killed, or the guest powered off or reset without a status; bad input;
          what the guest printed could not be written
  130     Ctrl-C (143 SIGTERM)
  2       wrong usage
With -d it is 0 once the guest has started (125 where it does not); `rumpk attach` ends with the guest's.
"""


class NoStatus(BadInput):
    """The run ended without a status of the guest."""

    status = STATUS_NO_GUEST_STATUS


class Ended(SystemExit):
    """A signal has asked us to end."""

    def __init__(self, number: int) -> None:
        super().__init__(128 + number)
        self._name = signal.Signals(number).name

    def __str__(self) -> str:
        return f"ended by {self._name}"


def readable(path: str | Path, what: str) -> str:
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise NoStatus(f"{path}: no such {what} (or not readable)")
    return os.path.abspath(path)


def _image(arguments: argparse.Namespace, folder: Path) -> str:
    """The image to boot; with --trust, a copy that is made in `folder`."""
    path = readable(arguments.image or ROOT / "build/rumpk.img", "kernel image")
    with open(path, "rb") as file:
        if not stamp.is_image(file.read(64)):  # else QEMU runs whatever it is, in silence
            raise NoStatus(f"{path}: not an AArch64 kernel image")
    if not arguments.trust:
        return path
    try:
        public = minisign.read_public_key(arguments.trust)
        copy = folder / "rumpk.img"
        files.write(copy, image.add(files.read(path), public, False, path))
    except BadInput as error:
        raise NoStatus(str(error)) from error
    return str(copy)


def _say(text: str) -> None:
    print(f"rumpk: run: {text}", file=sys.stderr, flush=True)


def _say_how_to_attach(image_path: str, socket: Path) -> None:
    elf = Path(image_path).with_suffix(".elf")
    program = shlex.quote(os.path.relpath(elf)) + " " if elf.exists() else ""
    _say(f"halted; attach with: gdb-multiarch {program}-ex 'target remote {socket}'")


@contextmanager
def signals(ctrl_c: bool = True) -> Iterator[None]:
    """
    SIGTERM and SIGHUP unwind like Ctrl-C does, so that QEMU and temporary files go; ignored ones (nohup) stay so. `ctrl_c`: that ends us
    where it was ignored, too.
    """

    def leave(number: int, _: FrameType | None) -> None:
        raise Ended(number)

    old = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(number) != signal.SIG_IGN}
    if ctrl_c:  # a shell starts background jobs with it ignored; a run must end by it all the same
        old[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)


@contextmanager
def _keyboard() -> Iterator[None]:
    """A terminal gives each key at once and does not show it, for the guest does; Ctrl-C stays a signal."""
    if not os.isatty(0):
        yield
        return
    before = termios.tcgetattr(0)
    tty.setcbreak(0)
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


def await_port(console: Console) -> None:
    """Until the guest has printed something: its kernel has set up the serial port, which forgets what came before. A quiet one has a moment."""
    end = time.monotonic() + QUIET_START_S
    while not console.total_bytes and time.monotonic() < end:
        time.sleep(0.01)


def _feed_stdin(console: Console) -> None:
    """Carries stdin to the guest until either ends, in a thread of its own."""

    def carry() -> None:
        await_port(console)
        try:
            while data := os.read(0, 4096):
                console.send(data)
        except OSError:
            pass  # the guest, or the terminal, is gone

    threading.Thread(target=carry, name="stdin", daemon=True).start()


def _wait(machine: Machine, output: Output, timeout_s: float | None) -> str:
    """Waits for the end; gives how it came: exited, timeout or closed (nobody reads our stdout)."""
    started = time.monotonic()
    while True:
        elapsed = time.monotonic() - started
        if timeout_s is not None and elapsed >= timeout_s:
            return "timeout"
        if output.broken.is_set():
            return "closed"
        step = POLL_S if timeout_s is None else min(POLL_S, timeout_s - elapsed)
        if machine.wait(wall_s=elapsed + step).how == "exited":
            return "exited"


def guest_status(machine: Machine, halted: bool) -> int:
    """QEMU's exit status, where it is the guest's. 0 also comes from power off, reset and SIGTERM: events tell."""
    status = machine.wait().status
    if machine.stderr:
        sys.stderr.write(machine.stderr)
    if status is None or status < 0:
        raise NoStatus(f"QEMU was killed by signal {-(status or 0)}")
    if not machine.qmp.started and not halted:
        raise NoStatus(f"QEMU did not start the guest (status {status})")
    for event in machine.qmp.events:
        if event["event"] == "SHUTDOWN":
            raise NoStatus(f"the guest ended without a status: {event['data'].get('reason', 'shutdown')}")
    return status


def _manifest(arguments: argparse.Namespace) -> Manifest | None:
    """The bundle's; None where it cannot be read and only the guest needs to know, which then says why."""
    try:
        return content.read(arguments.bundle).manifest
    except BadInput as error:
        if arguments.caps or arguments.words:
            raise NoStatus(str(error)) from error
        return None


def _command_line(arguments: argparse.Namespace, manifest: Manifest | None) -> str:
    """The kernel's."""
    try:
        return str(arguments.append) + (grants.launch_words(manifest, arguments.words) if manifest else "")
    except BadInput as error:
        raise NoStatus(str(error)) from error


def _network(arguments: argparse.Namespace, manifest: Manifest | None) -> tuple[tuple[str, ...], list[str]]:
    """QEMU's arguments for the network, and how to reach the guest, which is also said."""
    try:
        wanted = network.parse(arguments.net) if arguments.net is not None else network.usual(manifest)
        if arguments.pcap and wanted.kind == "none":
            raise BadInput("--pcap: there is no network to record (--net none)")
        forwards = network.choose(wanted, manifest) if wanted.kind == "user" else []
        made = network.arguments(wanted, forwards, manifest, arguments.transport, arguments.pcap)
    except BadInput as error:
        raise NoStatus(str(error)) from error
    told = [forward.told() for forward in forwards]
    for line in told:
        print(line, flush=True)
    return made, told


def _note_where_unused(manifest: Manifest | None, key: str, option: str) -> None:
    """Says so where no process of the bundle will see what an option gives."""
    if manifest and not any(key in process.files.rights for process in manifest.processes):
        _say(f"{option}: no process of this bundle will see it: the manifest's [files] has no `{key} = [...]` (docs/manifest.md)")


def _attached(arguments: argparse.Namespace, manifest: Manifest | None) -> Iterator[str]:
    """QEMU's arguments for the folder and the volume."""
    for option, key, kind, given in (("--share", "host", share, arguments.share), ("--disk", "data", disk, arguments.disk)):
        if given is None:
            continue
        try:
            yield from kind.arguments(kind.parse(given), arguments.transport)
        except BadInput as error:
            raise NoStatus(str(error)) from error
        _note_where_unused(manifest, key, option)


def configure(arguments: argparse.Namespace, manifest: Manifest | None, folder: Path) -> tuple[MachineConfig, list[str]]:
    """The machine that is asked for, and how it is reached from outside; what has to be made for it is made in `folder`."""
    from harness.machine_config import MachineConfig

    image_path = _image(arguments, folder)
    attached = tuple(_attached(arguments, manifest))
    wires, told = _network(arguments, manifest)
    outside = attached or wires or arguments.detach or arguments.interactive  # what keeps real time
    return MachineConfig(
        image=image_path, initrd=readable(arguments.bundle, "bundle"), append=_command_line(arguments, manifest), cpu=arguments.cpu,
        smp=arguments.smp, memory_mib=arguments.memory, gic=arguments.gic, icount=not outside,
        gdb_socket=folder / "gdb" if arguments.debug else None, halted=arguments.debug, extra=(*attached, *wires)), told


def _start_detached(arguments: argparse.Namespace, manifest: Manifest | None) -> int:
    if arguments.interactive or arguments.debug:
        raise NoStatus("-d goes with neither -i nor -D (rumpk attach joins the guest's console)")
    try:
        guest, lock = guests.claim(arguments.name, arguments.bundle)
        try:
            config, told = configure(arguments, manifest, guest.folder)
            detached.start(guest, lock, config, told, os.path.abspath(arguments.bundle), arguments.timeout)
        except BaseException:
            if not guest.state():
                guests.forget(guest, lock)
            raise
    except BadInput as error:
        raise NoStatus(str(error)) from error
    print(guest.name)
    return 0


def run(arguments: argparse.Namespace) -> int:
    """Runs the bundle; see STATUS_HELP."""
    from harness.machine_config import QEMU  # QEMU is needed by few commands

    if not shutil.which(QEMU):
        raise NoStatus(f"{QEMU} is not installed (Debian package: qemu-system-arm)")
    readable(arguments.bundle, "bundle")
    manifest = _manifest(arguments)
    if manifest and arguments.caps:
        print("\n".join(grants.lines(manifest)), flush=True)
    if arguments.detach:
        return _start_detached(arguments, manifest)
    if arguments.name:
        raise NoStatus("--name is for guests in the background (-d)")
    return _run_here(arguments, manifest)


def _run_here(arguments: argparse.Namespace, manifest: Manifest | None) -> int:
    from harness.machine import Machine

    try:
        with ExitStack() as stack:
            stack.enter_context(signals())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpk-run-")))
            config, _ = configure(arguments, manifest, folder)
            output = Output()
            machine = stack.enter_context(Machine(config))
            stack.callback(output.leave)
            machine.console.watch(output)
            if config.gdb_socket:
                _say_how_to_attach(arguments.image or str(ROOT / "build/rumpk.img"), Path(config.gdb_socket))
            if arguments.interactive:
                stack.enter_context(_keyboard())
                _feed_stdin(machine.console)
            how = _wait(machine, output, arguments.timeout)
            if how == "exited" and not output.trouble():
                return guest_status(machine, arguments.debug)
    except KeyboardInterrupt:
        _say("interrupted")
        return STATUS_INTERRUPTED
    if how == "timeout":
        _say(f"the guest did not end within {arguments.timeout:g} s")
        return STATUS_TIMEOUT
    if output.trouble():
        raise NoStatus(output.trouble())
    return 141
