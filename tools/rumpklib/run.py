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

from . import content, disk, files, grants, image, minisign, network, share, stamp
from .errors import BadInput

if TYPE_CHECKING:
    from harness.console import Console
    from harness.machine import Machine

    from .manifest import Manifest

ROOT = Path(__file__).resolve().parent.parent.parent
STATUS_TIMEOUT = 124
STATUS_NO_GUEST_STATUS = 125
STATUS_INTERRUPTED = 130
POLL_S = 0.2
STATUS_HELP = """exit status:
  0..125  of the guest: its first process's own
  126     the guest refused the bundle: unsigned, altered, or signed by nobody trusted
  127     the bundle could not be loaded
  128+n   the guest's process was killed by fault n
  255     kernel panic
Where rumpk and not the guest ends the run, stderr has a line that begins `rumpk: run:`, and the status is
  124     --timeout passed
  125     QEMU did not start, was killed, or the guest powered off or reset without a status; bad input
  130     Ctrl-C (143 SIGTERM)
  2       wrong usage
"""


class NoStatus(BadInput):
    """The run ended without a status of the guest."""

    status = STATUS_NO_GUEST_STATUS


class _Output:
    """Hands the guest's bytes to stdout at once. Context: called by the machine's pump thread."""

    def __init__(self) -> None:
        self.broken = threading.Event()

    def __call__(self, data: bytes) -> None:
        try:
            while data and not self.broken.is_set():
                data = data[os.write(1, data):]
        except OSError:
            self.broken.set()


def _readable(path: str | Path, what: str) -> str:
    if not os.path.isfile(path) or not os.access(path, os.R_OK):
        raise NoStatus(f"{path}: no such {what} (or not readable)")
    return os.path.abspath(path)


def _image(arguments: argparse.Namespace, folder: Path) -> str:
    """The image to boot; with --trust, a copy that is made in `folder`."""
    path = _readable(arguments.image or ROOT / "build/rumpk.img", "kernel image")
    with open(path, "rb") as file:
        if not stamp.is_image(file.read(64)):  # else QEMU runs whatever it is, in silence
            raise NoStatus(f"{path}: not an AArch64 kernel image")
    if not arguments.trust:
        return path
    try:
        public = minisign.read_public_key(arguments.trust)
        copy = folder / "rumpk.img"
        copy.write_bytes(image.add(files.read(path), public, False, path))
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
def _signals() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind like Ctrl-C does, so that QEMU and temporary files go."""

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    old = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    # A shell starts background jobs with Ctrl-C ignored; a run must end by it all the same.
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


def _feed_stdin(console: Console) -> None:
    """Carries stdin to the guest until either ends, in a thread of its own."""

    def carry() -> None:
        try:
            while data := os.read(0, 4096):
                console.send(data)
        except OSError:
            pass  # the guest, or the terminal, is gone

    threading.Thread(target=carry, name="stdin", daemon=True).start()


def _wait(machine: Machine, output: _Output, timeout_s: float | None) -> str:
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


def _guest_status(machine: Machine, halted: bool) -> int:
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


def _network(arguments: argparse.Namespace, manifest: Manifest | None) -> tuple[str, ...]:
    """QEMU's arguments for the network; says how to reach the guest."""
    try:
        wanted = network.parse(arguments.net) if arguments.net is not None else network.usual(manifest)
        if arguments.pcap and wanted.kind == "none":
            raise BadInput("--pcap: there is no network to record (--net none)")
        forwards = network.choose(wanted, manifest) if wanted.kind == "user" else []
        made = network.arguments(wanted, forwards, manifest, arguments.transport, arguments.pcap)
    except BadInput as error:
        raise NoStatus(str(error)) from error
    for forward in forwards:
        print(forward.told(), flush=True)
    return made


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


def run(arguments: argparse.Namespace) -> int:
    """Runs the bundle; see STATUS_HELP."""
    from harness.machine import QEMU, Machine, MachineConfig  # QEMU is needed by this command alone

    if not shutil.which(QEMU):
        raise NoStatus(f"{QEMU} is not installed (Debian package: qemu-system-arm)")
    bundle, manifest = _readable(arguments.bundle, "bundle"), _manifest(arguments)
    command_line = _command_line(arguments, manifest)
    if manifest and arguments.caps:
        print("\n".join(grants.lines(manifest)), flush=True)
    with ExitStack() as stack:
        stack.enter_context(_signals())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpk-run-")))
        image_path = _image(arguments, folder)
        socket = folder / "gdb" if arguments.debug else None
        wires = (*_attached(arguments, manifest), *_network(arguments, manifest))
        config = MachineConfig(
            image=image_path, initrd=bundle, append=command_line, cpu=arguments.cpu, smp=arguments.smp, memory_mib=arguments.memory,
            gic=arguments.gic, icount=not wires,  # the world outside keeps real time
            gdb_socket=socket, halted=arguments.debug, extra=wires)
        try:
            output = _Output()
            machine = stack.enter_context(Machine(config))
            machine.console.watch(output)
            if socket:
                _say_how_to_attach(arguments.image or str(ROOT / "build/rumpk.img"), socket)
            if arguments.interactive:
                stack.enter_context(_keyboard())
                _feed_stdin(machine.console)
            how = _wait(machine, output, arguments.timeout)
        except KeyboardInterrupt:
            _say("interrupted")
            return STATUS_INTERRUPTED
        if how == "timeout":
            _say(f"the guest did not end within {arguments.timeout:g} s")
            return STATUS_TIMEOUT
        return 141 if how == "closed" else _guest_status(machine, arguments.debug)
