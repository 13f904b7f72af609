# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""What a manifest grants, as text; and the words that a run gives its main process."""
from __future__ import annotations

import json
import re

from . import manifest_files, manifest_values
from .errors import BadInput
from .manifest import Manifest, Process
from .manifest_files import Files
from .manifest_net import Net, Static

#: What would end a word on the kernel's command line, or not come through it.
_NOT_IN_WORDS = re.compile(r"[\x00-\x20\x7f\x85\xa0\u2028\u2029\ud800-\udfff]")


def _size(size: int) -> str:
    for unit, letter in ((2**30, "G"), (2**20, "M")):
        if size % unit == 0:
            return f"{size // unit}{letter}"
    return f"{size // 2**10}K"


def _time(time_ns: int) -> str:
    return f"{time_ns // 10**9}s" if time_ns % 10**9 == 0 else f"{time_ns // 10**6}ms"


def _word(word: str) -> str:
    """A string as it is, or quoted where it has more than visible ASCII: nobody has checked the bundle yet."""
    return word if word and word.isascii() and word.isprintable() and not set(word) & set(' "\\') else json.dumps(word)


def _net(net: Net) -> list[str]:
    lines = [f"listen on {', '.join(net.listen)}"] if net.listen else []
    lines += [f"connect to {', '.join(net.connect)}"] if net.connect else []
    lines += ["ask for addresses of names"] if net.resolve else []
    return lines or ["nothing"]


def _files(files: Files) -> list[str]:
    return [f"{manifest_files.KNOWN[key][0]}: {', '.join(rights)}" + (f"; at most {_size(files.tmp_bytes)}" if key == "tmp" else "")
            + ("; where the machine has it" if key in files.optional else "")
            + ("; a file at a panic" if key in files.post_mortem else "")
            for key, rights in files.rights.items()]


def _static(static: Static) -> str:
    more = [f"{what} {value}" for what, value in (("gateway", static.gateway), ("dns", static.dns)) if value]
    return "network     " + ", ".join([static.address, *more])


def _process(process: Process, is_main: bool) -> list[str]:
    lines = [f"process     {process.name}" + (" (main)" if is_main else ""),
             f"  exec      {' '.join(map(_word, [process.exec, *process.args]))}" + (" and words at launch" if process.launch else "")
             + (", may execute what it writes" if process.jit else "")]
    if process.env:
        lines += [f"  env       {' '.join(map(_word, process.env))}"]
    lines += [f"  memory    {_size(process.memory_bytes)}, stack {_size(process.stack_bytes)}",
              f"  threads   at most {process.threads}" + ("" if process.cpu is None else f", on CPU {process.cpu}")]
    lines += ["  restart   never" if process.restart == "never" else
              f"  restart   {process.restart}, at most {process.restarts} times, the first after {_time(process.backoff_ns)}"]
    lines += [f"  may       {name}: {', '.join(rights)}" for name, rights in process.capabilities.items()]
    if process.net:
        lines += [f"  may       net: {line}" for line in _net(process.net)]
    lines += [f"  may       {line}" for line in _files(process.files)]
    return lines if process.capabilities or process.net or process.files.rights else [*lines, "  may       nothing beyond its own memory and threads"]


def lines(manifest: Manifest) -> list[str]:
    """Each process, and all that it gets."""
    network = [_static(manifest.network)] if manifest.network else []
    return network + [line for index, process in enumerate(manifest.processes) for line in _process(process, index == manifest.main)]


def launch_words(manifest: Manifest, words: list[str]) -> str:
    """The end of the kernel's command line that hands `words` to the main process; BadInput where they cannot be."""
    if not words:
        return ""
    if not manifest.processes[manifest.main].launch:
        raise BadInput(f"{manifest.name}: takes no words at launch: no process of its manifest has launch = true")
    for word in words:
        if not word or _NOT_IN_WORDS.search(word):
            raise BadInput(f"{word!r}: a word at launch may not be empty, nor hold spaces or control characters")
    limit = manifest_values.LIST_MAX, manifest_values.LIST_BYTES
    if len(words) > limit[0] or sum(len(word.encode()) + 1 for word in words) > limit[1]:
        raise BadInput(f"at most {limit[0]} words of {limit[1]} bytes together can be given at launch")
    return " -- " + " ".join(words)
