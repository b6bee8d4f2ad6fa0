"""No float comes near money: whoever writes one in the code that moves it hears of it here, with the line."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ALWAYS = (
    "flows/payments/*.py",
    "adapters/*/wire.py",
    "adapters/sandbox/wechat_pay/ledger.py",
    "adapters/sandbox/baidu/books.py",
)
FOLDERS = ("kernel", "adapters", "flows", "schema", "gateway", "cli")


def near_money() -> list[Path]:
    """Return the files that have amounts: those of payments, of the hosts' wires and books, and whatever uses Fen."""
    always = {path for pattern in ALWAYS for path in REPOSITORY.glob(pattern)}
    users = {
        path for each in FOLDERS for path in (REPOSITORY / each).rglob("*.py") if "kernel.money" in path.read_text()
    }
    return sorted(always | users | {REPOSITORY / "kernel/money.py"})


SAID = "money is whole fen (kernel.money): use integers, // and divmod, parse_yuan and format_yuan"


def floats(source: str) -> Iterator[tuple[int, str]]:
    """Return where a float may come from: a literal, ``float``, a true division; and the decimals of ``round``."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Constant(value=float()):
                yield node.lineno, f"the literal {node.value}"
            case ast.Name(id="float"):
                yield node.lineno, "float"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node.lineno, "a true division"
            case ast.Call(func=ast.Name(id="round")):
                yield node.lineno, "round"


@pytest.mark.parametrize("path", near_money(), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_float_near_money(path: Path) -> None:
    found = [f"{path.relative_to(REPOSITORY)}:{line}: {what}" for line, what in floats(path.read_text())]
    assert not found, f"{SAID}\n" + "\n".join(found)


def test_every_way_to_a_float_is_seen() -> None:
    source = "a = 0.5\nb: float = 1\nc = float('1')\nd = a / 2\na /= 2\ne = round(a)\nf = 7 // 2"
    assert [line for line, _ in sorted(floats(source))] == [1, 2, 3, 4, 5, 6]
