"""Every example department is started as a process of its own and held to its own document."""

import datetime as dt
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import yaml

from examples.departments.documents import generated
from tests.examples.contract import Contract

ROOT = Path(__file__).parents[2]
DEPARTMENTS = ROOT / "examples" / "departments"


@dataclass
class Department:
    """A running department; every answer is checked against its document."""

    port: int
    contract: Contract

    def ask(self, method: str, target: str, body: object = None, expect: int = 200, **headers: str) -> Any:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers |= {} if body is None else {"content-type": "application/json"}
        data = None if body is None else json.dumps(body)
        connection.request(method, quote(target, safe="/?&="), data, headers)
        with closing(connection), connection.getresponse() as answer:
            status, media_type, content = answer.status, answer.headers.get("content-type", ""), answer.read()
        parsed = json.loads(content) if content else None
        assert status == expect, parsed
        self.contract.check(method, target, status, media_type, parsed)
        return parsed


@contextmanager
def running(name: str, document: str, *options: str) -> Iterator[Department]:
    """Run a department; without ``options`` every operation must have been tried at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", f"examples.departments.{name}", "--port", str(port), *options]
    with subprocess.Popen(command, cwd=ROOT) as process:  # noqa: S603 - our own program
        try:
            for _ in range(300):
                assert process.poll() is None, f"{name} ended with {process.returncode}"
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            department = Department(port, Contract(DEPARTMENTS / name / document))
            yield department
            if not options:
                assert department.contract.used == department.contract.operations, "an operation was not tried"
        finally:
            process.terminate()
    assert process.returncode == 0


def test_parking() -> None:
    with running("parking", "openapi.yaml") as parking:
        near = parking.ask("GET", "/lots?latitude=30.256&longitude=125.161&radius_m=500")
        assert [each["lot"]["id"] for each in near] == ["L006", "L003"]
        assert all(0 <= each["occupancy"]["free"] <= each["lot"]["bays"] for each in near)
        assert len(parking.ask("GET", "/lots?limit=3")) == 3
        parking.ask("GET", "/lots?limit=no", expect=400)
        assert parking.ask("GET", "/lots/L001")["name"]["en"] == "People's Square Car Park"
        parking.ask("GET", "/lots/L999", expect=404)
        parking.ask("GET", "/lots/L001/occupancy")
        parking.ask("GET", "/lots/L001/tariff")

        assert parking.ask("GET", "/sessions/云A8K216")["charge_until_now"]["amount_fen"] > 0
        parking.ask("GET", "/sessions/云A99999", expect=404)
        parking.ask("GET", "/sessions/nonsense", expect=400)
        parking.ask("POST", "/sessions", {"plate": "云A99999", "lot_id": "L005"}, expect=201)
        parking.ask("POST", "/sessions", {"plate": "云A99999", "lot_id": "L005"}, expect=409)
        assert parking.ask("GET", "/sessions/云A99999")["lot"]["id"] == "L005"

        stay = {"lot_id": "L001", "arrive": "2026-11-22T09:00:00+08:00", "leave": "2026-11-23T10:10:00+08:00"}
        charge = parking.ask("POST", "/quotes", stay)["charge"]
        assert charge == {"minutes": 1510, "days_fen": [4000, 850], "amount_fen": 4850}
        problem = parking.ask("POST", "/quotes", {**stay, "leave": "2026-11-21T09:00:00+08:00"}, expect=400)
        assert problem["detail"] == "leave is before arrive."
        parking.ask("POST", "/quotes", {**stay, "leave": "2026-11-23T09:00:00"}, expect=400)
        parking.ask("POST", "/quotes", {**stay, "lot_id": "L999"}, expect=404)
        remark = parking.ask("POST", "/quotes", {"lot_id": 5}, expect=400)["remarks"][0]
        assert remark["where"] == "body lot_id"


def test_marriage() -> None:
    with running("marriage", "openapi.yaml") as marriage:
        assert marriage.ask("GET", "/offices")["total"] == 4
        assert [
            each["officeId"] for each in marriage.ask("GET", "/offices?district=yunze&pageSize=1&page=2")["items"]
        ] == ["YZ04"]
        marriage.ask("GET", "/offices?district=mars", expect=400)
        assert marriage.ask("GET", "/offices/YZ03")["metro"] is None
        marriage.ask("GET", "/offices/YZ99", expect=404)
        days = marriage.ask("GET", "/offices/YZ01/days?days=31")
        assert not any(each["freeSlots"] for each in days if dt.date.fromisoformat(each["date"]).isoweekday() == 7)
        marriage.ask("GET", "/offices/YZ01/days?days=0", expect=400)
        day = next(each["date"] for each in days[1:] if each["freeSlots"])
        slots = marriage.ask("GET", f"/offices/YZ01/days/{day}/slots")
        slot = next(each for each in slots if each["free"])

        couple = [{"name": "王小明", "idLast4": "123X"}, {"name": "Li Na", "idLast4": "4567"}]
        wish = {"slotId": slot["slotId"], "applicants": couple, "phone": "13800000000", "ceremony": True}
        booking = marriage.ask("POST", "/bookings", wish, expect=201)
        assert booking["slot"]["free"] == slot["free"] - 1
        assert marriage.ask("GET", f"/bookings/{booking['bookingId']}") == booking
        for _ in range(slot["free"] - 1):
            marriage.ask("POST", "/bookings", wish, expect=201)
        assert marriage.ask("POST", "/bookings", wish, expect=409)["detail"].endswith("is full; choose another.")
        marriage.ask("DELETE", f"/bookings/{booking['bookingId']}", expect=204)
        marriage.ask("POST", "/bookings", wish, expect=201)
        marriage.ask("POST", "/bookings", {**wish, "applicants": couple[:1]}, expect=400)
        marriage.ask("POST", "/bookings", {**wish, "slotId": "YZ01-soon"}, expect=404)
        marriage.ask("DELETE", "/bookings/HY0", expect=404)
        marriage.ask("GET", "/bookings/HY0", expect=404)


def test_hospital() -> None:
    with running("hospital", "swagger.json") as hospital:
        base = "/his/v2"
        codes = [each["code"] for each in hospital.ask("GET", f"{base}/departments")]
        assert "XNK" in codes
        doctors = hospital.ask("GET", f"{base}/departments/NK/doctors")
        assert {each["department"] for each in doctors} == {"NK", "XNK", "HXK"}
        hospital.ask("GET", f"{base}/departments/QQ/doctors", expect=404)
        hospital.ask("GET", f"{base}/departments/NK/queue")
        assert hospital.ask("GET", f"{base}/doctors/1001")["title_zh"] == "主任医师"
        hospital.ask("GET", f"{base}/doctors/1", expect=404)
        hospital.ask("GET", f"{base}/doctors/1001/schedule?days=99", expect=400)
        shifts = [
            shift
            for doctor in doctors
            for shift in hospital.ask("GET", f"{base}/doctors/{doctor['doctor_id']}/schedule?days=14")
        ]
        shift = next(each for each in shifts if each["state"] == "open")

        wish = {"shift_id": shift["shift_id"], "patient": {"name": "王小明", "phone": "13800000000"}}
        appointment = hospital.ask("POST", f"{base}/appointments", wish, expect=201)
        assert appointment["shift"]["remaining"] == shift["remaining"] - 1
        number = appointment["appointment_no"]
        assert hospital.ask("GET", f"{base}/appointments/{number}") == appointment
        assert hospital.ask("POST", f"{base}/appointments/{number}/cancel")["state"] == "cancelled"
        hospital.ask("POST", f"{base}/appointments/none/cancel", expect=404)
        hospital.ask("GET", f"{base}/appointments/none", expect=404)
        hospital.ask("POST", f"{base}/appointments", {**wish, "shift_id": "soon"}, expect=404)
        hospital.ask("POST", f"{base}/appointments", {"shift_id": shift["shift_id"]}, expect=400)
        if full := [each for each in shifts if each["state"] == "full"]:
            hospital.ask("POST", f"{base}/appointments", {**wish, "shift_id": full[0]["shift_id"]}, expect=409)


def test_bus() -> None:
    with running("bus", "openapi.json") as bus:
        assert [each["id"] for each in bus.ask("GET", "/api/stops?q=hospital")] == ["S03"]
        assert {each["id"] for each in bus.ask("GET", "/api/stops/S03")["lines"]} == {"7", "51", "N1"}
        bus.ask("GET", "/api/stops/S99", expect=404)
        board = bus.ask("GET", "/api/stops/S01/arrivals?limit=30")
        assert board["arrivals"], "a line runs at any hour"
        assert [each["dueAt"] for each in board["arrivals"]] == sorted(each["dueAt"] for each in board["arrivals"])
        bus.ask("GET", "/api/stops/S99/arrivals", expect=404)
        bus.ask("GET", "/api/stops/S01/arrivals?limit=0", expect=400)
        assert len(bus.ask("GET", "/api/lines")) == 5
        assert bus.ask("GET", "/api/lines/B2")["stops"][1] == {
            "stop": bus.ask("GET", "/api/stops?q=civic")[0],
            "minutesFromFirst": 12,
        }
        bus.ask("GET", "/api/lines/999", expect=404)
        lost = {"lineId": "7", "date": "2026-11-22", "description": "一把红伞 a red umbrella", "phone": "13800000000"}
        report = bus.ask("POST", "/api/lost-items", lost, expect=201)
        assert bus.ask("GET", f"/api/lost-items/{report['reportId']}") == report
        bus.ask("POST", "/api/lost-items", {**lost, "lineId": "0"}, expect=404)
        bus.ask("POST", "/api/lost-items", {**lost, "phone": "5"}, expect=400)
        bus.ask("GET", "/api/lost-items/none", expect=404)


def test_the_generated_documents_are_those_of_the_code() -> None:
    for path, text in generated().items():
        assert path.read_text(encoding="utf-8") == text, "run: python -m examples.departments.documents"


@pytest.mark.parametrize("path", sorted(DEPARTMENTS.glob("*/service.yaml")), ids=lambda path: path.parent.name)
def test_a_manifest_names_what_its_document_has(path: Path) -> None:
    manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    document = Contract(path.with_name(manifest["document"])).document
    offered = {
        operation["operationId"]
        for item in document["paths"].values()
        for method, operation in item.items()
        if method != "parameters"
    }
    assert manifest["operations"].keys() <= offered
