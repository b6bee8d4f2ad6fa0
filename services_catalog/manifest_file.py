"""``service.yaml`` on the department's machine: its text to a manifest, with secrets from the environment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from services_catalog.errors import ManifestError
from services_catalog.manifest import Manifest, read
from services_catalog.strict_reading import pointer
from supergraph.findings import Finding
from supergraph.openapi.load import MAX_DEPTH, LoadError, load

_VARIABLE = re.compile(r"\$\{(\w+)\}")


def read_text(data: bytes, environ: Mapping[str, str]) -> Manifest:
    """Return the manifest, ``${NAME}`` in header values replaced. Raises ManifestError with every defect."""
    try:
        raw, defects = load(data)
    except LoadError as error:
        defects, raw = [error.defect], None
    findings = [Finding("error", each.pointer, each.message, each.fix) for each in defects]
    if not findings:
        findings = [*_expand(raw, environ)]
    if findings:
        raise ManifestError(findings)
    return read(raw)


def line_of(data: bytes, at: str) -> int:
    """Return the line, from 1, where the value at a JSON pointer, or the nearest around it, stands in YAML text."""
    wanted = [token.replace("~1", "/").replace("~0", "~") for token in at.split("/") if token]
    line = 1
    found = 0  # so many of the wanted keys and places
    try:
        for depth, key, place in _places(data.decode("utf-8-sig", "replace")):
            if wanted and (found == len(wanted) or depth <= found):  # behind the value of the last one that was found
                break
            if wanted and depth == found + 1 and key == wanted[found]:
                line, found = place + 1, found + 1
    except yaml.YAMLError as error:  # what is unreadable has been said; this is only about where
        mark = getattr(error, "problem_mark", None)
        if mark is not None and not wanted:
            return int(mark.line) + 1
    return line


def _places(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield the keys of mappings and the places of lists' values: how deep they stand, which, and in which line.

    By libyaml's events: its tree is built by recursion, and 100,000 brackets would end the process.
    """
    opened: list[bool | int] = []  # of each value that has begun: whether a key comes next; in lists the next place
    events: Iterator[Any] = yaml.parse(text, yaml.CSafeLoader)
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            opened.pop()
        elif isinstance(event, yaml.NodeEvent):
            mark: Any = event.start_mark  # what is parsed from text always has one
            if opened:
                at = opened[-1]
                if isinstance(at, bool):
                    opened[-1] = not at
                    if at and isinstance(event, yaml.ScalarEvent):
                        yield len(opened), event.value, mark.line
                else:
                    opened[-1] = at + 1
                    yield len(opened), str(at), mark.line
            if isinstance(event, yaml.CollectionStartEvent):
                opened.append(True if isinstance(event, yaml.MappingStartEvent) else 0)
        if len(opened) > MAX_DEPTH:
            return


def _expand(raw: Any, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Replace variables in place."""
    upstream = raw.get("upstream") if isinstance(raw, dict) else None
    headers = upstream.get("headers") if isinstance(upstream, dict) else None
    if not isinstance(headers, dict):
        return  # the strict reading says what is wrong
    for name, value in headers.items():
        if not isinstance(value, str):
            continue
        for variable in _VARIABLE.findall(value):
            if variable not in environ:
                message, fix = f"the environment variable {variable} is not set", f"export {variable}=... first."
                yield Finding("error", pointer("/upstream/headers", name), message, fix)
        headers[name] = _VARIABLE.sub(lambda match: environ.get(match[1], ""), value)
