"""Field names of operations: the operationId in camelCase, or the path where the id is generated or absent."""

import re
from collections.abc import Collection, Iterable, Mapping

from supergraph.names import camel, distinct, is_legal, pascal, to_ascii
from supergraph.openapi.document import ApiOperation

_GENERATED_SUFFIX = re.compile(r"Using(?:GET|POST|PUT|DELETE|PATCH)(?=(?:_[0-9]+)?$)")  # springfox
_METHOD_SUFFIX = re.compile(r"_(?:GET|POST|PUT|DELETE|PATCH)(?:_[0-9]+)?$")
_IDENTIFIER_NOISE = re.compile(r"[0-9]+|[0-9a-fA-F]{16,}|[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_VERSION = re.compile(r"api|rest|v[01](?:\.[0-9]+)*", re.IGNORECASE)
MAX_ID = 80  # characters; longer ids are made by machines


def operation_names(
    operations: Collection[ApiOperation], taken: Iterable[str], live: Mapping[str, str]
) -> dict[str, str]:
    """Return each operation's name by its source (``GET /lots/{id}``).

    Of operations that want one name, the one that has it in the live graph keeps it, else the one whose path says so,
    else the one with the shortest path; the others are named by their paths.
    """
    taken = set(taken)
    kept = {each.source: live[each.source] for each in operations if _may_keep(each, live.get(each.source), taken)}
    taken |= set(kept.values())
    known = [each for each in operations if each.source not in kept]
    wanted = {each.source: own_name(each) for each in known}
    keepers: dict[str, str] = {}
    for each in sorted(known, key=lambda each: (path_name(each) != wanted[each.source], len(each.path), each.source)):
        if wanted[each.source] not in taken:
            keepers.setdefault(wanted[each.source], each.source)
    names = {source: name for name, source in keepers.items()}
    rest = [(each.source, path_name(each, whole=True)) for each in known if each.source not in names]
    return kept | names | distinct(rest, taken=taken | set(keepers))


def _may_keep(operation: ApiOperation, name: str | None, taken: set[str]) -> bool:
    """Say whether a live name is one that this operation could have by itself: not the manifest's, not an old id's."""
    if name is None or name in taken:
        return False
    by_path = path_name(operation, whole=True)
    return name in (own_name(operation), path_name(operation), by_path) or name.startswith(f"{by_path}_")


def own_name(operation: ApiOperation) -> str:
    """Return the name that an operation has by itself."""
    name = _from_id(operation)
    return name if name and is_legal(name) else path_name(operation)


def _from_id(operation: ApiOperation) -> str:
    id_ = _GENERATED_SUFFIX.sub("", operation.id)
    if _squashed(_METHOD_SUFFIX.sub("", id_)) == _squashed(operation.path) and _METHOD_SUFFIX.search(id_):
        return ""  # the path without its slashes and braces, as gateways make it
    if not id_ or len(id_) > MAX_ID or re.search(r"[/{}]", id_) or _IDENTIFIER_NOISE.fullmatch(id_):
        return ""
    # FastAPI: function, path and method in one, get_lot_api_v1_lots__id__get
    noise = f"_{_snake(operation.path)}_{operation.method.lower()}"
    snake = f"_{_snake(id_)}"
    if snake.endswith(noise):
        id_ = snake.removesuffix(noise).strip("_")
    name = camel(id_)
    return f"_{name}" if name[:1].isdigit() else name


def _snake(text: str) -> str:
    return "_".join(re.findall(r"[a-z0-9]+", to_ascii(text).lower()))


def _squashed(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def path_name(operation: ApiOperation, *, whole: bool = False) -> str:
    """``GET /lots/{id}/bays`` gives lotsByIdBays, ``POST /lots`` gives postLots.

    ``whole``: with the first words that most paths of a document share, as api and v1.
    """
    words = []
    for segment in operation.path.split("/"):
        if whole or not _VERSION.fullmatch(segment):
            literal, *rest = re.split(r"[{}]+", segment)
            words.append(pascal(literal))
            for index, piece in enumerate(rest):
                words.append(f"By{pascal(piece)}" if index % 2 == 0 else pascal(piece))
    name = "".join(words) or "Root"
    if operation.method == "GET":
        name = camel(name)
        return f"_{name}" if name[:1].isdigit() else name
    return operation.method.lower() + name
