"""Reads ci/thresholds.toml: the part of TOML that it uses, because Python has a reader of its own only since 3.11."""

import re

SECTION = re.compile(r"\[([a-z_]+(?:\.[a-z_]+)?)\]$")
ENTRY = re.compile(r"([A-Za-z_0-9]+)\s*=\s*(.+)$")


class BadThresholds(Exception):
    """The file is not what it should be; the text says where and why."""


def strip_comment(line):
    """The line without its comment; # inside a string stays."""
    inside = False
    for i, character in enumerate(line):
        if character == '"':
            inside = not inside
        if character == "#" and not inside:
            return line[:i].strip()
    return line.strip()


def parse_value(text, where):
    if text in ("true", "false"):
        return text == "true"
    if re.fullmatch(r'"[^"]*"', text):
        return text[1:-1]
    if text.startswith("[") and text.endswith("]"):
        items = re.findall(r'"([^"]*)"', text)
        if re.sub(r'"[^"]*"', "", text[1:-1]).replace(",", "").strip():
            raise BadThresholds(f"{where}: lists hold strings: {text}")
        return items
    try:
        return float(text) if re.search(r"[.eE]", text) else int(text)
    except ValueError:
        raise BadThresholds(f"{where}: not a number, string, true, false or list: {text}") from None


def parse(text, name="thresholds.toml"):
    """{section: {key: value}}. Errors: BadThresholds."""
    sections, current = {}, None
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{name}:{number}"
        line = strip_comment(line)
        if not line:
            continue
        section, entry = SECTION.match(line), ENTRY.match(line)
        if section:
            if section[1] in sections:
                raise BadThresholds(f"{where}: section [{section[1]}] appears twice")
            current = sections.setdefault(section[1], {})
        elif entry and current is not None:
            if entry[1] in current:
                raise BadThresholds(f"{where}: {entry[1]} is set twice")
            current[entry[1]] = parse_value(entry[2].strip(), where)
        else:
            raise BadThresholds(f"{where}: expected [section] or key = value: {line}")
    return sections


class Thresholds:
    """Values by section and key. Asking for one that the file lacks is an error, so that nothing passes by absence."""

    def __init__(self, sections, quick, name="ci/thresholds.toml"):
        self.sections, self.quick, self.name = sections, quick, name

    def get(self, section, key):
        override = self.sections.get("quick." + section, {})
        if self.quick and key in override:
            return override[key]
        try:
            return self.sections[section][key]
        except KeyError:
            raise BadThresholds(f"{self.name}: [{section}] has no '{key}'") from None


def load(path, quick):
    with open(path, encoding="utf-8") as stream:
        return Thresholds(parse(stream.read(), path), quick, path)
