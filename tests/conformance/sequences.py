# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""Random sequences of system calls that are valid for the most part: pure, the same for the same seed.

A sequence knows what its slots hold, so that most calls get what they are for; a few get a slot that holds something else, a
descriptor that is none, or a length that is refused. Nothing in a sequence waits for ever: pipes, sockets and the like never block.
"""
from __future__ import annotations

from tests.conformance.sequence_made import Arguments, Make, Missing, Sequence

NONBLOCK, CLOEXEC, CREAT, EXCL, TRUNC, APPEND, UNDO = 0o4000, 0o2000000, 0o100, 0o200, 0o1000, 0o2000, 0o10000
DIRECTORY, NOFOLLOW, PATH, NOCTTY = 0o40000, 0o100000, 0o10000000, 0o400  # arm64's
SIGNALS = (10, 12, 34, 35)  # that sequences send: each has a handler or is ignored from the first on
HARMLESS = (17, 23, 28)  # ignored by themselves
#: What is set of terminals: of the input, the output and the local ones.
TTY_FLAGS = ([(0, flag) for flag in (0o40, 0o100, 0o200, 0o400, 0o400, 0o2000, 0o4000, 0o40000)] + [(1, flag) for flag in (1, 4, 0o10)] +
             [(3, flag) for flag in (1, 2, 2, 2, 0o10, 0o10, 0o20, 0o40, 0o100, 0o200, 0o1000, 0o4000, 0o100000)])
#: What characters are set to. Linux reads 64 bytes at most where VMIN (6) is more; a line that each end of line shows anew (VREPRINT, 12) is too long.
TTY_CHARS = [(which, value) for which in range(17) for value in (0, 1, 3, 97, 10, 4, 127, 98)
             if (which, value) not in ((6, 97), (6, 127), (6, 98), (12, 10))]
#: What is typed there, and how often: a line that is shown anew (15) 100 times is more than there is room for.
TTY_TYPED = [(text, count) for text in range(30) for count in (1, 1, 1, 3, 100) if text != 15 or count < 100]


def _open(s: Sequence) -> Arguments:
    how = s.one(0, 1, 2, 2, 2) | (CREAT if s.draw.random() < 0.8 else 0)
    how |= s.flags(EXCL, TRUNC, APPEND, CLOEXEC, DIRECTORY, NOFOLLOW, chance=0.08) | (PATH if s.draw.random() < 0.03 else 0)
    return [s.put("file"), s.name(), how, s.one(0o644, 0o600, 0o777, 0o444)]


def _used(s: Sequence) -> Arguments:
    """A file that is opened, used and closed: what is removed while it is open is another matter to who watches it."""
    arguments = _open(s)
    slot = arguments[0]
    s.say("open", arguments)
    if s.draw.random() < 0.8:
        s.say(*s.draw.choice([("read", [slot, s.size()]), ("write", [slot, s.size(), 1]), ("ftruncate", [slot, s.one(0, 1, 5000)]), ("fchmod", [slot, 0o644])]))
    del s.kinds[slot]
    return [slot]


def _open_folder(s: Sequence) -> Arguments:
    return [s.put("folder"), s.one(3, 6, 12, 12, 20), DIRECTORY | s.flags(CLOEXEC), 0]


def _listener(kind: str, family: int, names: Arguments) -> Make:
    """A socket that listens."""

    def make(s: Sequence) -> Arguments:
        slot, name = s.put(f"{kind}-listener"), s.draw.choice(names)
        s.say("socket", [slot, family, s.one(1, 1, 5 if kind == "unix" else 1) | NONBLOCK, 0])
        s.say("bind", [slot, name, 0])
        s.served[kind].append(name)
        return [slot, s.one(1, 1, 5)]

    return make


def _connected(kind: str, family: int, names: Arguments) -> Make:
    """A new socket that connects, as a rule to somebody who listens."""

    def make(s: Sequence) -> Arguments:
        slot = s.put(kind)
        s.say("socket", [slot, family, 1 | NONBLOCK, 0])
        return [slot, s.draw.choice(s.served[kind] * 4 + names)]

    return make


def _reset_hand(s: Sequence) -> Arguments:
    """A handler that is one only once; another follows, for the signal would end the program."""
    number = s.one(*SIGNALS)
    s.say("sigaction", [number, 2, 0x80000000, 0, 0])
    s.say("sigsend", [number, 1, 1])
    return [number, 2, 0, 0, 0]


def _terminal(s: Sequence) -> Arguments:
    """A pseudo-terminal: its master and its slave."""
    return [s.put("master"), s.put("slave"), s.one(0, NOCTTY, NOCTTY)]


def _part(s: Sequence) -> Arguments:
    """A part of a file, and the lock that is meant for it."""
    return [s.fd("file"), s.one(0, 0, 1), s.one(0, 0, 1, 1, 2, 3), s.one(0, 0, 0, 1, 2, 9), s.one(0, 0, 3, 5, 10, 1 << 62, -1), s.one(0, 1, 5, 5, 10, -3, 1 << 62)]


def _pipe(s: Sequence) -> Arguments:
    return [s.put("pipe"), s.put("pipe-in"), NONBLOCK | s.flags(CLOEXEC, chance=0.2)]


def _close(s: Sequence) -> Arguments:
    if not s.kinds:
        raise Missing
    slot = s.draw.choice(list(s.kinds))
    del s.kinds[slot]  # its number stays in the slot: calls on it find nothing, or what came after it
    return [slot]


def _copy(s: Sequence, *rest: int) -> Arguments:
    source = s.any_fd()
    return [s.put(s.kinds.get(source, "file")), source, *rest]


READERS = ("file", "file", "pipe", "unix", "memfd")
WRITERS = ("file", "file", "pipe-in", "unix", "memfd")
PLACED = ("file", "file", "file", "memfd", "pipe", "folder")
#: Family, its operations: how often each comes beside the others, and how its arguments are made.
FAMILIES: dict[str, dict[str, tuple[int, Make]]] = {
    "files": {
        "open": (10, _open), "close": (5, _close),
        "read": (8, lambda s: [s.fd(*READERS), s.size()]),
        "write": (10, lambda s: [s.fd(*WRITERS), s.size(), s.one(1, 2, 3)]),
        "pread": (5, lambda s: [s.fd(*PLACED), s.size(), s.one(0, 1, 100, 4096, 100000, -1)]),
        "pwrite": (5, lambda s: [s.fd(*PLACED), s.size(), s.one(4, 5), s.one(0, 1, 100, 4096, 50000, -1)]),
        "readv": (2, lambda s: [s.fd(*READERS), s.size(), s.size(), s.one(0, 1, 2, 2, 2, -1)]),
        "writev": (2, lambda s: [s.fd(*WRITERS), s.size(), s.size(), s.one(0, 1, 2, 2, 2, -1), 6]),
        "preadv": (1, lambda s: [s.fd(*PLACED), s.size(), s.size(), 2, s.one(0, 5, 4096)]),
        "lseek": (7, lambda s: [s.fd(*PLACED), s.one(0, 1, 10, -1, 4096, 100000, -100), s.one(0, 0, 1, 2, 2, 3, 4, 9)]),
        "ftruncate": (4, lambda s: [s.fd(*PLACED), s.one(0, 1, 10, 4096, 10000, 100000, -1)]),
        "fallocate": (1, lambda s: [s.fd(*PLACED), s.one(0, 0, 1), s.one(0, 4096, -1), s.one(0, 1, 8192)]),
        "fsync": (1, lambda s: [s.fd(*PLACED), s.one(0, 1)]),
        "fstat": (6, lambda s: [s.fd(*PLACED)]),
        "sendfile": (2, lambda s: [*s.two(WRITERS, ("file",)), s.one(0, 1), s.one(0, 5, 4096), s.size()]),
        "copy_file_range": (1, lambda s: [*s.two(("file",), ("file",)), s.size()]),
        "lock": (1, lambda s: [s.fd(*PLACED), s.one(1, 2, 8) | 4]),
    },
    "splices": {
        "open": (3, _open), "pipe": (4, _pipe), "close": (2, _close),
        "socketpair": (1, lambda s: [s.put("unix"), s.put("unix"), 1, 1 | NONBLOCK]),
        "memfd": (4, lambda s: [s.put("memfd"), s.one(2, 2, 2, 0, 1, 3, 64), s.one(1, 1, 1, 1, 0)]),
        "write": (6, lambda s: [s.fd("pipe-in", *WRITERS), s.one(1, 10, 100, 4096, 8192), s.one(1, 2, 3)]),
        "read": (6, lambda s: [s.fd("pipe", *READERS), s.one(1, 10, 1000, 20000)]),
        "pread": (2, lambda s: [s.fd("file", "memfd"), s.one(100, 20000), s.one(0, 4096)]),
        "splice": (8, lambda s: [s.fd("pipe"), s.one(-1, -1, -1, -1, 0), s.fd("file", "memfd", "pipe-in", "unix"), s.one(-1, -1, -1, -1, -1, 0, 5000, -2),
                                 s.one(0, 1, 10, 100, 5000, 1 << 62, -1), s.one(0, 2, 2, 1, 16)]),
        "splice ": (8, lambda s: [s.fd("file", "memfd", "unix"), s.one(-1, -1, -1, 0, 5, 100000, -2), s.fd("pipe-in"), s.one(-1, -1, -1, -1, 0),
                                  s.one(0, 1, 10, 100, 5000, 1 << 62, -1), s.one(0, 2, 2, 4, 16)]),
        "tee": (5, lambda s: [s.fd("pipe"), s.fd("pipe-in"), s.one(0, 1, 100, 5000, 1 << 62, -1), s.one(0, 2, 2, 16)]),
        "vmsplice": (4, lambda s: [s.fd("pipe", "pipe-in"), s.one(0, 1, 100, 5000), s.one(0, 1, 2, 2, -1), s.one(2, 2, 16)]),
        "seal": (5, lambda s: [s.fd("memfd"), s.one(1, 2, 4, 8, 16, 6, 10, 0, 32)]), "seals": (4, lambda s: [s.fd("memfd", "memfd", "pipe")]),
        "shared": (3, lambda s: [s.fd("memfd", "memfd", "file"), s.one(1, 3)]),
        "ftruncate": (3, lambda s: [s.fd("memfd"), s.one(0, 10, 5000)]), "pwrite": (3, lambda s: [s.fd("memfd"), s.one(1, 100, 5000), 4, s.one(0, 1, 4096)]),
        "fstat": (1, lambda s: [s.fd("memfd", "file")]), "lseek": (2, lambda s: [s.fd("memfd", "file"), 0, s.one(0, 1, 2)]),
        "fallocate": (1, lambda s: [s.fd("memfd"), 0, 0, s.one(1, 8192)]),
    },
    "names": {
        "open": (5, _open), "open ": (3, _open_folder), "close": (3, _close),
        "openat": (2, lambda s: [s.put("file"), s.fd("folder"), s.one(16, 17, 0, 18, 19), s.one(0, 2) | s.flags(CREAT), 0o640]),
        "mkdir": (6, lambda s: [s.one(3, 3, 4, 6, 7, s.name()), s.one(0o755, 0o700, 0o777)]),
        "mknod": (1, lambda s: [s.name(), 0o100644]),
        "unlink": (6, lambda s: [s.name(), s.one(0, 0, 0x200, 0x200, 1)]),
        "unlinkat": (1, lambda s: [s.fd("folder"), s.one(16, 17, 18, 0), s.one(0, 0x200)]),
        "rename": (8, lambda s: [s.name(), s.name(), s.one(0, 0, 0, 0, 1, 2, 8)]),
        "link": (4, lambda s: [s.name(), s.name(), s.one(0, 0, 0x400)]),
        "symlink": (4, lambda s: [s.name(), s.one(8, 8, s.name())]),
        "readlink": (3, lambda s: [s.one(8, 8, s.name()), s.one(0, 3, 100, 100)]),
        "access": (3, lambda s: [s.name(), s.one(0, 1, 2, 4, 7, 8)]),
        "chmod": (3, lambda s: [s.name(), s.one(0o600, 0o755, 0o7777, 0)]),
        "fchmod": (2, lambda s: [s.fd(*PLACED), s.one(0o600, 0o755, 0o4711)]),
        "truncate": (3, lambda s: [s.name(), s.one(0, 1, 5000, -1)]),
        "utimens": (2, lambda s: [s.name(), s.one(0, 0x100), s.one(1, 1000000), s.one(0, 7, 0x3ffffffe, -1), s.one(3, 2000000)]),
        "stat": (7, lambda s: [s.name(), s.one(0, 0x100, 0x100, 0x1000, 3)]),
        "statat": (2, lambda s: [s.fd("folder", "file"), s.one(16, 17, 11, 18, 0), s.one(0, 0x1000, 0x100)]),
        "statx": (2, lambda s: [s.name(), s.one(0, 0x100)]),
        "chdir": (2, lambda s: [s.one(12, 3, 6, 20, s.name()), 0] if s.draw.random() < 0.7 else [s.fd("folder"), 1]),
        "getcwd": (2, lambda s: [s.one(4096, 4096, 3, 0)]),
        "getdents": (5, lambda s: [s.fd("folder"), s.one(4096, 4096, 200, 10)]),
        "lseek": (2, lambda s: [s.fd("folder"), 0, 0]),
        "fstat": (2, lambda s: [s.fd("folder", "file")]),
        "umask": (1, lambda s: [s.one(0, 0o22, 0o77, 0o1777)]),
    },
    "users": {
        "file_user": (6, lambda s: [s.one(0, 0, 1, 1, 2), s.one(0, 1, 2)]), "groups": (1, lambda s: [s.one(1, 2), s.one(0, 1)]),
        "real_user": (1, lambda s: [s.one(0, 0, 1)]),
        "chown": (5, lambda s: [s.name(), s.one(-1, 0, 1, 1, 2), s.one(-1, -1, 0, 1, 2), s.one(0, 0, 0x100)]),
        "fchown": (1, lambda s: [s.fd("file", "folder"), s.one(-1, 0, 1, 2), s.one(-1, 1, 2)]),
        "chmod": (6, lambda s: [s.one(12, 3, 6, s.name(), s.name()), s.one(0o600, 0o755, 0o1777, 0o1777, 0o777, 0o2775, 0o40, 0o7, 0o311, 0)]),
        "fchmod": (1, lambda s: [s.fd("file", "folder"), s.one(0o600, 0o666, 0o2755, 0o1777)]),
        "faccess": (3, lambda s: [s.name(), s.one(0, 1, 2, 4, 7), s.one(0, 0x200, 0x300)]), "access": (3, lambda s: [s.name(), s.one(0, 1, 2, 4, 7)]),
        "open": (8, _open), "open ": (3, _open_folder), "close": (3, _close), "read": (2, lambda s: [s.fd("file"), s.size()]),
        "openat": (2, lambda s: [s.put("file"), s.fd("folder"), s.one(16, 17, 0, 18, 19), s.one(0, 2) | s.flags(CREAT), 0o640]),
        "write": (2, lambda s: [s.fd("file"), s.size(), s.one(1, 2, 3)]),
        "mkdir": (4, lambda s: [s.one(3, 3, 4, 6, 7, s.name()), s.one(0o755, 0o700, 0o777)]),
        "mknod": (1, lambda s: [s.name(), 0o100644]),
        "unlink": (5, lambda s: [s.name(), s.one(0, 0, 0x200)]), "unlinkat": (1, lambda s: [s.fd("folder"), s.one(16, 17, 18, 0), s.one(0, 0x200)]),
        "rename": (6, lambda s: [s.name(), s.name(), s.one(0, 0, 0, 1, 2)]), "link": (4, lambda s: [s.name(), s.name(), s.one(0, 0, 0x400)]),
        "symlink": (4, lambda s: [s.name(), s.one(8, 8, s.name())]), "readlink": (1, lambda s: [s.name(), 100]),
        "truncate": (2, lambda s: [s.name(), s.one(0, 5000)]), "ftruncate": (1, lambda s: [s.fd("file"), s.one(0, 10)]),
        "utimens": (2, lambda s: [s.name(), s.one(0, 0x100), 1, s.one(0, 7, 0x3ffffffe, -1), 3]), "touch": (2, lambda s: [s.name()]),
        "stat": (4, lambda s: [s.name(), s.one(0, 0x100)]), "fstat": (2, lambda s: [s.fd("folder", "file")]),
        "chdir": (2, lambda s: [s.one(12, 3, 6, 20, s.name()), 0] if s.draw.random() < 0.7 else [s.fd("folder"), 1]),
        "getdents": (2, lambda s: [s.fd("folder"), 4096]), "umask": (1, lambda s: [s.one(0, 0o22, 0o77)]),
    },
    "identities": {
        "setuid": (4, lambda s: [s.one(0, 1, 1, 2, -1)]), "setgid": (2, lambda s: [s.one(0, 1, 2, -1)]),
        "setreuid": (5, lambda s: [s.one(-1, -1, 0, 1, 2), s.one(-1, 0, 1, 2)]), "setregid": (3, lambda s: [s.one(-1, -1, 0, 1, 2), s.one(-1, 0, 1, 2)]),
        "setresuid": (6, lambda s: [s.one(-1, 0, 1, 2), s.one(-1, 0, 1, 2), s.one(-1, 0, 0, 1, 2)]),
        "setresgid": (3, lambda s: [s.one(-1, 0, 1, 2), s.one(-1, 0, 1, 2), s.one(-1, 0, 1, 2)]),
        "setfsuid": (3, lambda s: [s.one(0, 1, 2, -1)]), "setfsgid": (2, lambda s: [s.one(0, 1, 2, -1)]),
        "setgroups": (2, lambda s: [s.one(0, 1, 2, 2, 70000, -1), s.one(0, 1, 2), s.one(0, 1, 2)]), "getgroups": (2, lambda s: [s.one(0, 1, 8, 8, -1)]),
        "capset": (2, lambda s: [s.one(0, 1, 2, 0xe0, 0x3fffffff), s.one(0, 0, 0, 1, 0x80, 0xc0), s.one(0, 0, 2, 0xff)]),
        "capset_effective": (2, lambda s: [s.one(0, 2, 0xc0, 0xffffffff)]),
        "keep": (3, lambda s: [s.one(0, 1, 1, 2)]), "bound": (1, lambda s: [s.one(1, 6, 30, 41, -1)]),
        "kill_parent": (2, lambda s: [0]), "forked": (1, lambda s: [0]),
        "open": (4, _open), "close": (1, _close), "chown": (2, lambda s: [s.name(), s.one(-1, 0, 1, 2), s.one(-1, 0, 1, 2), 0]),
        "chmod": (3, lambda s: [s.one(12, s.name()), s.one(0o600, 0o1777, 0o777, 0o2775, 0o40, 0o7)]), "touch": (1, lambda s: [s.name()]),
        "mkdir": (2, lambda s: [s.one(3, 4, 6, 7), s.one(0o755, 0o700, 0o777)]), "unlink": (2, lambda s: [s.name(), s.one(0, 0x200)]),
        "faccess": (2, lambda s: [s.name(), s.one(0, 1, 2, 4, 7), s.one(0, 0x200)]), "link": (1, lambda s: [s.name(), s.name(), 0]),
        "stat": (2, lambda s: [s.name(), 0]), "rename": (1, lambda s: [s.name(), s.name(), 0]), "mknod": (1, lambda s: [s.name(), 0o100644]),
    },
    "descriptors": {
        "open": (5, _open), "pipe": (5, _pipe), "close": (8, _close),
        "dup": (5, lambda s: _copy(s)),
        "dup3": (4, lambda s: _copy(s, s.one(5, 6, 7, 20, 60, 61, 5000, -1), s.one(0, 0, CLOEXEC, 1))),
        "fcntl_dup": (4, lambda s: _copy(s, s.one(0, 1030), s.one(0, 5, 30, -1, 100000))),
        "fcntl": (8, lambda s: s.draw.choice([[s.any_fd(), s.one(1, 3), 0], [s.any_fd(), 2, s.one(0, 1, 3)],
                                              [s.any_fd(), 4, NONBLOCK | s.flags(APPEND)],
                                              [s.any_fd(), s.one(77, -1), 0], [s.fd("pipe", "pipe-in", "file"), 1032, 0]])),
        "read": (6, lambda s: [s.fd("pipe", "file"), s.size()]),
        "write": (8, lambda s: [s.fd("pipe-in", "file"), s.size(), s.one(1, 2, 3)]),
        "readable": (3, lambda s: [s.fd("pipe", "file", "unix")]),
        "set_nonblocking": (1, lambda s: [s.any_fd(), 1]),
        "close_range": (1, lambda s: [s.one(5, 8, 20, 60), s.one(6, 9, 30, 61, 2), s.one(0, 0, 4, 1)]),
        "limit_files": (1, lambda s: [s.one(20, 64, 1024), s.one(4096, 4096, 10), s.one(0, 1)]),
        "fstat": (2, lambda s: [s.fd("pipe", "pipe-in")]),
        "poll": (2, lambda s: [s.fd("pipe"), s.fd("pipe-in"), s.fd("file"), 0x2005, 0]),
    },
    "memory": {
        "open": (3, _open), "write": (2, lambda s: [s.fd("file"), s.one(4096, 10000, 20000), s.one(1, 2)]),
        "ftruncate": (1, lambda s: [s.fd("file"), s.one(0, 1, 5000, 20000)]),
        "mmap": (12, lambda s: [s.one(*range(12)), s.one(1, 1, 2, 4, 8), s.one(0, 1, 3, 3, 3),
                                s.one(0x22, 0x22, 0x22, 0x21, 0), -1, 0]),
        "mmap ": (8, lambda s: [s.one(*range(12)), s.one(1, 1, 2, 4), s.one(0, 1, 3, 3), s.one(2, 2, 1), s.fd("file"),
                                s.one(0, 0, 1, 2)]),
        "mmap_anywhere": (2, lambda s: [s.one(0, 1, 4096, 10000, -1), s.one(1, 3), s.one(0x22, 0x21, 0x20), -1, s.one(0, 0, 4096, 5)]),
        "munmap": (4, lambda s: [s.one(*range(12)), s.one(0, 1, 1, 2, 4), s.one(0, 0, 0, 0, 1)]),
        "mprotect": (7, lambda s: [s.one(*range(12)), s.one(0, 1, 1, 2, 4), s.one(0, 1, 1, 3, 3, 0x100)]),
        "mremap": (3, lambda s: [s.one(*range(12)), s.one(1, 2, 4), s.one(1, 2, 3, 4, 0), s.one(0, 1, 3, 3, 2, 9), s.one(32, 36)]),
        "madvise": (2, lambda s: [s.one(*range(12)), s.one(0, 1, 2), s.one(0, 3, 4, 4, 999)]),
        "msync": (1, lambda s: [s.one(*range(12)), s.one(0, 1, 2), s.one(0, 1, 4, 5, 64)]),
        "peek": (14, lambda s: [s.one(*range(12), *range(12), 32, 36), s.one(0, 1, 904, 4095)]),
        "poke": (12, lambda s: [s.one(*range(12), *range(12), 32, 36), s.one(0, 1, 904, 4095), s.one(7, 8, 9)]),
        "write_from": (3, lambda s: [s.fd("file"), s.one(*range(12)), s.one(1, 4096, 8192, 20000)]),
        "read_into": (3, lambda s: [s.fd("file"), s.one(*range(12)), s.one(1, 4096, 8192, 20000)]),
        "pread": (2, lambda s: [s.fd("file"), s.one(100, 4096), s.one(0, 4096)]),
        "brk": (1, lambda s: [s.one(0, 1, 4096, 100000)]),
        "close": (1, _close),
    },
    "events": {
        "eventfd": (6, lambda s: [s.put("eventfd"), s.one(0, 1, 5), NONBLOCK | s.flags(CLOEXEC, 1, chance=0.3)]),
        "eventfd ": (1, lambda s: [s.put("eventfd"), 0, NONBLOCK | 4]),
        "add": (7, lambda s: [s.fd("eventfd"), s.one(0, 1, 2, 1000, -1, -2), s.one(8, 8, 8, 4)]),
        "take": (6, lambda s: [s.fd("eventfd", "eventfd", "timerfd"), s.one(8, 8, 8, 4)]),
        "pipe": (3, _pipe), "read": (3, lambda s: [s.fd("pipe", "unix"), s.one(1, 100, 65536)]),
        "write": (4, lambda s: [s.fd("pipe-in", "unix"), s.one(1, 100, 65536), 1]),
        "socketpair": (2, lambda s: [s.put("unix"), s.put("unix"), 1, s.one(1, 2, 5) | NONBLOCK]),
        "shutdown": (1, lambda s: [s.fd("unix"), s.one(0, 1, 2)]),
        "epoll": (4, lambda s: [s.put("epoll"), s.one(0, CLOEXEC, 0, 1)]),
        "epoll_ctl": (14, lambda s: [s.fd("epoll"), s.one(1, 1, 1, 2, 3, 3, 7),
                                     s.fd("pipe", "pipe-in", "eventfd", "unix", "file", "epoll", "timerfd"),
                                     s.one(1, 4, 5, 0x2005) | s.flags(1 << 31, 1 << 30, chance=0.25), 0]),
        "epoll_wait": (14, lambda s: [s.fd("epoll"), s.one(16, 16, 16, 16, 0, -1), s.one(0, 0, 0, 1)]),
        "poll": (8, lambda s: [s.fd("pipe", "eventfd", "unix"), s.fd("pipe-in", "eventfd", "unix"), s.fd("file", "epoll", "timerfd"),
                               s.one(1, 4, 5, 0x2005, 0x41), s.one(0, 0, 1)]),
        "select": (5, lambda s: [s.fd("pipe", "eventfd", "unix"), s.fd("pipe-in", "eventfd", "epoll"), s.one(0, 1)]),
        "close": (4, _close), "dup": (2, lambda s: _copy(s)), "open": (1, _open),
    },
    "signals": {
        "sigaction": (8, lambda s: [s.one(*SIGNALS), s.one(1, 2, 2, 2), s.flags(0x08000000, 0x40000000, 0x10000000, chance=0.2),
                                    s.one(0, 0, 0xa00, 1 << 33), s.one(0, 0, 0, 0, 4)]),
        "sigaction  ": (1, _reset_hand),
        "sigaction ": (1, lambda s: [s.one(*HARMLESS, 9, 19, 65, 0), s.one(0, 1, 2), 0, 0, 0]),
        "sigmask": (12, lambda s: [s.one(0, 1, 2, 2, 5), s.one(0, 0x200, 0x800, 0xa00, 3 << 33, -1), 0]),
        "sigpending": (6, lambda s: [0]),
        "sigsend": (14, lambda s: [s.one(*SIGNALS, *SIGNALS, *HARMLESS, 0, 65), s.one(0, 1, 2), s.one(11, 22, 33)]),
        "sigwait": (5, lambda s: [s.one(0x200, 0x800, 0xa00, 3 << 33, -1), s.one(0, 0, 1000, 1000, 2000000000)]),
        "sigsuspend": (3, lambda s: [s.one(0, 0x200, 0x800, 1 << 33), 0]),
        "sigaltstack": (3, lambda s: [s.one(0, 0, 2, 5), s.one(16384, 16384, 100, 0), s.one(0, 1)]),
    },
    "signalfd": {
        "sigmask": (8, lambda s: [s.one(0, 1, 2, 2), s.one(0, 0x200, 0x800, 0xa00, 3 << 33, -1), 0]),
        "sigsend": (14, lambda s: [s.one(*SIGNALS), s.one(0, 1, 2), s.one(11, 22, 33)]), "sigpending": (2, lambda s: [0]),
        "signalfd": (3, lambda s: [s.put("signalfd"), s.one(0x200, 0xa00, 3 << 33), NONBLOCK | s.flags(CLOEXEC, chance=0.2), 0]),
        "signalfd_read": (4, lambda s: [s.fd("signalfd"), s.one(128, 256, 100)]),
        "poll": (2, lambda s: [s.fd("signalfd"), s.fd("signalfd"), -1, 1, 0]), "close": (1, _close),
    },
    "timers": {
        "clock_gettime": (4, lambda s: [s.one(0, 1, 2, 3, 4, 5, 6, 7, 11, 99, -1)]),
        "clock_getres": (3, lambda s: [s.one(0, 1, 2, 3, 4, 5, 6, 7, 11, 99)]),
        "nanosleep": (3, lambda s: [s.one(0, -1), s.one(0, 1, 1000000, 1000000000, -1)]),
        "clock_nanosleep": (3, lambda s: [s.one(0, 1, 1, 7, 3, 99), s.one(0, 1), s.one(0, 1, -1), s.one(0, 1, 1000000, 1000000000)]),
        "timerfd": (5, lambda s: [s.put("timerfd"), s.one(0, 1, 1, 7, 2, 99), NONBLOCK | s.flags(CLOEXEC, 1, chance=0.2)]),
        "timerfd_set": (6, lambda s: [s.fd("timerfd"), s.one(0, 0, 0, 1, 9), s.one(0, 2, 100000), s.one(0, 0, 5),
                                      s.one(0, 0, 0, 1000000000, -1)]),
        "timerfd_get": (4, lambda s: [s.fd("timerfd")]),
        "timerfd_wait": (4, lambda s: [s.fd("timerfd"), 50]),
        "interrupted_sleep": (2, lambda s: [s.one(0, 1), s.one(0, 1)]),
        "interrupted_poll": (2, lambda s: [s.one(0, 1)]),
        "getitimer": (2, lambda s: [s.one(0, 1, 2, 3)]),
        "setitimer": (3, lambda s: [s.one(0, 1, 2, 3), s.one(0, 100, 200), s.one(0, 5), s.one(0, 0, 1000000, -1)]),
        "timer": (5, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, 1, 7, 99), s.one(10, 34, 34, 65)]),
        "timer_wait": (5, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, 3), s.one(10, 34)]),
        "timer_delete": (2, lambda s: [s.one(0, 1, 2, 3)]),
        "close": (2, _close),
    },
    "unix": {
        "socket": (3, lambda s: [s.put("unix"), s.one(1, 1, 1, 1, 1, 77),
                                 s.one(1, 1, 1, 2, 5, 3, 9) | NONBLOCK | s.flags(CLOEXEC, chance=0.1), s.one(0, 0, 0, 1, 9)]),
        "socketpair": (5, lambda s: [s.put("unix"), s.put("unix"), s.one(1, 1, 1, 2), s.one(1, 1, 2, 5) | NONBLOCK]),
        "bind": (3, lambda s: [s.fd("unix"), s.one(0, 1, 2, 8, 9, 10), s.one(0, 0, 0, 0, 2, 1, 200)]),
        "listen": (1, lambda s: [s.fd("unix"), s.one(0, 1, 5)]),
        "listen ": (5, _listener("unix", 1, [0, 1, 2, 8, 9, 10])),
        "connect": (2, lambda s: [s.fd("unix"), s.one(0, 1, 2, 8, 9, 10)]),
        "connect ": (7, _connected("unix", 1, [0, 8])),
        "accept": (8, lambda s: [s.put("unix"), s.fd("unix-listener"), s.one(NONBLOCK, NONBLOCK | CLOEXEC, NONBLOCK | 1), 0]),
        "send": (10, lambda s: [s.fd("unix"), s.one(0, 1, 10, 1000, 20000), s.one(0, 0, 0, 1), s.one(1, 2, 3)]),
        "sendto": (3, lambda s: [s.fd("unix"), s.one(0, 1, 10, 1000), 0, s.one(0, 1, 2, 8, 9), 4]),
        "recv": (10, lambda s: [s.fd("unix"), s.one(0, 1, 5, 100, 30000), s.one(0, 0, 0, 2, 0x20, 0x100), 0]),
        "sendmsg": (4, lambda s: [s.fd("unix"), s.one(1, 10, 0), s.fd("unix", "pipe", "file"), 5, s.one(0, 1, 1)]),
        "recvmsg": (5, lambda s: [s.fd("unix"), s.one(1, 10, 100), s.put("file"), s.one(64, 64, 0, 8), s.one(0, 0, 2, 0x40000000)]),
        "shutdown": (3, lambda s: [s.fd("unix"), s.one(0, 1, 2, 3)]),
        "getsockopt": (4, lambda s: [s.fd("unix", "unix-listener"), 1, s.one(3, 4, 30, 38, 39, 2, 9, 16, 999)]),
        "setsockopt": (2, lambda s: [s.fd("unix"), 1, s.one(2, 9, 16, 999), s.one(0, 1), s.one(0, 0, 2)]),
        "sockname": (4, lambda s: [s.fd("unix", "unix-listener"), s.one(0, 1)]),
        "read": (3, lambda s: [s.fd("unix"), s.one(1, 100, 30000)]), "write": (3, lambda s: [s.fd("unix"), s.one(1, 100), 2]),
        "readable": (2, lambda s: [s.fd("unix")]),
        "poll": (5, lambda s: [s.fd("unix"), s.fd("unix", "unix-listener"), s.fd("unix"), s.one(5, 0x2005), 0]),
        "stat": (1, lambda s: [s.one(22, 23), 0]), "unlink": (1, lambda s: [s.one(22, 23), 0]),
        "close": (5, _close), "pipe": (1, _pipe), "fstat": (1, lambda s: [s.fd("unix")]),
    },
    "inet": {
        "socket": (3, lambda s: [s.put("inet"), 2, s.one(1, 1, 1, 2) | NONBLOCK, s.one(0, 0, 0, 6, 17)]),
        "bind": (3, lambda s: [s.fd("inet"), s.one(17, 18, 19), s.one(0, 0, 0, 0, 2)]),
        "listen": (1, lambda s: [s.fd("inet"), s.one(1, 5)]),
        "listen ": (5, _listener("inet", 2, [17, 18, 19])),
        "connect": (2, lambda s: [s.fd("inet"), s.one(17, 18, 19)]),
        "connect ": (7, _connected("inet", 2, [17])),
        "accept": (8, lambda s: [s.put("inet"), s.fd("inet-listener"), NONBLOCK, 1]),
        "send": (10, lambda s: [s.fd("inet"), s.one(0, 1, 10, 1000), 0, s.one(1, 2, 3)]),
        "sendto": (4, lambda s: [s.fd("inet"), s.one(1, 10, 1000), 0, s.one(17, 18, 19), 4]),
        "recv": (10, lambda s: [s.fd("inet"), s.one(0, 1, 5, 100, 30000), s.one(0, 0, 0, 2, 0x20, 0x22), 1]),
        "shutdown": (2, lambda s: [s.fd("inet"), s.one(0, 1, 2, 3)]),
        "getsockopt": (4, lambda s: [s.fd("inet", "inet-listener"), 1, s.one(3, 4, 30, 38, 39, 2, 9, 999)]),
        "getsockopt ": (1, lambda s: [s.fd("inet"), 6, s.one(1, 999)]),
        "setsockopt": (3, lambda s: [s.fd("inet"), s.one(1, 6), s.one(1, 2, 9, 15, 999), s.one(0, 1), s.one(0, 0, 2)]),
        "sockname": (4, lambda s: [s.fd("inet", "inet-listener"), s.one(0, 1)]),
        "readable": (2, lambda s: [s.fd("inet")]),
        "poll": (4, lambda s: [s.fd("inet"), -1, -1, s.one(1, 5), 20]),
        "close": (4, _close),
    },
    "terminals": {
        "tty_open": (2, _terminal), "tty_again": (1, lambda s: [s.put("slave"), s.fd("master"), s.one(0, NOCTTY), s.one(0, 0, 1)]),
        "tty_write": (16, lambda s: [s.fd("master"), *s.draw.choice(TTY_TYPED)]),
        "tty_write ": (5, lambda s: [s.fd("slave"), s.draw.randrange(30), s.one(1, 1, 3, 100)]),
        "tty_read": (8, lambda s: [s.fd("slave"), s.one(1, 5, 100, 5000, 0)]), "tty_read ": (10, lambda s: [s.fd("master"), s.one(1, 5, 100, 4000, 4000)]),
        "tty_flag": (8, lambda s: [s.fd("master", "slave", "slave"), *s.draw.choice(TTY_FLAGS), s.one(0, 1), s.one(0, 0, 0, 1, 2)]),
        "tty_char": (3, lambda s: [s.fd("slave"), *s.draw.choice(TTY_CHARS)]),
        "tty_get": (1, lambda s: [s.fd("master", "slave")]), "tty_poll": (5, lambda s: [s.fd("master"), s.fd("slave")]),
        "tty_ask": (6, lambda s: [s.fd("master", "slave"), s.one(*range(12), 13, 14, 16), s.one(0, 0, 1, 2, 3, 4, 77, -1)]),
        "tty_ask ": (5, lambda s: [s.fd("master", "slave"), *s.draw.choice(((0, 0), (2, 0), (2, 1), (2, 2), (3, 0), (3, 1), (3, 2), (3, 3), (4, 1), (10, 0), (12, 0), (12, 77), (15, 0)))]),
        "tty_window": (2, lambda s: [s.fd("master", "slave"), s.one(0, 0, 24, 25), 80]),
        "tty_whose": (2, lambda s: [s.fd("master", "slave"), s.one(0, 1)]), "tty_front": (1, lambda s: [s.fd("master", "slave"), s.one(0, 1, 1, 2)]),
        "setsid": (1, lambda s: []), "tty_behind": (2, lambda s: [s.fd("slave"), s.one(0, 1, 2), s.one(0, 0, 1, 2)]), "close": (1, _close),
    },
    "watches": {
        "inotify": (3, lambda s: [s.put("inotify"), NONBLOCK | s.flags(CLOEXEC, 1, chance=0.1)]),
        "watch": (9, lambda s: [s.fd("inotify"), s.one(12, 12, 3, 3, 6, 0, 1, 8, s.name()),
                                s.one(0xfff, 0xfff, 0xfff, 0x3c0, 0xc00, 0x18, 0, 1 << 31) | s.flags(1 << 24, 1 << 25, 1 << 26, 1 << 28, 1 << 29, 1 << 31, chance=0.08)]),
        "unwatch": (1, lambda s: [s.fd("inotify"), s.one(1, 2, 3, 0, -1)]),
        "told": (10, lambda s: [s.fd("inotify"), s.one(4096, 4096, 4096, 16, 40, 3)]),
        "close": (8, _used), "open": (1, _open_folder),
        "mkdir": (3, lambda s: [s.one(3, 3, 4, 6, 7, s.name()), 0o755]), "unlink": (4, lambda s: [s.name(), s.one(0, 0, 0x200)]),
        "rename": (5, lambda s: [s.name(), s.name(), s.one(0, 0, 0, 1, 2)]), "link": (2, lambda s: [s.name(), s.name(), 0]),
        "symlink": (1, lambda s: [s.name(), s.one(8, s.name())]), "chmod": (2, lambda s: [s.name(), s.one(0o600, 0o755)]),
        "truncate": (1, lambda s: [s.name(), s.one(0, 1, 5000)]), "utimens": (1, lambda s: [s.name(), s.one(0, 0x100), 1, 7, 3]),
        "chown": (1, lambda s: [s.name(), s.one(-1, 0), s.one(-1, 0), s.one(0, 0x100)]), "poll": (2, lambda s: [s.fd("inotify"), s.fd("inotify"), -1, 1, 0]),
    },
    "locks": {
        "open": (4, lambda s: [s.put("file"), s.one(0, 0, 0, 1), s.one(0, 1, 2, 2, 2) | CREAT, 0o644]), "dup": (1, lambda s: _copy(s)), "close": (2, _close),
        "part_lock": (10, _part), "part_ask": (5, _part), "child_lock": (4, _part), "child_ask": (8, _part),
        "lseek": (1, lambda s: [s.fd("file"), s.one(0, 5, 100), 0]), "lock": (3, lambda s: [s.fd("file"), s.one(1, 2, 8, 8) | 4]),
    },
    "queues": {
        "mq_open": (6, lambda s: [s.put("queue"), s.one(0, 0, 1, 2, 3, 9), s.one(0, 1, 2, 2, 2) | NONBLOCK | s.flags(CREAT, CREAT, EXCL, chance=0.45),
                                  s.one(0o600, 0o644, 0), s.one(0, 0, 2, 10, 11, -1), s.one(10, 100, 8192, 8193, 0)]),
        "mq_unlink": (1, lambda s: [s.one(0, 1, 2, 3)]), "mq_send": (9, lambda s: [s.fd("queue"), s.one(0, 1, 10, 10, 100, 9000), s.one(0, 0, 1, 2, 32767, 32768), s.one(1, 2)]),
        "mq_receive": (8, lambda s: [s.fd("queue"), s.one(8192, 8192, 100, 10, 0), s.one(0, 0, 1, 2)]), "mq_attributes": (3, lambda s: [s.fd("queue"), s.one(-1, -1, NONBLOCK, NONBLOCK | 1)]),
        "mq_notify": (3, lambda s: [s.fd("queue"), s.one(0, 1, 9, -1)]), "poll": (3, lambda s: [s.fd("queue"), s.fd("queue"), -1, 5, 0]),
        "fstat": (1, lambda s: [s.fd("queue")]), "close": (2, _close), "mq_text": (2, lambda s: [s.fd("queue"), s.one(0, 0, 0, 20, 60)]), "lseek": (1, lambda s: [s.fd("queue"), 0, 0]),
    },
    "sysv": {
        "shmget": (5, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, 2, -1), s.one(0, 1, 4096, 5000, 100000), s.one(0, 0o600, 0o1600, 0o1600, 0o3600)]),
        "shmctl": (4, lambda s: [s.one(0, 1, 2, 3), s.one(2, 2, 1, 0, 11, 12, 99), s.one(0o600, 0o444)]), "shmat": (5, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 0o10000)]), "shmdt": (4, lambda s: [s.one(0, 1, 2, 3)]), "semget": (6, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, 2, -1), s.one(0, 1, 4, 4, 4, 5, 32001), s.one(0, 0o600, 0o1600, 0o1600, 0o1600, 0o3600)]),
        "semctl": (8, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 1, 2, 3, 4, -1), s.one(2, 2, 1, 0, 11, 12, 12, 13, 13, 14, 15, 16, 16, 17, 99),
                                 s.one(0, 0, 1, 2, 32767, 32768, -1)]),
        "semop": (10, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 1, 3, 4), s.one(-1, 1, 2, 0, -2, 32767), s.one(-1, 0, 1, 2), s.one(-1, 1, 0, 3), s.one(0, 0, 0, UNDO)]),
        "sem_hand": (3, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 1, 4), s.one(-1, -1, -2, 0, 1), s.one(0, 0, UNDO), s.one(1, 1, 2, -1, 0)]),
        "sem_child": (4, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 1, 3), s.one(1, 2, -1, -1), s.one(0, UNDO, UNDO)]), "msgget": (5, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, 2, -1), s.one(0, 0o600, 0o1600, 0o1600, 0o1600, 0o3600)]),
        "msgctl": (4, lambda s: [s.one(0, 1, 2, 3), s.one(2, 2, 2, 1, 0, 99), s.one(16384, 16384, 100, 0, 20000)]),
        "msgsnd": (10, lambda s: [s.one(0, 1, 2, 3), s.one(1, 1, 2, 3, 5, 0, -1), s.one(0, 1, 10, 100, 8192, 8193), s.one(1, 2)]),
        "msgrcv": (9, lambda s: [s.one(0, 1, 2, 3), s.one(0, 0, 1, 2, 3, -2, -9, 7), s.one(8192, 8192, 10, 0), s.one(0, 0, 0o10000, 0o20000, 0o40000, 0o60000)]),
        "msg_hand": (2, lambda s: [s.one(0, 1, 2, 3), s.one(0, 1, -3), s.one(1, 2, 5), s.one(0, 10, 200)]),
    },
    "process": {
        "fork": (6, lambda s: [s.one(0, 1, 7, 255, 256), s.one(0, 1), s.fd("file", "pipe"), s.one(0, 0, 0, 9, 15, 10)]),
        "fork_seek": (2, lambda s: [s.fd("file"), s.one(0, 7, 5000)]),
        "wait": (2, lambda s: [s.one(-1, 0, 1, 99999), s.one(0, 1, 1 << 20)]),
        "open": (3, _open), "write": (2, lambda s: [s.fd("file"), s.size(), 2]), "lseek": (2, lambda s: [s.fd("file"), 0, 1]),
        "umask": (2, lambda s: [s.one(0, 0o22, 0o77, 0o7777)]), "ids": (1, lambda s: [0]), "uname": (1, lambda s: [0]),
        "getrandom": (2, lambda s: [s.one(0, 1, 256, 257, 1000), s.one(0, 1, 2, 3, 8)]),
        "prctl_name": (2, lambda s: [s.one(0, 1, 2, 3)]), "sched_yield": (1, lambda s: [0]),
        "limit_files": (2, lambda s: [s.one(20, 64, 1024), s.one(4096, 4096, 10), s.one(0, 1)]),
        "brk": (1, lambda s: [s.one(0, 1, 4096, 100000)]), "sigaction": (1, lambda s: [17, s.one(0, 1, 2), 0, 0, 0]),
    },
}


def sequence(seed: int, families: list[str], length: int) -> list[str]:
    """The operations of a sequence, a line each without its number."""
    made = Sequence(seed)
    mixed = made.draw.sample(families, min(len(families), made.draw.choice((1, 1, 2))))
    rows = [(name.strip(), weight, make) for family in mixed for name, (weight, make) in FAMILIES[family].items()]
    if {"files", "names", "users", "identities", "memory", "process", "splices"} & set(mixed):
        for name in (0, 1):
            made.say("open", [made.put("file"), name, 2 | CREAT, 0o644])
            made.say("write", [list(made.kinds)[-1], made.size(), name])
    if {"names", "users", "identities", "watches"} & set(mixed):
        made.say("mkdir", [3, 0o755])
        made.say("open", _open_folder(made))
    if {"signals", "signalfd", "timers", "process"} & set(mixed):
        for number in SIGNALS:
            made.say("sigaction", [number, 2, 0, 0, 0])
    while len(made.lines) < length:
        name, _, make = made.draw.choices(rows, [weight for _, weight, _ in rows])[0]
        try:
            made.say(name, make(made))
        except Missing:
            continue
    return made.lines[:length]


def text(sequences: dict[int, list[str]]) -> str:
    """As the program in the guest reads them."""
    out: list[str] = []
    for number, lines in sequences.items():
        out.append(f"S {number}")
        out += [f"{index} {line}" for index, line in enumerate(lines, 1)]
    return "\n".join([*out, ""])
