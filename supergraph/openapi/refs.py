"""References between the files of a document: ``$ref`` by JSON pointer, ``$anchor`` or ``$id``, never over the network.

The files come from a function that the caller gives; this package opens none itself.
"""

import posixpath
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from supergraph.openapi.load import LoadError, load
from supergraph.openapi.node import Node
from supergraph.openapi.report import Report

Read = Callable[[str], bytes]

MAX_FILES = 1_000  # of one document; the largest real bundle of the corpus has 24
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_BARE_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Bundle:
    """The entry file and the files it refers to."""

    def __init__(self, name: str, read: Read, report: Report) -> None:
        self.name = name
        self._read = read
        self._report = report
        self._roots: dict[str, Node | None] = {}
        self._anchors: dict[str, dict[str, Node]] = {}
        self._targets: dict[Node, Node | None] = {}
        self._values: dict[Node, Node | None] = {}  # where references lead in the end

    def entry(self) -> Node | None:
        """The root of the entry file; None, with a finding, if it cannot be read."""
        return self._open(self.name, at=None)

    def resolve(self, node: Node) -> Node | None:
        """Follow ``$ref``s until a node has none; None, with a finding, if they lead nowhere."""
        seen: dict[Node, None] = {}
        found: Node | None = node
        while found is not None and found not in self._values and isinstance(found.get("$ref"), str):
            if found in seen:
                message = "this $ref leads back to itself and never to a value"
                self._report.warning(found, message, "Let one of the references point at a real definition.")
                found = None
                break
            seen[found] = None
            found = self.target(found)
        found = found and self._values.get(found, found)
        self._values.update(dict.fromkeys(seen, found))
        return found

    def target(self, node: Node) -> Node | None:
        """The node that ``$ref`` of ``node`` names; None, with a finding, if there is none."""
        if node not in self._targets:
            self._targets[node] = None  # while it is sought, so that a pointer through itself finds nothing
            self._targets[node] = self._find(node, str(node.value["$ref"]))
        return self._targets[node]

    def _find(self, node: Node, ref: str) -> Node | None:
        at = f"{node.place}/$ref"
        path, _, fragment = ref.partition("#")
        if _SCHEME.match(path):
            fix = "Put a copy into components and refer to that; other machines are never asked."
            self._report.warning(at, f"refers to another machine: {ref}", fix)
            return None
        if _BARE_NAME.fullmatch(ref) and (found := self._component(node.file, ref)) is not None:
            return found
        folder = posixpath.dirname(node.file or self.name)
        root = self._open(posixpath.normpath(posixpath.join(folder, unquote(path))) if path else node.file, at=at)
        if root is None:
            return None
        found = self._descend(root, unquote(fragment))
        if found is None:
            self._report.warning(at, f"nothing is at {ref}", "Correct the reference or add what it names.")
        return found

    def _component(self, file: str, name: str) -> Node | None:
        """Find ``$ref: Pet``, a short form that Swagger 1 had and many documents of 2.0 still use."""
        root = self._open(file, at="")
        return root and (
            self._descend(root, f"/definitions/{name}") or self._descend(root, f"/components/schemas/{name}")
        )

    def _descend(self, root: Node, fragment: str) -> Node | None:
        if fragment and not fragment.startswith("/"):
            return self._anchored(root).get(fragment)
        node: Node | None = root
        for token in fragment.split("/")[1:]:
            node = self._through(node)
            if node is None:
                return None
            node = node.child(token.replace("~1", "/").replace("~0", "~"))
        return node

    def _through(self, node: Node | None) -> Node | None:
        """A pointer may pass through a reference: ``#/components/schemas/A/properties/b`` with A a ``$ref``."""
        if node is not None and isinstance(node.value, dict) and len(node.value) == 1 and node.has("$ref"):
            return self.resolve(node)
        return node

    def _anchored(self, root: Node) -> dict[str, Node]:
        if root.file not in self._anchors:
            found: dict[str, Node] = {}
            pending = [root]
            while pending:
                node = pending.pop()
                if name := node.text("$anchor"):
                    found.setdefault(name, node)
                children: Any = node.value if isinstance(node.value, dict) else range(len(node.value))
                pending += [
                    child
                    for key in children
                    if (child := node.child(str(key))) is not None and isinstance(child.value, (dict, list))
                ]
            self._anchors[root.file] = found
        return self._anchors[root.file]

    def _open(self, path: str, at: str | None) -> Node | None:
        file = "" if path in {"", self.name} else path
        if file not in self._roots:
            self._roots[file] = self._load(file, at)
        return self._roots[file]

    def _load(self, file: str, at: str | None) -> Node | None:
        prefix = f"{file}#" if file else ""
        complain = self._report.error if at is None else self._report.warning
        try:
            if len(self._roots) >= MAX_FILES:
                raise FileNotFoundError(f"a document may have {MAX_FILES} files")
            tree, defects = load(self._read(file or self.name))
        except (KeyError, OSError, ValueError) as wrong:
            reason = "it is not part of the bundle" if isinstance(wrong, KeyError) else str(wrong)
            complain(at or "", f"the file {file or self.name} cannot be read: {reason}", "Put it beside the document.")
            return None
        except LoadError as wrong:
            complain(prefix + wrong.defect.pointer, wrong.defect.message, wrong.defect.fix)
            return None
        for defect in defects:
            self._report.warning(prefix + defect.pointer, defect.message, defect.fix)
        return Node(tree, file=file)
