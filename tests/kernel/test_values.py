"""Ids, money, the clock, log lines and key names."""

import io
import json
import logging
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import RFC_4122

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from kernel import clock, ids, logs, money
from kernel.redis import key


def test_uuid7_has_the_layout_of_rfc_9562() -> None:
    made = ids.uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)
    assert abs((made.int >> 80) / 1000 - datetime.now(UTC).timestamp()) < 60


def test_uuid7_increases_strictly() -> None:
    made = [ids.uuid7() for _ in range(5000)]
    assert all(one < other for one, other in pairwise(made))


@given(st.integers(-(10**15), 10**15))
def test_yuan_text_round_trips(amount: int) -> None:
    assert money.parse_yuan(money.format_yuan(money.Fen(amount))) == amount


@pytest.mark.parametrize(("text", "fen"), [("12", 1200), ("12.5", 1250), ("-0.01", -1), ("0.10", 10)])
def test_yuan_is_read_exactly(text: str, fen: int) -> None:
    assert money.parse_yuan(text) == fen


@pytest.mark.parametrize("text", ["", "1.005", "1,000", "1e3", ".5", "١", "12 ", "+1"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an amount in yuan"):
        money.parse_yuan(text)


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 100), min_size=1).filter(any))
def test_a_split_neither_loses_nor_invents_a_fen(amount: int, weights: list[int]) -> None:
    shares = money.allocate(money.Fen(amount), weights)
    assert sum(shares) == amount
    assert all(abs(share - amount * w / sum(weights)) < 1 for share, w in zip(shares, weights, strict=True))


def test_the_manual_clock_moves_only_when_told() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    stood = clock.ManualClock(start)
    stood.advance(timedelta(hours=2))
    assert stood.now() == datetime(2026, 1, 1, 2, tzinfo=UTC)
    with pytest.raises(ValueError, match="time zone"):
        clock.ManualClock(datetime(2026, 1, 1))  # noqa: DTZ001 - the point


def test_a_log_line_is_one_object_with_extras_and_the_request_id() -> None:
    record = logging.makeLogRecord({"name": "kernel", "levelname": "INFO", "msg": "published %s", "args": ("停车",)})
    record.service = "parking"
    token = logs.request_id.set("r-1")
    line = json.loads(logs.JsonFormatter().format(record))
    logs.request_id.reset(token)
    assert (line["message"], line["service"], line["request_id"]) == ("published 停车", "parking", "r-1")


def test_a_log_line_carries_what_json_cannot_and_the_exception() -> None:
    stream = io.StringIO()
    root = logging.getLogger()
    before = (root.handlers[:], root.level)
    logs.configure("INFO", stream)
    try:
        int("lost")
    except ValueError:
        logging.getLogger("x").exception("a\nb", extra={"path": object()})
    finally:
        root.handlers[:], root.level = before
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: invalid literal" in json.loads(line)["exception"]


def test_keys_of_one_thing_share_a_slot_of_a_cluster() -> None:
    assert key("hold", 7, "seats", 2) == "yiwang:hold:{7}:seats:2"


async def test_the_client_speaks_to_the_real_server(redis: Redis) -> None:
    await redis.set(key("test", 1), "停车")
    assert await redis.get(key("test", 1)) == "停车".encode()
