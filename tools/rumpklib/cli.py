# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The command line of rumpk: what there is to say, which function does it, and how failures end."""
from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys

from . import bake, commands, crossbuild, detached, disk, exec_commands, network, recipe_commands, run, share, toolchain, volume
from .errors import BadInput, Refused

DESCRIPTION = "Makes, signs, checks and runs Rumpk bundles (.rpk)."
EPILOG = """exit status: 0 done; 1 the thing asked for failed (a signature does not hold); 2 wrong usage or bad input;
of `run`: see rumpk run --help. Keys and signatures are minisign's."""


def _keygen(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("keygen", help="make a key pair", description="Makes PREFIX.key and PREFIX.pub with minisign.")
    parser.add_argument("prefix", metavar="PREFIX")
    parser.add_argument("--no-password", action="store_true", help="leave the secret key unencrypted")
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    parser.set_defaults(function=commands.keygen)


def _pack(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser(
        "pack", help="make a bundle",
        description="Makes a bundle from a folder with a manifest.toml (everything in it), or from a manifest.toml (it "
                    "and each exec, looked up beside it). The same files and key give the same bytes. SOURCE_DATE_EPOCH in the "
                    "environment is when its files were modified, in seconds since 1970.")
    parser.add_argument("source", metavar="DIR|manifest.toml")
    parser.add_argument("-o", dest="output", metavar="app.rpk", required=True)
    parser.add_argument("-k", dest="key", metavar="KEY", help="minisign secret key; without, the bundle is unsigned")
    parser.add_argument("--file", action="append", default=[], metavar="NAME=PATH",
                        help="put the file PATH into the bundle as NAME, over one of that name; may be repeated")
    parser.set_defaults(function=commands.pack)


def _sign(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("sign", help="sign bundles, in place, and programs, in a file beside them",
                            description="Signs a bundle in place, replacing a signature that is there. Of any other file, a program that is to "
                                        "run out of the host's folder or a volume, the signature is written beside it, to FILE.minisig.")
    parser.add_argument("files", metavar="app.rpk|FILE", nargs="+")
    parser.add_argument("-k", dest="key", metavar="KEY", required=True, help="minisign secret key")
    parser.set_defaults(function=commands.sign)


def _verify(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("verify", help="check a bundle",
                            description="Checks what the kernel checks: header, both signatures, archive, manifest.")
    parser.add_argument("bundle", metavar="app.rpk")
    parser.add_argument("-p", dest="public", metavar="KEY.pub", required=True, help="minisign public key")
    parser.set_defaults(function=commands.verify)


def _inspect(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("inspect", help="show what is in a bundle, or which build a kernel image is",
                            description="Shows header, signature, manifest, capabilities and files of a bundle, without "
                                        "checking the signature; of a kernel image its version and commit, the keys that it "
                                        "trusts, and whether it is one for release: it trusts no development key.")
    parser.add_argument("file", metavar="app.rpk|IMAGE")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(function=commands.inspect)


def _extract(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser(
        "extract", help="write archive and signature as files",
        description="Writes OUTDIR/archive.cpio and, of a signed bundle, OUTDIR/archive.cpio.minisig; stock `minisign "
                    "-Vm archive.cpio -p KEY.pub` checks them, `cpio -id` unpacks the archive.")
    parser.add_argument("bundle", metavar="app.rpk")
    parser.add_argument("outdir", metavar="OUTDIR")
    parser.add_argument("--force", action="store_true", help="overwrite files that are there")
    parser.set_defaults(function=commands.extract)


def _run(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser(
        "run", help="boot a bundle in QEMU", formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="%(prog)s [options] app.rpk [-- WORD...]", epilog=run.STATUS_HELP,
        description="Boots a bundle in QEMU and ends with the guest's exit status. WORDs are appended to the arguments of the\n"
                    "main process, if the manifest allows it by `launch = true`; they may not hold spaces or control characters.")
    parser.add_argument("bundle", metavar="app.rpk")
    parser.add_argument("-m", dest="memory", metavar="MEM", default="128", help="memory, MiB or with K, M, G (128)")
    parser.add_argument("-smp", "--smp", dest="smp", metavar="N", type=int, default=1, help="number of CPUs (1)")
    parser.add_argument("--cpu", metavar="C", default="cortex-a53", help="CPU model of QEMU (cortex-a53)")
    parser.add_argument("--gic", type=int, choices=(2, 3), default=3, help="interrupt controller version (3)")
    parser.add_argument("-d", dest="detach", action="store_true",
                        help="in the background: prints the guest's name and returns once it has started (rumpk ps, logs, attach, stop)")
    parser.add_argument("--name", metavar="NAME", help="with -d: what the guest is called (the bundle's name)")
    parser.add_argument("-i", dest="interactive", action="store_true", help="connect stdin to the guest's console")
    parser.add_argument("-D", dest="debug", action="store_true",
                        help="start halted, wait for gdb on a Unix socket and print the line that attaches")
    parser.add_argument("--timeout", metavar="S", type=float, help="end the guest after S seconds, exit status 124")
    parser.add_argument("--trust", metavar="KEY.pub", help="boot a copy of the image that trusts this key too")
    parser.add_argument("--image", metavar="IMG", help="kernel image (build/rumpk.img)")
    parser.add_argument("--append", metavar="ARGS", default="", help="kernel command line")
    parser.add_argument("--net", metavar="HOW", help=f"{network.NET_HELP}; ports that the manifest lets processes listen on and that are "
                        "not named are forwarded from free ones, and told (user where the manifest allows any network, else none)")
    parser.add_argument("--share", metavar="DIR[:ro]", help=f"the folder that processes see as /host, where the manifest allows it: {share.SHARE_HELP}")
    parser.add_argument("--disk", metavar="FILE[:ro|:snapshot]", help=f"the volume that processes see as /data, where the manifest allows it: {disk.DISK_HELP}")
    parser.add_argument("--transport", choices=("mmio", "pci"), default="mmio", help="how devices are attached (mmio)")
    parser.add_argument("--pcap", metavar="FILE", help="record the network's traffic, for wireshark or tcpdump")
    parser.add_argument("--caps", action="store_true", help="first print what the manifest grants, process by process")
    parser.set_defaults(function=run.run)


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    whole = argparse.ArgumentParser(prog="rumpk", description=DESCRIPTION, epilog=EPILOG)
    sub = whole.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for add in (_keygen, _pack, _sign, _verify, _inspect, _extract, _run, detached.add, exec_commands.add, volume.add, toolchain.add,
                recipe_commands.add, bake.add, crossbuild.add):
        add(sub)
    return whole


def _open_standard() -> None:
    """Opens what of standard input, output and error was closed: else a socket of ours has that number, and is read and written as it."""
    for number, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)  # the lowest number that is free
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")  # names of files are bytes


def _complain(command: str, text: object) -> None:
    with contextlib.suppress(OSError):  # a terminal that is gone
        print(f"rumpk: {command}: {text}", file=sys.stderr, flush=True)


def _command(argv: list[str]) -> int:
    """Runs one command and gives its exit status."""
    words: list[str] = []
    if argv[:1] in (["run"], ["exec"]) and "--" in argv:  # argparse would take words for positional arguments wherever it can
        words = argv[argv.index("--") + 1:]
        argv = argv[:argv.index("--")]
    elif argv[:1] in (["configure"], ["make"]):
        argv, words = argv[:1], argv[1:]
    arguments = parser().parse_args(argv)
    arguments.words = words
    try:
        return arguments.function(arguments)
    except (BadInput, Refused) as error:
        _complain(arguments.command, error)
        return error.status
    except run.Ended as end:
        _complain(arguments.command, end)
        raise


def main(argv: list[str]) -> int:
    """Runs one command and gives its exit status; failures are one line on stderr."""
    _open_standard()
    try:
        with run.signals(ctrl_c=False):
            try:
                return _command(argv)
            finally:
                sys.stdout.flush()
    except KeyboardInterrupt:
        return 130
    except OSError as error:  # what nobody has put into better words: a full disk, a folder that may not be written to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what cannot be written there is not tried again
        if isinstance(error, BrokenPipeError):
            return 141
        _complain(argv[0], ": ".join(str(part) for part in (error.filename, error.strerror or error) if part))
        return run.STATUS_NO_GUEST_STATUS if argv[0] in ("run", "exec", "shell") else BadInput.status
