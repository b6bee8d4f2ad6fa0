"""``yiwang verifier`` and ``yiwang code-keys`` as an operator meets them."""

from uuid import UUID

import pytest

from flows.codes.verifiers import find_verifier, secret_of
from kernel.crypto.keys import Keys
from kernel.database import Database
from kernel.settings import Settings
from tests.cli.operator import Operator
from tests.codes.issued import NOW
from tests.codes.office import Office

GATE = ("--name-zh", "一号入口", "--name-en", "Gate 1", "--purpose", "parking", "--group", "parking")


@pytest.fixture
def operator(settings: Settings, keys: Keys) -> Operator:
    return Operator(settings)


async def test_a_verifiers_secret_is_shown_once(operator: Operator, database: Database, keys: Keys) -> None:
    added = await operator.type("verifier", "add", *GATE, "--claim", "level")
    assert added.exit_code == 0, added.output
    verifier_id, secret = added.stdout.split()
    async with database.session() as session:
        row = await find_verifier(session, UUID(verifier_id))
    assert secret_of(keys.cipher, row) == secret.encode()
    listed = await operator.done("verifier", "list")
    assert listed == f"{verifier_id}  parking  parking [level]  一号入口  Gate 1\n"
    assert await operator.done("verifier", "revoke", verifier_id) == f"Revoked {verifier_id}.\n"
    assert "revoked 2" in await operator.done("verifier", "list")
    assert await database.pool.fetchval("SELECT count(*) FROM audit_entry WHERE object LIKE 'verifier:%'") == 2


async def test_keys_are_rotated_and_replaced_in_one_command(operator: Operator, database: Database) -> None:
    rotated = await operator.done("code-keys", "rotate", "--purpose", "parking")
    kid = rotated.split()[0]
    assert rotated == f"{kid}  parking  signs from now on.\n"
    listed = await operator.done("code-keys", "list")
    assert [line.split()[0] for line in listed.splitlines() if line.endswith("  signs") and "parking" in line] == [kid]
    assert listed.count("parking") == 3  # previous, current, next
    replaced = await operator.done("code-keys", "rotate", "--purpose", "parking", "--compromised")
    listed = await operator.done("code-keys", "list")
    assert kid not in listed
    assert listed.count("parking") == 2
    assert replaced.split()[0] in listed
    assert await database.pool.fetchval("SELECT count(*) FROM code_revocation WHERE kind = 'key'") == 3


async def test_a_code_that_two_have_accepted_is_listed(operator: Operator, office: Office) -> None:
    resident, gates = await office.resident(), [await office.gate(f"Gate {n}") for n in (1, 2)]
    text = await office.code(resident, 1)
    for gate in gates:
        assert await office.report(gate, (text, "r", NOW)) == ["recorded"]
    listed = await operator.done("verifier", "alarms", "--days", "99999")
    uses = "Gate 1 at 08:00:00, then Gate 2 at 08:00:00"
    assert listed == f"2026-11-30 08:00 UTC  double use  account:{resident}  {uses}\n"
