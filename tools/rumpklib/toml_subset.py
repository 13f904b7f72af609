# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The strict subset of TOML that the kernel reads (lib/toml.h), with the line of everything.

Not tomllib: that would accept what the kernel refuses, and names no line once it has parsed. The tests compare what
this accepts with tomllib's reading of it.
"""
from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterator, Union

from .errors import BadInput

KEY_MAX = 64
STRING_MAX = 1023  # bytes
Value = Union[str, int, bool, "list[str]"]

_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING_PART = re.compile(r'[^"\\\x00-\x08\x0a-\x1f\x7f]+|\\["\\nt]|\\u[0-9A-Fa-f]{4}')
_INTEGER = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?![0-9A-Za-z_.:-])")
_ESCAPES = {'\\"': '"', "\\\\": "\\", "\\n": "\n", "\\t": "\t"}


@dataclass(frozen=True)
class Entry:
    """A table's beginning (`value` is None: [key], [[key]] or [key.sub]) or one key with its value."""

    line: int
    key: str
    value: Value | None
    sub: str = ""
    is_array: bool = False

    @property
    def is_table(self) -> bool:
        return self.value is None


class _Scanner:
    """A place in the text, and what can be read there."""

    def __init__(self, text: str, where: str) -> None:
        self.text, self.where, self.at = text, where, 0
        self.current = ""  # the key whose value is read

    @property
    def line(self) -> int:
        return self.text.count("\n", 0, self.at) + 1

    def fail(self, why: str) -> BadInput:
        return BadInput(f"{self.where}:{self.line}: {self.current + ': ' if self.current else ''}{why}")

    def blanks(self) -> None:
        while self.text[self.at:self.at + 1] in (" ", "\t"):
            self.at += 1

    def comment(self) -> None:
        if self.take("#"):
            end = self.text.find("\n", self.at)
            self.at = len(self.text) if end < 0 else end
            if self.at and self.text[self.at - 1] == "\r":
                self.at -= 1

    def take(self, token: str) -> bool:
        if self.text.startswith(token, self.at):
            self.at += len(token)
            return True
        return False

    def match(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self.text, self.at)
        if not found:
            return None
        self.at = found.end()
        return found.group()

    def newline(self) -> bool:
        return self.take("\n") or self.take("\r\n")

    def end_of_line(self) -> None:
        self.blanks()
        self.comment()
        if self.at < len(self.text) and not self.newline():
            raise self.fail("nothing may follow a value or table on its line")

    def key(self) -> str:
        key = self.match(_KEY)
        if key is None:
            raise self.fail("a key is letters, digits, - and _, with no quotes or dots")
        if len(key) > KEY_MAX:
            raise self.fail(f"key longer than {KEY_MAX} bytes")
        return key

    def string(self) -> str:
        parts = []
        while not self.take('"'):
            part = self.match(_STRING_PART)
            if part is None:
                raise self.fail('unclosed string, control character or unknown escape: only \\" \\\\ \\n \\t \\uXXXX')
            parts.append(self.unescape(part))
        string = "".join(parts)
        if len(string.encode()) > STRING_MAX:
            raise self.fail(f"string longer than {STRING_MAX} bytes")
        return string

    def unescape(self, part: str) -> str:
        if not part.startswith("\\u"):
            return _ESCAPES.get(part, part)
        code = int(part[2:], 16)
        if code == 0 or 0xD800 <= code <= 0xDFFF:
            raise self.fail(f"{part} is not a character that may stand in a string")
        return chr(code)

    def array(self) -> list[str]:
        items: list[str] = []
        while True:
            self.array_space()
            if self.take("]"):
                return items
            if not self.take('"'):
                raise self.fail("an array holds strings, separated by commas")
            items.append(self.string())
            self.array_space()
            if not self.take(","):
                if self.take("]"):
                    return items
                raise self.fail("an array holds strings, separated by commas")

    def array_space(self) -> None:
        start = -1
        while start != self.at:
            start = self.at
            self.blanks()
            self.comment()
            self.newline()

    def value(self) -> Value:
        for token, value in (("true", True), ("false", False)):
            if self.take(token):
                return value
        if self.take('"'):
            if self.text.startswith('""', self.at):
                raise self.fail("no multi-line strings")
            return self.string()
        if self.take("["):
            return self.array()
        number = self.match(_INTEGER)
        if number is None:
            raise self.fail("a value is a string, an integer, true, false or an array of strings")
        if len(number) > 20 or not -2**63 <= int(number) < 2**63:
            raise self.fail("integer does not fit 64 bits")
        return int(number)

    def table(self, line: int) -> Entry:
        """The table whose first bracket was taken."""
        is_array = self.take("[")
        self.blanks()
        key, sub = self.key(), ""
        self.blanks()
        if not is_array and self.take("."):
            self.blanks()
            sub = self.key()
            self.blanks()
        if not self.take("]]" if is_array else "]"):
            raise self.fail("a table is [name], [[name]] or [name.sub]")
        return Entry(line, key, None, sub, is_array)

    def pair(self, line: int) -> Entry:
        self.current = self.key()
        self.blanks()
        if not self.take("="):
            raise self.fail("no = after the key")
        self.blanks()
        return Entry(line, self.current, self.value())


def entries(data: bytes, where: str) -> Iterator[Entry]:
    """Reads a text from its beginning; BadInput names `where`, line and cause."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}:{data.count(10, 0, error.start) + 1}: not UTF-8") from error
    scanner = _Scanner(text, where)
    wrong = re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n)", text)
    if wrong:
        scanner.at = wrong.start()
        raise scanner.fail("control character")
    while True:
        scanner.array_space()
        if scanner.at == len(text):
            return
        line, scanner.current = scanner.line, ""
        entry = scanner.table(line) if scanner.take("[") else scanner.pair(line)
        scanner.end_of_line()
        yield entry
