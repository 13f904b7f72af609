# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk exec and rumpk shell: commands, or a terminal, in a guest with busybox and a folder of the host's."""
from __future__ import annotations

import argparse
import contextlib
import os
import secrets
import selectors
import shlex
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from . import exec_bundle, exec_output, files, network, run, share, terminal
from .errors import BadInput
from .output import Output

if TYPE_CHECKING:
    from harness.machine import Machine
    from harness.machine_config import MachineConfig

    from .manifest import Manifest

KEY = run.ROOT / "fixtures/keys/dev.key"
PATH = "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"
LAST_WORDS_S = 3.0  # from the commands' end to the machine's
QUIET = "log=error"
TYPED_BYTES = 4096  # what is kept of keys until the shell is there
END_KEY = b"\x04"  # what ends what is typed: again and again, for a program of the shell's may have taken it, or a change of the terminal's mode
END_AGAIN_S = 1.0
STATUS_LEFT = 130
STATUS_HELP = """exit status:
  0..255  of the last command
  124     --timeout passed
  125     the guest did not come so far, or ended otherwise; stderr has what it said; or what was printed could not be written
"""


def _command(words: list[str]) -> str:
    """One word is text for the shell, several are a command with its arguments as they are."""
    return words[0] if len(words) == 1 else shlex.join(words)


def script(command: str, nonce: str, size: tuple[int, int], interactive: bool, has_input: bool = False) -> str:
    """What the guest's shell runs. The marks are put together by it, so that nothing that shows the script shows them."""
    begins, ends = exec_output.marks(nonce)
    terminal_size = f"stty rows {size[1]} cols {size[0]} 2>/dev/null\n" if all(size) else ""
    body = "sh -i\n" if interactive else f"(\n{command}\n) <{'/' + exec_bundle.INPUT if has_input else '/dev/null'}\n"
    return (f"cd /host 2>/dev/null || cd /tmp\n{terminal_size}n={nonce}\nprintf '%s\\n' \"{begins[:-len(nonce)]}$n\"\n{body}status=$?\n"
            f"printf '%s%d\\n' \"{ends[:-len(nonce) - 1]}$n \" $status\nexit $status\n")


def _shared(text: str) -> share.Share | None:
    """The folder: one that the guest can change only where it is said."""
    if text == "none":
        return None
    writable = text.endswith(":rw")
    found = share.parse(text.removesuffix(":rw").removesuffix(":ro"))
    return share.Share(found.path, not writable)


def _config(arguments: argparse.Namespace, text: str, folder: Path, given: bytes | None = None) -> MachineConfig:
    """The machine; its bundle is made in `folder`. `given`: what commands read."""
    from harness.machine_config import QEMU, MachineConfig

    if not shutil.which(QEMU):
        raise BadInput(f"{QEMU} is not installed (Debian package: qemu-system-arm)")
    source = run.readable(arguments.source, "kernel image or bundle")
    is_image = exec_bundle.is_image(source)
    image = source if is_image else run.readable(arguments.image or run.ROOT / "build/rumpk.img", "kernel image")
    shared = _shared(arguments.share)
    env = [PATH, "HOME=/tmp", f"TERM={os.environ.get('TERM', 'linux')}" if arguments.command == "shell" else "TERM=dumb"]
    data, manifest = exec_bundle.make(None if is_image else source, text, env, shared is not None, arguments.key or KEY, given)
    files.write(folder / "exec.rpk", data)
    extra = (share.arguments(shared, "mmio") if shared else ()) + _network(manifest)
    return MachineConfig(image=image, initrd=folder / "exec.rpk", append=f"{QUIET} {arguments.append}".strip(), cpu=arguments.cpu,
                         smp=arguments.smp, memory_mib=arguments.memory, icount=False, extra=extra)


def _network(manifest: Manifest) -> tuple[str, ...]:
    """Where the bundle may use one; what leads to it is told beside the output."""
    wanted = network.usual(manifest)
    forwards = network.choose(wanted, manifest) if wanted.kind == "user" else []
    for forward in forwards:
        print(forward.told(), file=sys.stderr)
    return network.arguments(wanted, forwards, manifest, "mmio", None)


class _Screen:
    """The guest's output, cut; whether the commands have begun, and ended. Context: the machine's pump thread, but for these."""

    def __init__(self, cutter: exec_output.Cutter) -> None:
        self.cutter = cutter
        self.output = Output()
        self.begun, self.done = threading.Event(), threading.Event()

    def __call__(self, data: bytes) -> None:
        shown = self.cutter.feed(data)
        if self.cutter.inside:
            self.begun.set()
        self.output(shown)  # where nobody reads it any more, the commands go on to their end
        if self.cutter.status is not None:
            self.done.set()


def _status(machine: Machine, screen: _Screen) -> int:
    """The commands' status; where there is none, or not all that they printed has been written, why."""
    cutter = screen.cutter
    if screen.output.trouble():
        raise run.NoStatus(screen.output.trouble())
    if cutter.status is not None:
        return cutter.status
    status = run.guest_status(machine, False)
    sys.stderr.write((cutter.before + cutter.left()).decode("utf-8", "replace"))
    raise run.NoStatus(f"the guest ended with status {status} before the commands did")


def _wait(machine: Machine, screen: _Screen, timeout_s: float | None) -> bool:
    """Until the commands have ended, and the machine if it does so soon; False where the time is over."""
    end = None if timeout_s is None else time.monotonic() + timeout_s
    while machine.running and not screen.done.wait(0.02):
        if end is not None and time.monotonic() > end:
            return False
    machine.join(LAST_WORDS_S)
    return True


def execute(arguments: argparse.Namespace) -> int:
    """rumpk exec."""
    from harness.machine import Machine

    if not arguments.words:
        raise BadInput("no command (rumpk exec IMAGE|BUNDLE -- COMMAND...)")
    nonce = secrets.token_hex(8)
    with ExitStack() as stack:
        stack.enter_context(run.signals())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpk-exec-")))
        given = sys.stdin.buffer.read() if arguments.input else None
        config = _config(arguments, script(_command(arguments.words), nonce, (0, 0), False, given is not None), folder, given)
        screen = _Screen(exec_output.Cutter(nonce))
        machine = stack.enter_context(Machine(config))
        stack.callback(screen.output.leave)
        machine.console.watch(screen)
        if not _wait(machine, screen, arguments.timeout):
            print(f"rumpk: exec: the commands did not end within {arguments.timeout:g} s", file=sys.stderr)
            return run.STATUS_TIMEOUT
        return _status(machine, screen)


def _type(machine: Machine, screen: _Screen, is_terminal: bool) -> bool:
    """Carries keys to the guest until it has ended; False where somebody left."""
    typed, again = b"", float("inf")
    with selectors.SelectSelector() as ready:  # epoll does not take plain files
        ready.register(0, selectors.EVENT_READ)
        while machine.running and not screen.done.is_set():
            for _key, _events in ready.select(0.05):
                data = os.read(0, TYPED_BYTES)
                if not data:
                    ready.unregister(0)
                    again = 0.0
                if is_terminal and terminal.LEAVE in data:
                    return False
                typed += data
            if time.monotonic() > again:
                typed, again = typed + END_KEY, time.monotonic() + END_AGAIN_S
            if typed and screen.begun.is_set():  # earlier it may be thrown away with the terminal's first settings
                with contextlib.suppress(OSError):  # the guest has ended meanwhile
                    machine.console.send(typed)
                typed = b""
            while not is_terminal and len(typed) >= TYPED_BYTES and machine.running and not screen.begun.wait(0.05):
                pass
    machine.join(LAST_WORDS_S)
    return True


def shell(arguments: argparse.Namespace) -> int:
    """rumpk shell."""
    from harness.machine import Machine

    nonce = secrets.token_hex(8)
    with ExitStack() as stack:
        stack.enter_context(run.signals())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="rumpk-exec-")))
        config = _config(arguments, script("", nonce, terminal.size(), True), folder)
        screen = _Screen(exec_output.Cutter(nonce, raw=True))
        is_terminal = stack.enter_context(terminal.keys())
        machine = stack.enter_context(Machine(config))
        stack.callback(screen.output.leave)
        machine.console.watch(screen)
        if not _type(machine, screen, is_terminal):
            return STATUS_LEFT
        return _status(machine, screen)


def _common(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", metavar="IMAGE|BUNDLE", help="a kernel image to run, or a bundle whose files are to be there")
    parser.add_argument("--share", metavar="DIR[:rw]|none", default=".",
                        help="the folder that is /host in the guest, where commands begin; changed only with :rw (the current folder)")
    parser.add_argument("-m", dest="memory", metavar="MEM", default="128", help="memory, MiB or with K, M, G (128)")
    parser.add_argument("-smp", "--smp", dest="smp", metavar="N", type=int, default=1, help="number of CPUs (1)")
    parser.add_argument("--cpu", metavar="C", default="cortex-a53", help="CPU model of QEMU (cortex-a53)")
    parser.add_argument("--image", metavar="IMG", help="with a bundle: the kernel image (build/rumpk.img)")
    parser.add_argument("-k", dest="key", metavar="KEY", help="what signs what is run, which the image must trust (the development key)")
    parser.add_argument("--append", metavar="ARGS", default="", help="kernel command line, such as log=linux:trace")


def add(sub: argparse._SubParsersAction) -> None:
    """The commands."""
    parser = sub.add_parser(
        "exec", help="run commands in a guest", formatter_class=argparse.RawDescriptionHelpFormatter, epilog=STATUS_HELP,
        usage="%(prog)s [options] IMAGE|BUNDLE -- COMMAND...",
        description="Boots busybox, with a folder of this machine as /host, runs commands there, prints what they print, and ends with\n"
                    "the last one's status. One word is text for the shell; several are a program and its arguments. Of a bundle, its\n"
                    "files are there too, with what its manifest grants. Standard input is empty but with -i; errors are printed with the rest.")
    _common(parser)
    parser.add_argument("-i", dest="input", action="store_true", help="pass standard input on: it is read to its end before the guest starts")
    parser.add_argument("--timeout", metavar="S", type=float, help="end the guest after S seconds, exit status 124")
    parser.set_defaults(function=execute)
    parser = sub.add_parser("shell", help="a shell in a guest",
                            description="Boots busybox with a folder of this machine as /host, and gives its shell this terminal. Every "
                                        "key goes to the guest, Ctrl-C too; Ctrl-] ends it at once. The window's size is that of the beginning.")
    _common(parser)
    parser.set_defaults(function=shell)
