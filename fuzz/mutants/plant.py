"""Reads mutant files and plants all mutants in a copy of the source tree, each behind a switch of its own.

A mutant file has entries like

    mutant 12 sub-same-is-one
    class K0
    says sub x, x folds to 1
    source a rewrite with the wrong constant
    oracle ir_passes
    lane ir_passes
    in jit/opt/fold.cc
      case IrOp::sub: return by("sub x, x -> 0", number(inst.type, <|0 => 1|>));

The indented text must occur exactly once in the file (white space counts as equal), with the part in front of => inside
the marks. The marks say how the switch is made:

    <|right => wrong|>   pure expressions: both are computed, and differences are counted as infections
    <!right => wrong!>   expressions with effects: only the chosen one is evaluated
    <{right => wrong}>   statements; the wrong side may be empty
"""

import difflib
import os
import re
from typing import NamedTuple, Optional

FOLDER = os.path.dirname(os.path.abspath(__file__))
CLASSES = {"S": 10, "K0": 10, "K1": 300}  # class: seconds on one core
MARKS = {"<|": ("|>", "pure"), "<!": ("!>", "impure"), "<{": ("}>", "statement")}
INCLUDE = '#include "base/mutant.h"\n'


class BadMutant(Exception):
    """A mutant file is malformed, or a mutant does not fit the tree; the text says where and what to do."""


class Hunk(NamedTuple):
    path: str
    line: int          # in the mutant file
    before: str        # context in front of the mark
    right: str
    wrong: str
    after: str
    kind: str


class Mutant(NamedTuple):
    id: int
    name: str
    area: str
    where: str         # file:line
    fields: dict
    hunks: list

    @property
    def kill_class(self):
        return self.fields["class"]

    @property
    def budget(self):
        return CLASSES[self.kill_class]

    @property
    def lane(self):
        return self.fields.get("lane", "mix")


def parse_hunk(path, text, line, where):
    for opening, (closing, kind) in MARKS.items():
        if opening not in text:
            continue
        before, _, rest = text.partition(opening)
        body, end, after = rest.partition(closing)
        right, arrow, wrong = body.partition("=>")
        if not end or not arrow:
            raise BadMutant(f"{where}:{line}: expected '{opening}right => wrong{closing}'")
        return Hunk(path, line, before, right.strip(), wrong.strip(), after, kind)
    raise BadMutant(f"{where}:{line}: no mark (<| |>, <! !> or <{{ }}>) in the text below 'in {path}'")


def finish(entry, where):
    for field in ("class", "says", "source", "oracle"):
        if field not in entry["fields"]:
            raise BadMutant(f"{entry['where']}: mutant {entry['id']} has no '{field}' line")
    if entry["fields"]["class"] not in CLASSES:
        raise BadMutant(f"{entry['where']}: class must be one of {', '.join(CLASSES)}")
    if entry["fields"]["class"] == "S" and "judge" not in entry["fields"]:
        raise BadMutant(f"{entry['where']}: class S needs a 'judge' line")
    hunks = [parse_hunk(path, "\n".join(lines), line, where) for path, line, lines in entry.pop("texts")]
    if not hunks:
        raise BadMutant(f"{entry['where']}: mutant {entry['id']} changes nothing")
    return Mutant(hunks=hunks, **entry)


def parse_file(path):
    """The mutants of one file; its name is their area."""
    where = os.path.relpath(path, os.path.join(FOLDER, "..", ".."))
    area = os.path.splitext(os.path.basename(path))[0]
    found, entry = [], None
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    for number, line in enumerate(lines, 1):
        if line.startswith("  ") and entry and entry["texts"]:
            entry["texts"][-1][2].append(line[2:])
            continue
        if not line.strip() or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "mutant":
            if entry:
                found.append(finish(entry, where))
            match = re.fullmatch(r"(\d+) ([a-z0-9-]+)", rest.strip())
            if not match:
                raise BadMutant(f"{where}:{number}: expected 'mutant NUMBER name-with-dashes'")
            entry = {"id": int(match[1]), "name": match[2], "area": area, "where": f"{where}:{number}", "fields": {},
                     "texts": []}
        elif entry and word == "in":
            entry["texts"].append((rest.strip(), number, []))
        elif entry and word in ("class", "says", "source", "oracle", "lane", "judge", "note"):
            entry["fields"][word] = rest.strip()
        else:
            raise BadMutant(f"{where}:{number}: unknown line '{line}'")
    if entry:
        found.append(finish(entry, where))
    return found


def load_mutants(folder=FOLDER):
    """All mutants by number. Errors: BadMutant."""
    mutants = []
    for name in sorted(os.listdir(folder)):
        if name.endswith(".mutants"):
            mutants += parse_file(os.path.join(folder, name))
    seen = {}
    for mutant in mutants:
        if mutant.id in seen:
            raise BadMutant(f"{mutant.where}: number {mutant.id} is taken by {seen[mutant.id].where}")
        seen[mutant.id] = mutant
    return sorted(mutants, key=lambda mutant: mutant.id)


def pattern(text):
    """A regular expression for `text` in which any white space fits any other."""
    parts = re.split(r"\s+", text)
    return r"\s*".join(re.escape(part) if part else "" for part in parts)


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def nearest_line(wanted, source):
    lines = source.split("\n")
    scored = difflib.get_close_matches(squeeze(wanted), [squeeze(line) for line in lines], n=1, cutoff=0.3)
    for number, line in enumerate(lines, 1):
        if scored and squeeze(line) == scored[0]:
            return number, line.strip()
    return None, ""


def find_span(mutant, hunk, source):
    """Where the right text stands in the file: (begin, end). Errors: BadMutant."""
    expression = f"{pattern(hunk.before.lstrip())}\\s*(?P<right>{pattern(hunk.right)})\\s*{pattern(hunk.after.rstrip())}"
    matches = list(re.finditer(expression, source))
    if len(matches) == 1:
        return matches[0].span("right")
    where = f"{mutant.where.rsplit(':', 1)[0]}:{hunk.line}"
    if len(matches) > 1:
        raise BadMutant(f"{where}: the text of mutant {mutant.id} ({mutant.name}) occurs {len(matches)} times in {hunk.path}; "
                        "add context until it is unique")
    number, line = nearest_line(hunk.before + hunk.right + hunk.after, source)
    hint = f"; the nearest line is {hunk.path}:{number}: {line}" if number else ""
    raise BadMutant(f"{where}: the text of mutant {mutant.id} ({mutant.name}) does not occur in {hunk.path}{hint}. "
                    f"Copy the line as it is now, with the mark, or delete the mutant if what it broke is gone")


class Edit(NamedTuple):
    begin: int
    end: int
    mutant: Mutant
    hunk: Hunk


def switch(edit, right):
    number, wrong = edit.mutant.id, edit.hunk.wrong
    if edit.hunk.kind == "statement":
        return f"if (orus::mutant::active({number})) {{ orus::mutant::reach(); {wrong} }} else {{ {right} }}"
    if edit.hunk.kind == "pure":
        return f"(orus::mutant::active({number}) ? orus::mutant::pick(({right}), ({wrong})) : ({right}))"
    return f"(orus::mutant::active({number}) ? (orus::mutant::reach(), ({wrong})) : ({right}))"


def render(source, begin, end, edits):
    """source[begin:end] with the edits, which may lie inside one another but must not cut across."""
    out, at = [], begin
    while edits:
        outer = edits[0]
        inside = [edit for edit in edits[1:] if edit.begin < outer.end]
        for edit in inside:
            if edit.end > outer.end:
                raise BadMutant(f"{edit.mutant.where}: mutants {outer.mutant.id} and {edit.mutant.id} overlap in "
                                f"{outer.hunk.path}; let one contain the other")
        out.append(source[at:outer.begin])
        out.append(switch(outer, render(source, outer.begin, outer.end, inside)))
        at, edits = outer.end, edits[1 + len(inside):]
    out.append(source[at:end])
    return "".join(out)


def plant_file(source, edits):
    edits = sorted(edits, key=lambda edit: (edit.begin, -edit.end, edit.mutant.id))
    return INCLUDE + render(source, 0, len(source), edits)


def plan(mutants, tree):
    """Edits by path; every mutant is placed or BadMutant is raised with all that do not fit."""
    edits, problems, sources = {}, [], {}
    for mutant in mutants:
        for hunk in mutant.hunks:
            path = os.path.join(tree, hunk.path)
            try:
                if hunk.path not in sources:
                    with open(path, encoding="utf-8") as stream:
                        sources[hunk.path] = stream.read()
                begin, end = find_span(mutant, hunk, sources[hunk.path])
                edits.setdefault(hunk.path, []).append(Edit(begin, end, mutant, hunk))
            except FileNotFoundError:
                problems.append(f"{mutant.where}: mutant {mutant.id} names {hunk.path}, which does not exist")
            except BadMutant as error:
                problems.append(str(error))
    if problems:
        raise BadMutant("\n".join(problems))
    return {path: plant_file(sources[path], found) for path, found in edits.items()}


def write_if_changed(path, text):
    """Keeps the time stamp of a file that is right already, so that builds stay incremental."""
    previous: Optional[str] = None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as stream:
            previous = stream.read()
    if previous == text:
        return False
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    return True
