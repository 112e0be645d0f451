"""Results kept in a folder, one file per variant, so that a page of all variants can come
from several runs: a whole run replaces a variant's file, one with --filter the tests it ran.

SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""

import collections
import json
import os

Outcome = collections.namedtuple("Outcome", "set suite name variant kind detail ops in_scope")


def key(outcome):
    return outcome.set, outcome.suite, outcome.name


def load(folder, variant):
    """The kept outcomes of a variant, in their order; none where there is no file."""
    path = os.path.join(folder, variant + ".json")
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [Outcome(**{**row, "ops": tuple(row["ops"])}) for row in json.load(file)]


def keep(folder, variant, outcomes, whole):
    """Keeps the outcomes of one variant; what is kept of other tests stays unless the run was whole."""
    if not whole:
        new = {key(o): o for o in outcomes}
        outcomes = [new.pop(key(o), o) for o in load(folder, variant)] + list(new.values())
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, variant + ".json")
    with open(path + ".new", "w") as file:
        json.dump([o._asdict() for o in outcomes], file, indent=0)
    os.replace(path + ".new", path)
