"""``service.yaml`` on the department's machine: its text to a manifest, with secrets from the environment."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

from services_catalog.errors import ManifestError
from services_catalog.manifest import Manifest, pointer, read
from supergraph.findings import Finding
from supergraph.openapi.load import LoadError, load

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
    try:
        node = yaml.compose(data.decode("utf-8-sig", "replace"), yaml.CSafeLoader)
    except yaml.YAMLError:
        return 1
    line = 1
    for token in at.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        pairs = node.value if isinstance(node, yaml.MappingNode) else ()
        found = next(((name, value) for name, value in pairs if name.value == key), None)
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


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
