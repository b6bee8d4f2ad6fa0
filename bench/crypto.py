"""Sealing and opening one field, and indexing one, in both suites: a CPU-second's worth, beside the bare cipher.

The field is an ID number of 18 characters, or a text of 1 kB. "bare" is the same cipher on the same bytes with its key
at hand and set up once: what a library for sealing fields cannot beat. Rounds are interleaved; figures are medians.
"""

import json
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.ciphers.algorithms import SM4
from cryptography.hazmat.primitives.ciphers.modes import GCM

from bench.report import conditions
from kernel.crypto.blind_index import BlindIndex
from kernel.crypto.fields import DataKey, FieldCipher
from kernel.crypto.suite import SUITES, SuiteName, framed

ROUNDS, SECONDS = 7, 0.15
OUT = Path(__file__).parent / "out" / "crypto.json"
TEXTS = {"ID number": "11010519491231002X", "1 kB": "x" * 1024}
COLUMN, ROW = "account.id_number", "0198d7a8-7d5a-7000-8000-000000000001"
Ways = dict[str, Callable[[], Any]]


def main() -> None:
    """Measure, print a table and write it for programs."""
    report: dict[str, Any] = {}
    print(
        f"{'per CPU-second':20}"
        + "".join(f"{name:>12}" for name in ("seal", "bare", "open", "index"))
        + "  seal : bare"
    )
    for name in SUITES:
        for title, text in TEXTS.items():
            found = measured(ways(name, text))
            ratio = round(found["seal"] / found["bare"], 2)
            report[f"{name}, {title}"] = {"per_cpu_second": found, "ratio_seal_to_bare": ratio}
            print(f"{name + ', ' + title:20}" + "".join(f"{each:12,}" for each in found.values()) + f"{ratio:13.2f}")
    OUT.parent.mkdir(exist_ok=True)
    OUT.write_text(json.dumps({"conditions": conditions({"rounds": ROUNDS}), "fields": report}, indent=2) + "\n")


def ways(name: SuiteName, text: str) -> Ways:
    """Return what is measured."""
    suite = SUITES[name]
    key = DataKey("000000a1", suite, bytes(suite.key_bytes))
    cipher = FieldCipher({key.key_id: key}, key.key_id)
    index = BlindIndex(suite, bytes(32))
    sealed, data, nonce, aad = cipher.seal(COLUMN, ROW, text), text.encode(), bytes(12), framed(COLUMN, ROW)
    aes = AESGCM(bytes(32))

    def sm4() -> bytes:
        encryptor = Cipher(SM4(bytes(16)), GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(aad)
        return encryptor.update(data) + encryptor.finalize() + encryptor.tag

    return {
        "seal": lambda: cipher.seal(COLUMN, ROW, text),
        "bare": sm4 if name == "gm" else lambda: aes.encrypt(nonce, data, aad),
        "open": lambda: cipher.open(COLUMN, ROW, sealed),
        "index": lambda: index.index(COLUMN, text),
    }


def measured(found: Ways) -> dict[str, int]:
    """Return how often each way goes in a CPU-second."""
    rounds: dict[str, list[float]] = {name: [] for name in found}
    for _ in range(ROUNDS):
        for name, way in found.items():
            rounds[name].append(one_round(way))
    return {name: round(median(rates)) for name, rates in rounds.items()}


def one_round(way: Callable[[], Any]) -> float:
    """Return the calls per CPU-second over a while."""
    start, count = time.process_time(), 0
    while (spent := time.process_time() - start) < SECONDS:
        for _ in range(20):
            way()
        count += 20
    return count / spent


if __name__ == "__main__":
    main()
