"""A department changes its service: what nobody uses may go, what somebody uses is refused with their name."""

from datetime import timedelta

import pytest

import services_catalog.usage.impact
from kernel.clock import SystemClock
from tests.publish.gateway_under_test import document
from tests.usage.conftest import City

LOTS = "query Lots { parking { lots { free taken } } }"


@pytest.fixture
async def live(city: City) -> City:
    """Version 1 is live, with three fields, and one app has asked for two of them, twice."""
    assert (await city.publish(document("free", "taken", "price")))[0] == 200
    for _ in range(2):
        assert "errors" in await city.send(LOTS, "wx1")  # the department is away, which is not what counts
    return city


async def test_removing_a_field_that_an_app_uses_is_refused_with_its_name(live: City) -> None:
    status, answer = await live.publish(document("free", "price"))
    assert (status, answer["error"]["code"]) == (409, "BREAKING_CHANGE")
    for said in ("wx1", "Lots", "ParkingLot.taken"):
        assert said in answer["error"]["message"]
    (broken,) = answer["error"]["details"]["broken"]
    assert (broken["client"], broken["operation"], broken["count"]) == ("wx1", "Lots", 2)
    assert [change["path"] for change in broken["changes"]] == ["ParkingLot.taken"]
    assert broken["last_sent"]
    assert not broken["registered"]
    assert live.gateway.registry.live("parking").version == 1  # type: ignore[union-attr]  # it is live


async def test_removing_a_field_that_nobody_uses_is_published_with_a_warning(live: City) -> None:
    status, answer = await live.publish(document("free", "taken"))
    assert (status, answer["version"], answer["broken"], answer["needs_force"]) == (200, 2, [], False)
    assert [(change["level"], change["path"]) for change in answer["changes"]] == [("breaking", "ParkingLot.price")]
    assert any("ParkingLot.price" in finding["message"] for finding in answer["findings"])


async def test_force_publishes_and_still_says_whom_it_breaks(live: City) -> None:
    status, answer = await live.publish(document("free"), force=True)
    assert (status, answer["version"], answer["needs_force"]) == (200, 2, True)
    assert [broken["client"] for broken in answer["broken"]] == ["wx1"]


async def test_who_did_not_sign_in_counts_too(live: City) -> None:
    await live.send("{ parking { lots { price } } }")
    status, answer = await live.publish(document("free", "taken"))
    (broken,) = answer["error"]["details"]["broken"]
    assert (status, broken["client"], broken["operation"]) == (409, "", "")
    assert "a client that did not sign in" in answer["error"]["message"]


async def test_what_was_sent_31_days_ago_counts_no_more(live: City) -> None:
    await live.gateway.recorder.flush()
    await live.gateway.database.pool.execute("UPDATE document_sent SET day = day - 31")
    assert (await live.publish(document("free", "price")))[0] == 200


@pytest.mark.parametrize(("days", "status"), [(1, 409), (29, 409), (31, 200)])
async def test_silence_is_no_proof_before_everything_was_recorded_for_30_days(
    live: City, days: int, status: int
) -> None:
    pool, now = live.gateway.database.pool, SystemClock().now()
    await pool.execute("UPDATE service_version SET created_at = $1", now - timedelta(days=90))
    await pool.execute("UPDATE usage_recording SET since = $1", now - timedelta(days=days))
    answered, answer = await live.publish(document("free", "taken"))
    told = answer if status == 200 else answer["error"]["details"]
    assert (answered, told["broken"]) == (status, [])
    if status == 409:
        assert "too little has been recorded" in answer["error"]["message"]


async def test_where_whom_it_breaks_cannot_be_worked_out_only_force_publishes(
    live: City, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services_catalog.usage.impact, "_MODULE", "services_catalog.nowhere")
    status, answer = await live.publish(document("free", "taken"))
    assert (status, answer["error"]["code"]) == (409, "BREAKING_CHANGE")
    assert any("could not be worked out" in finding["message"] for finding in answer["error"]["details"]["findings"])
    assert (await live.publish(document("free", "taken"), force=True))[0] == 200


async def test_a_rollback_says_whom_it_breaks(live: City) -> None:
    await live.publish(document("free", "taken", "price", "floors"))
    await live.send("query Floors { parking { lots { floors } } }", "wx2")
    status, answer = await live.post("/rollback", {"service": "parking"})
    assert (status, answer["version"], answer["replaced"]) == (200, 1, 2)
    assert [(broken["client"], broken["operation"]) for broken in answer["broken"]] == [("wx2", "Floors")]
    status, answer = await live.post("/rollback", {"service": "parking", "to": 1})
    assert (status, answer["broken"]) == (200, [])


async def test_of_two_services_in_one_document_each_is_judged_by_itself(live: City) -> None:
    await live.publish(document("name", "seats", schema="Stop"), "bus")
    await live.send("query Home { parking { lots { free } } bus { lots { name } } }", "wx3")
    assert (await live.publish(document("name", schema="Stop"), "bus"))[0] == 200
    status, answer = await live.publish(document("seats", schema="Stop"), "bus")
    assert (status, [broken["client"] for broken in answer["error"]["details"]["broken"]]) == (409, ["wx3"])
