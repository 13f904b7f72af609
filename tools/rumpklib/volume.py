# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""rumpk volume: ext4 volumes as files of the host, made and read by mke2fs and debugfs."""
from __future__ import annotations

import argparse
import contextlib
import fcntl
import os
import re
import shutil
import subprocess

from . import files
from .errors import BadInput

SIZE_MIN, SIZE_MAX = 8 << 20, 16 << 40
BLOCK_BYTES = 4096
_UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
#: Where Debian has them: not on everybody's PATH.
_SEARCH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
#: QEMU locks single bytes of an image that it uses.
_LOCKS_AT, _LOCKS = 100, 200


def _program(name: str) -> str:
    found = shutil.which(name, path=_SEARCH)
    if not found:
        raise BadInput(f"{name} is not installed (Debian package: e2fsprogs)")
    return found


def _size(text: str) -> int:
    found = re.fullmatch(r"([0-9]+)([KMGT]?)i?B?", text)
    if not found:
        raise BadInput(f"{text}: a size is a number of bytes, or one with K, M, G or T")
    size = int(found[1]) * _UNITS[found[2]]
    if size > SIZE_MAX:
        raise BadInput(f"{text}: a volume has at most {SIZE_MAX >> 40} TiB")
    if size < SIZE_MIN:
        raise BadInput(f"{text}: a volume has at least {SIZE_MIN >> 20} MiB, for its journal")
    return size


def _unused(path: str) -> None:
    """BadInput where a guest has it now."""
    try:
        with open(path, "r+b") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKS, _LOCKS_AT)
    except BlockingIOError as error:
        raise BadInput(f"{path}: a guest is using it") from error


def _free(path: str, writes: bool) -> None:
    """BadInput where the file is no volume, may not be used so, or a guest has it now."""
    if not os.path.isfile(path):
        raise BadInput(f"{path}: there is no such volume")
    try:
        with open(path, "r+b" if writes else "rb") as file:
            file.seek(1024 + 56)
            if file.read(2) != b"\x53\xef":
                raise BadInput(f"{path}: not an ext4 volume")
        if writes:
            _unused(path)
    except PermissionError as error:
        raise BadInput(f"{path}: you may not {'write' if writes else 'read'} it") from error


def _word(text: str) -> str:
    """As debugfs reads one word."""
    if "\n" in text or "\0" in text:
        raise BadInput(f"{text!r}: debugfs cannot be told a name with a line end")
    return '"' + text.replace('"', '""') + '"'


def _debugfs(path: str, command: str, writes: bool = False) -> str:
    """What one command says; BadInput with its complaint, for its exit status says nothing."""
    argv = [_program("debugfs"), *(["-w"] if writes else []), "-R", command, path]
    done = subprocess.run(argv, capture_output=True, text=True, errors="surrogateescape", check=False)
    complaints = [line for line in done.stderr.splitlines() if line and not re.match(r"debugfs \d|Allocated inode", line)]
    if complaints or done.returncode != 0:
        raise BadInput(f"{path}: {complaints[0] if complaints else 'debugfs failed'}")
    return done.stdout


def _replay(path: str) -> None:
    """What a guest that was killed left in the journal goes to its place first: debugfs writes past it."""
    done = subprocess.run([_program("e2fsck"), "-p", path], capture_output=True, text=True, check=False)
    if done.returncode > 1:
        raise BadInput(f"{path}: damaged; e2fsck says: {(done.stdout + done.stderr).strip().splitlines()[-1]}")


def create(arguments: argparse.Namespace) -> int:
    """Makes a volume. The file is as sparse as its folder lets it be."""
    size = _size(arguments.size)
    if os.path.exists(arguments.file) and not arguments.force:
        raise BadInput(f"{arguments.file}: exists (--force)")
    program = _program("mke2fs")
    try:
        if os.path.exists(arguments.file):
            if not os.path.isfile(arguments.file):
                raise BadInput(f"{arguments.file}: not a file")
            _unused(arguments.file)
        with files.replacing(arguments.file) as made:
            os.truncate(made, size)
            done = subprocess.run([program, "-q", "-F", "-t", "ext4", "-b", str(BLOCK_BYTES), "-m", "0", "-E", "root_owner=0:0,lazy_journal_init=1", made],
                                  capture_output=True, text=True, errors="replace", check=False)
            if done.returncode != 0:
                raise BadInput(f"{arguments.file}: {done.stderr.strip().replace(made, arguments.file) or 'mke2fs failed'}")
    except OSError as error:
        raise BadInput(f"{arguments.file}: {error.strerror}") from error
    return 0


def ls(arguments: argparse.Namespace) -> int:
    """Lists a folder: permissions, size, name. What a killed guest left in the journal is not seen."""
    _free(arguments.file, False)
    for line in _debugfs(arguments.file, f"ls -p {_word(arguments.path)}").splitlines():
        parts = line.split("/")  # /inode/mode/user/group/name/size/
        if len(parts) >= 7 and parts[5] not in (".", ".."):
            print(f"{parts[2]} {parts[6] or '-':>12} {parts[5]}")
    return 0


def _is_folder(path: str, name: str) -> bool:
    try:
        return "Type: directory" in _debugfs(path, f"stat {_word(name)}")
    except BadInput:
        return False


def _number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    return int(found[1]) if found else 0


def _blocks(size: int) -> int:
    """That a file of `size` bytes takes at most, with what says where they are."""
    data = -(-size // BLOCK_BYTES)
    return data + data // 64 + 2


def _write(path: str, source: str, name: str) -> None:
    """One file. One that is there is replaced when the new one is whole; first, where only that makes room for the new one."""
    try:
        old = _number(_debugfs(path, f"stat {_word(name)}"), r"Blockcount: (\d+)") * 512 // BLOCK_BYTES
    except BadInput:
        old = None
    needed, free = _blocks(os.path.getsize(source)), _number(_debugfs(path, "stats"), r"Free blocks: +(\d+)")
    if needed > free + (old or 0):
        raise BadInput(f"{path}: no room for {source}: it has {os.path.getsize(source)} bytes, the volume {(free + (old or 0)) * BLOCK_BYTES}")
    beside = needed <= free and old is not None
    if not beside and old is not None:
        _debugfs(path, f"rm {_word(name)}", writes=True)
    made = os.path.join(os.path.dirname(name), f".rumpk-{os.getpid()}") if beside else name
    try:
        _debugfs(path, f"write {_word(source)} {_word(made)}", writes=True)
    except BaseException:
        with contextlib.suppress(BadInput):
            _debugfs(path, f"rm {_word(made)}", writes=True)
        raise
    if beside:
        for command in (f"rm {_word(name)}", f"ln {_word(made)} {_word(name)}", f"unlink {_word(made)}"):
            _debugfs(path, command, writes=True)


def put(arguments: argparse.Namespace) -> int:
    """Copies files of the host into the volume; into a folder, or to one new name. What is there is replaced."""
    _free(arguments.file, True)
    for source in arguments.source:
        if not os.path.isfile(source) or not os.access(source, os.R_OK):
            raise BadInput(f"{source}: no such file (or not readable)")
    _replay(arguments.file)
    folder = _is_folder(arguments.file, arguments.to)
    if len(arguments.source) > 1 and not folder:
        raise BadInput(f"{arguments.to}: no folder of the volume")
    for source in arguments.source:
        name = os.path.join(arguments.to, os.path.basename(source)) if folder else arguments.to
        if _is_folder(arguments.file, name):
            raise BadInput(f"{name}: a folder of the volume")
        _write(arguments.file, source, name)
    return 0


def get(arguments: argparse.Namespace) -> int:
    """Copies a file out of the volume."""
    _free(arguments.file, False)
    to = arguments.to
    if os.path.isdir(to):
        to = os.path.join(to, os.path.basename(arguments.path))
    if "Type: regular" not in _debugfs(arguments.file, f"stat {_word(arguments.path)}"):
        raise BadInput(f"{arguments.path}: no file of the volume")
    if os.path.exists(to) and not os.path.isfile(to):  # a device, a pipe
        _debugfs(arguments.file, f"dump {_word(arguments.path)} {_word(to)}")
        return 0
    try:
        with files.replacing(to) as made:
            _debugfs(arguments.file, f"dump {_word(arguments.path)} {_word(made)}")
    except OSError as error:
        raise BadInput(f"{to}: {error.strerror}") from error
    return 0


def add(sub: argparse._SubParsersAction) -> None:
    """The command line of it."""
    parser = sub.add_parser("volume", help="ext4 volumes for rumpk run --disk",
                            description="Makes volumes, and moves files in and out of them, with stock mke2fs and debugfs: no root, no mount.")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    made = actions.add_parser("create", help="make an empty volume")
    made.add_argument("file", metavar="FILE")
    made.add_argument("size", metavar="SIZE", help="bytes, or with K, M, G, T; at least 8M")
    made.add_argument("--force", action="store_true", help="overwrite a file that is there")
    made.set_defaults(function=create)
    listed = actions.add_parser("ls", help="list a folder of it")
    listed.add_argument("file", metavar="FILE")
    listed.add_argument("path", metavar="PATH", nargs="?", default="/")
    listed.set_defaults(function=ls)
    into = actions.add_parser("put", help="copy files into it")
    into.add_argument("file", metavar="FILE")
    into.add_argument("source", metavar="SOURCE", nargs="+", help="files of the host")
    into.add_argument("to", metavar="TO", help="a folder of the volume, or a new name")
    into.set_defaults(function=put)
    out = actions.add_parser("get", help="copy a file out of it")
    out.add_argument("file", metavar="FILE")
    out.add_argument("path", metavar="PATH")
    out.add_argument("to", metavar="TO", nargs="?", default=".", help="where to (here)")
    out.set_defaults(function=get)
