# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""minisign: its program for everything with a secret key or a verdict, its text formats for the rest.

The formats are read as strictly as lib/minisign.h does, so that `rumpk verify` refuses what the kernel refuses.
"""
from __future__ import annotations

import base64
import binascii
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import files, terminal
from .errors import BadInput, Refused

UNTRUSTED_COMMENT = "rumpk bundle signature"
_UNTRUSTED_PREFIX = b"untrusted comment: "
_TRUSTED_PREFIX = b"trusted comment: "


@dataclass(frozen=True)
class PublicKey:
    """A public key: the 42 bytes that the base64 line of a .pub file stands for."""

    raw: bytes

    @property
    def key_id(self) -> bytes:
        return self.raw[2:10]


@dataclass(frozen=True)
class Signature:
    """A signature text taken apart."""

    key_id: bytes
    signature: bytes
    trusted_comment: str
    global_signature: bytes


def key_id_text(key_id: bytes) -> str:
    """A key id as minisign writes it: 16 hexadecimal digits of the little-endian number."""
    return f"{int.from_bytes(key_id, 'little'):016X}"


def decode_base64(line: bytes, length: int) -> bytes | None:
    """Canonical base64 of exactly `length` bytes, or None."""
    try:
        raw = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw if len(raw) == length and base64.b64encode(raw) == line else None


def parse_signature(text: bytes, where: str) -> Signature:
    """Takes a signature text apart; Refused where it is not in every byte what it must be."""
    lines = text.split(b"\n")
    if len(lines) != 5 or lines[4]:
        raise Refused(f"{where}: signature text is not four lines, each ended by a newline")
    if lines[0] != _UNTRUSTED_PREFIX + UNTRUSTED_COMMENT.encode():
        raise Refused(f"{where}: untrusted comment is not `{UNTRUSTED_COMMENT}`")
    blob = decode_base64(lines[1], 74)
    if blob is None:
        raise Refused(f"{where}: signature is not canonical base64 of 74 bytes")
    if blob[:2] != b"ED":
        raise Refused(f"{where}: signature algorithm is not ED (prehashed)")
    comment = lines[2].removeprefix(_TRUSTED_PREFIX)
    if comment == lines[2]:
        raise Refused(f"{where}: third line is not a trusted comment")
    if any(byte < 0x20 and byte != 9 or byte == 0x7F for byte in comment):
        raise Refused(f"{where}: trusted comment is not printable")
    global_signature = decode_base64(lines[3], 64)
    if global_signature is None:
        raise Refused(f"{where}: global signature is not canonical base64 of 64 bytes")
    return Signature(blob[2:10], blob[10:], comment.decode("utf-8", "replace"), global_signature)


def read_public_key(path: str | Path) -> PublicKey:
    """Reads a .pub file."""
    lines = files.read(path).split(b"\n")
    raw = decode_base64(lines[1].rstrip(b"\r"), 42) if len(lines) > 1 and lines[0].startswith(b"untrusted") else None
    if raw is None or raw[:2] != b"Ed":
        raise BadInput(f"{path}: not a minisign public key")
    return PublicKey(raw)


def _run(arguments: list[str], ask: bool) -> subprocess.CompletedProcess[str]:
    """Runs minisign. With `ask` it keeps the terminal, to ask for a password; else it is heard only if it fails."""
    pipe = None if ask else subprocess.PIPE
    try:
        with terminal.as_before():
            return subprocess.run(["minisign", *arguments], stdin=None if ask else subprocess.DEVNULL, stdout=pipe,
                                  stderr=pipe, text=True, errors="replace", check=False)
    except FileNotFoundError as error:
        raise BadInput("minisign is not installed (Debian package: minisign)") from error


def _said(done: subprocess.CompletedProcess[str]) -> str:
    text = ((done.stderr or "") + (done.stdout or "")).strip()
    return text.splitlines()[-1] if text else f"minisign ended with status {done.returncode}"


def generate(key: str | Path, public: str | Path, password: bool) -> None:
    """Makes a key pair; minisign asks for the password itself."""
    done = _run(["-G", "-f", "-s", str(key), "-p", str(public)] + ([] if password else ["-W"]), ask=password)
    if done.returncode:
        raise Refused(f"no key made: {_said(done)}")


def _has_password(key: str | Path) -> bool:
    """Whether a secret key file is encrypted: its key derivation algorithm is not two zero bytes."""
    lines = files.read(key).split(b"\n")
    raw = decode_base64(lines[1].rstrip(b"\r"), 158) if len(lines) > 1 else None
    if raw is None or raw[:2] != b"Ed":
        raise BadInput(f"{key}: not a minisign secret key")
    return raw[2:4] != b"\0\0"


def sign(archive: bytes, key: str | Path, trusted_comment: str) -> bytes:
    """The signature text of an archive; the same archive, key and comment give the same text."""
    ask = _has_password(key)
    with tempfile.TemporaryDirectory(prefix="rumpk-sign-") as folder:
        data = Path(folder, "archive.cpio")
        text = Path(folder, "archive.cpio.minisig")
        files.write(data, archive)
        done = _run(["-S", "-s", str(key), "-m", str(data), "-x", str(text), "-c", UNTRUSTED_COMMENT,
                     "-t", trusted_comment], ask)
        sys.stdout.flush()
        if done.returncode:
            raise Refused(f"{key}: not signed: {_said(done)}")
        return text.read_bytes()


def verify(archive: bytes, signature_text: bytes, public: PublicKey, where: str) -> Signature:
    """Checks both signatures with minisign's own program; Refused names what does not hold."""
    signature = parse_signature(signature_text, where)
    if signature.key_id != public.key_id:
        raise Refused(f"{where}: signed with key {key_id_text(signature.key_id)}, not with "
                      f"{key_id_text(public.key_id)}")
    with tempfile.TemporaryDirectory(prefix="rumpk-verify-") as folder:
        data = Path(folder, "archive.cpio")
        text = Path(folder, "archive.cpio.minisig")
        files.write(data, archive)
        files.write(text, signature_text)
        done = _run(["-V", "-q", "-H", "-m", str(data), "-x", str(text),
                     "-P", base64.b64encode(public.raw).decode()], ask=False)
    if done.returncode:
        raise Refused(f"{where}: signature does not hold: {_said(done)}")
    return signature
