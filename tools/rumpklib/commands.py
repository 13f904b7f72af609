# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""The commands of rumpk but for run: each takes the parsed arguments and gives the exit status."""
from __future__ import annotations

import argparse
import json
import os
import re
import stat
from pathlib import Path
from typing import Any

from . import bake, bundle, content, files, grants, image, minisign, stamp
from . import pack as packing
from .errors import BadInput, Refused

#: The signature of a program that is no bundle, beside it: where the kernel looks for it.
PROGRAM_SUFFIX = ".minisig"


def _refuse_overwriting(paths: list[Path], force: bool) -> None:
    for path in paths:
        if path.exists() and not force:
            raise BadInput(f"{path}: is there already (--force overwrites)")


def keygen(arguments: argparse.Namespace) -> int:
    key, public = Path(arguments.prefix + ".key"), Path(arguments.prefix + ".pub")
    _refuse_overwriting([key, public], arguments.force)
    if not key.parent.is_dir():
        raise BadInput(f"{key.parent}: no such folder")
    minisign.generate(key, public, password=not arguments.no_password)
    print(f"{key}: secret key, keep it secret")
    print(f"{public}: public key {minisign.key_id_text(minisign.read_public_key(public).key_id)}")
    return 0


def _placed(arguments: argparse.Namespace) -> dict[str, Path]:
    placed = {}
    for text in arguments.file:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise BadInput(f"--file {text}: must be NAME=PATH")
        if name in placed:
            raise BadInput(f"--file {name}: given twice")
        placed[name] = Path(path)
    return placed


def pack(arguments: argparse.Namespace) -> int:
    data = packing.pack(Path(arguments.source), _placed(arguments), arguments.key, arguments.output)
    files.write(arguments.output, data)
    print(f"{arguments.output}: {len(data)} bytes" + ("" if arguments.key else ", unsigned: no kernel will run it yet"))
    return 0


def sign(arguments: argparse.Namespace) -> int:
    for name in arguments.files:
        data = files.read(name)
        if bundle.is_bundle(data):
            whole = content.read(name)
            files.write(name, packing.sign_archive(whole.archive, arguments.key, whole.manifest.name))
            print(f"{name}: signed")
        elif re.search(r"[\x00-\x1f\x7f]", Path(name).name):
            raise BadInput(f"{name!r}: its signature would name it, and cannot hold control characters")
        else:
            files.write(name + PROGRAM_SUFFIX, minisign.sign(data, arguments.key, f"program {Path(name).name}"))
            print(f"{name}{PROGRAM_SUFFIX}: written")
    return 0


def verify(arguments: argparse.Namespace) -> int:
    data, where = files.read(arguments.bundle), arguments.bundle
    public = minisign.read_public_key(arguments.public)
    try:
        parts = bundle.split(data, where)
        if not parts.signature:
            raise Refused(f"{where}: not signed")
        signature = minisign.verify(parts.archive, parts.signature, public, where)
        content.unpack(parts, where)
    except BadInput as error:
        raise Refused(str(error)) from error
    print(f"{where}: signed with key {minisign.key_id_text(signature.key_id)}: {signature.trusted_comment}")
    return 0


def _signature_facts(text: bytes, where: str) -> dict[str, str] | None:
    """What a signature says of itself; of a malformed one, what is wrong with it."""
    if not text:
        return None
    try:
        signature = minisign.parse_signature(text, where)
    except Refused as error:
        return {"malformed": str(error)}
    return {"key_id": minisign.key_id_text(signature.key_id), "trusted_comment": signature.trusted_comment}


def inspect(arguments: argparse.Namespace) -> int:
    data = files.read(arguments.file)
    return (_inspect_image if stamp.is_image(data) else _inspect_bundle)(data, arguments)


def _inspect_image(data: bytes, arguments: argparse.Namespace) -> int:
    build, keys = stamp.read(data, arguments.file), image.read(data, arguments.file)
    facts: dict[str, Any] = {
        "image": {"version": build.version, "commit": build.commit, "dirty": build.dirty, "bytes": len(data)},
        "keys": [{"key_id": minisign.key_id_text(key.public.key_id), "development": key.development} for key in keys],
        "release": not any(key.development for key in keys),
    }
    parts = bake.bundle_of(data)
    if parts is not None:
        facts["bundle"] = {"name": content.unpack(bundle.split(parts, arguments.file), arguments.file).manifest.name, "bytes": len(parts)}
    print(json.dumps(facts, indent=2) if arguments.json else _image_as_text(facts))
    return 0


def _image_as_text(facts: dict) -> str:
    build = facts["image"]
    lines = [f"image       rumpk {build['version']}, {build['bytes']} bytes",
             f"commit      {build['commit']}" + (", not exactly a commit" if build["dirty"] else ""),
             f"release     {'yes' if facts['release'] else 'no: it trusts a development key'}"]
    lines += [f"trusts      key {key['key_id']}" + (", of development" if key["development"] else "") for key in facts["keys"]]
    if not facts["keys"]:
        lines += ["trusts      nobody yet (rumpk run --trust, tools/trust-key)"]
    if "bundle" in facts:
        lines += [f"bundle      {facts['bundle']['name']}, {facts['bundle']['bytes']} bytes: rumpk bake put it here"]
    return "\n".join(lines)


def _inspect_bundle(data: bytes, arguments: argparse.Namespace) -> int:
    whole = content.unpack(bundle.split(data, arguments.file), arguments.file)
    facts = {
        "header": {"version": bundle.VERSION, "header_bytes": bundle.HEADER_BYTES,
                   "archive_bytes": len(whole.archive), "signature_bytes": len(whole.signature)},
        "signature": _signature_facts(whole.signature, arguments.file),
        "manifest": whole.manifest.as_dict(),
        "files": [{"name": entry.name, "mode": stat.filemode(entry.mode), "bytes": len(entry.data)}
                  for entry in whole.entries],
    }
    print(json.dumps(facts, indent=2) if arguments.json else _as_text(facts, grants.lines(whole.manifest)))
    return 0


def _as_text(facts: dict, granted: list[str]) -> str:
    header, signature = facts["header"], facts["signature"]
    lines = [f"bundle      version {header['version']}, archive of {header['archive_bytes']} bytes"]
    if signature is None:
        lines += ["signature   none"]
    elif "malformed" in signature:
        lines += [f"signature   malformed: {signature['malformed']}"]
    else:
        lines += [f"signature   key {signature['key_id']}, not checked here (rumpk verify does)",
                  f"            {signature['trusted_comment']}"]
    lines += [f"name        {facts['manifest']['name']}", *granted]
    lines += ["files"]
    lines += [f"            {file['mode']} {file['bytes']:>9} {file['name']}" for file in facts["files"]]
    return "\n".join(lines)


def extract(arguments: argparse.Namespace) -> int:
    parts = bundle.split(files.read(arguments.bundle), arguments.bundle)
    folder = Path(arguments.outdir)
    outputs = {folder / "archive.cpio": parts.archive}
    if parts.signature:
        outputs[folder / "archive.cpio.minisig"] = parts.signature
    _refuse_overwriting(list(outputs), arguments.force)
    try:
        os.makedirs(folder, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{folder}: {error.strerror}") from error
    for path, data in outputs.items():
        files.write(path, data)
        print(path)
    if not parts.signature:
        print("not signed: no archive.cpio.minisig")
    return 0
