# SPDX-License-Identifier: BSD-2-Clause
# SPDX-FileCopyrightText: The Rumpk authors
"""`rumpk recipe list`, `show`, `build` and `lock`."""
from __future__ import annotations

import argparse
from pathlib import Path

from . import content, debian, grants, recipe, recipe_build
from .errors import BadInput

DEVELOPMENT_KEY = debian.ROOT / "fixtures/keys/dev.key"


def add(sub: argparse._SubParsersAction) -> None:
    parser = sub.add_parser("recipe", help="make bundles of Debian's programs",
                            description="Makes signed bundles of Debian's arm64 packages, without root (docs/recipes.md).")
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the recipes there are")
    listing.set_defaults(function=_list)
    shown = actions.add_parser("show", help="what a recipe is made of and grants")
    shown.add_argument("recipe", metavar="NAME|FILE.toml")
    shown.set_defaults(function=_show)
    build = actions.add_parser("build", help="make the bundle", description="Fetches the packages that the recipe's lock names, takes the "
                               "files that are needed, and writes a signed bundle. The same lock and key give the same bytes.")
    build.add_argument("recipes", metavar="NAME|FILE.toml", nargs="+")
    build.add_argument("-k", dest="key", metavar="KEY", default=DEVELOPMENT_KEY, help="minisign secret key (the development key)")
    build.add_argument("-o", dest="output", metavar="app.rpk", help="of a single recipe (build/recipes/NAME.rpk)")
    build.set_defaults(function=_build)
    lock = actions.add_parser("lock", help="take the versions that Debian has now")
    lock.add_argument("recipes", metavar="NAME|FILE.toml", nargs="+")
    lock.set_defaults(function=_lock)


def _list(_: argparse.Namespace) -> int:
    for name in recipe.names():
        print(f"{name:<12}{recipe.read(recipe.find(name)).about}")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    one = recipe.read(recipe.find(arguments.recipe))
    locked = {package.name: package for package in recipe_build.locked(one)}
    print(f"{one.name}: {one.about}")
    for name in locked:
        print(f"package     {name} {locked[name].version}" + ("" if name in one.packages else ", a library"))
    for name, source in one.compile.items():
        print(f"compiled    {name} from {source}")
    print("\n".join(grants.lines(one.parsed)))
    return 0


def _build(arguments: argparse.Namespace) -> int:
    if arguments.output and len(arguments.recipes) > 1:
        raise BadInput("-o: takes a single recipe")
    for name in arguments.recipes:
        output = Path(arguments.output) if arguments.output else None
        bundle = recipe_build.build(recipe.read(recipe.find(name)), arguments.key, output)
        whole = content.read(str(bundle))
        print(f"{bundle}: {len(whole.entries)} entries, {bundle.stat().st_size} bytes")
    return 0


def _lock(arguments: argparse.Namespace) -> int:
    for name in arguments.recipes:
        recipe_build.locked(recipe.read(recipe.find(name)), anew=True)
    return 0
