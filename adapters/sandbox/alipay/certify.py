"""Identity checks of the simulated Alipay: a resident passes who is the person that was named."""

from collections.abc import Mapping

from msgspec import Struct

from adapters.sandbox.alipay.people import People
from adapters.sandbox.alipay.protocol import Call, Refusal, written
from adapters.sandbox.world import World


class _Check(Struct):
    app_id: str
    name: str
    id_number: str
    return_url: str = ""
    opened: bool = False
    passed: bool | None = None


class Certify:
    """Face checks and matches of name and number."""

    def __init__(self, world: World, people: People) -> None:
        self._world = world
        self._people = people
        self._checks: dict[str, _Check] = {}
        self._matches: dict[str, _Check] = {}

    def initialize(self, call: Call) -> Mapping[str, object]:
        person, config = call.content.get("identity_param"), call.content.get("merchant_config")
        words = ("outer_order_no", "biz_code")
        if not all(call.text(word) for word in words) or not isinstance(person, dict) or not isinstance(config, dict):
            raise Refusal("40002", "isv.invalid-parameter")
        name, number = str(person.get("cert_name", "")), str(person.get("cert_no", ""))
        certify_id = self._world.token(32)
        self._checks[certify_id] = _Check(call.app.app_id, name, number, str(config.get("return_url", "")))
        return {"certify_id": certify_id}

    def open(self, call: Call) -> str:
        """Open the page of a check as a person's browser does; return its number."""
        self._find(call).opened = True
        return call.text("certify_id")

    def show_face(self, certify_id: str, resident: str) -> str:
        """Have a resident show their face on the opened page; return where the browser goes next."""
        check = self._checks[certify_id]
        if not check.opened:
            raise KeyError(certify_id)
        check.passed = self._is(check, resident)
        self._world.note("alipay", f"face check {certify_id}", "passed" if check.passed else "failed")
        return check.return_url

    def query(self, call: Call) -> Mapping[str, object]:
        check = self._find(call)
        fields = {"passed": "T" if check.passed else "F"}
        if check.passed:
            return fields | {"identity_info": written({"cert_name": check.name, "cert_no": check.id_number})}
        return fields | {"fail_reason": "未完成认证" if check.passed is None else "人脸比对不一致"}

    def preconsult(self, call: Call) -> Mapping[str, object]:
        call.text("cert_type")
        verify_id = self._world.token(32)
        self._matches[verify_id] = _Check(call.app.app_id, call.text("user_name"), call.text("cert_no"))
        return {"verify_id": verify_id}

    def consult(self, call: Call) -> Mapping[str, object]:
        check = self._matches.get(call.text("verify_id"))
        if check is None or check.app_id != call.app.app_id:
            raise Refusal("40004", "VERIFY_ID_INVALID")
        if self._is(check, self._people.of_token(call)):
            return {"passed": "T"}
        return {"passed": "F", "fail_reason": "信息不一致"}

    def _find(self, call: Call) -> _Check:
        check = self._checks.get(call.text("certify_id"))
        if check is None or check.app_id != call.app.app_id:
            raise Refusal("40004", "CERTIFY_ID_EXPIRED")
        return check

    def _is(self, check: _Check, resident: str) -> bool:
        person = self._world.residents[resident]
        return (person.name, person.id_number) == (check.name, check.id_number)
