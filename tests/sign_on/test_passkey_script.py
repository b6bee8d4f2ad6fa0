"""The pages' script: it shows what the browser can do, hands over what it answers, and says when nothing came of it."""

import json
import shutil
import subprocess
from typing import Any

import pytest

from gateway.http.sign_on.passkeys import SCRIPT

pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="not installed: node")

RUN = """
const [text, kind, options, how] = process.argv.slice(1), sent = [], asked = [];
const form = {
  hidden: true, dataset: { passkey: kind, options }, elements: { credential: { value: "" } },
  said: { hidden: true }, querySelector: () => form.said, submit: () => sent.push(form.elements.credential.value),
  addEventListener: (_, listener) => (form.send = listener),
};
const note = { hidden: false };
const document = { querySelectorAll: (which) => (which === "[data-no-passkeys]" ? [note] : [form]) };
const bytes = (...numbers) => new Uint8Array(numbers).buffer;
const response = { clientDataJSON: bytes(123, 125), signature: bytes(251, 255, 254), userHandle: null };
const answer = ({ publicKey }) => {
  asked.push(publicKey);
  if (how === "cancelled") throw new Error("NotAllowedError");
  return { id: "-_8", rawId: bytes(251, 255), type: "public-key", response };
};
const window = how === "old" ? {} : { PublicKeyCredential: class {} };
const navigator = { credentials: { get: answer, create: answer } };
require("vm").runInNewContext(text, { window, document, navigator, atob, btoa, Uint8Array });
const shown = [form.hidden, note.hidden];
(async () => {
  if (form.send) await form.send({ target: form, preventDefault: () => {} });
  const plain = (_, each) => (each instanceof Uint8Array ? [...each] : each);
  console.log(JSON.stringify([shown, asked, sent.map(JSON.parse), form.said.hidden], plain));
})();
"""


def run(kind: str, options: dict[str, Any], how: str = "") -> Any:
    command = ["node", "-e", RUN, SCRIPT, kind, json.dumps(options), how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)  # noqa: S603 - our own text
    return json.loads(done.stdout)


def test_what_the_page_asks_and_the_browser_answers_is_base64url_outside_and_bytes_inside() -> None:
    options = {"challenge": "-_8", "rpId": "id.example", "allowCredentials": [{"id": "-_4", "type": "public-key"}]}
    shown, (asked,), (sent,), unsaid = run("get", options)
    assert (shown, unsaid) == ([False, True], True)
    assert asked == options | {"challenge": [251, 255], "allowCredentials": [{"id": [251, 254], "type": "public-key"}]}
    assert sent["response"] == {"clientDataJSON": "e30", "signature": "-__-"}
    assert (sent["id"], sent["rawId"], sent["type"]) == ("-_8", "-_8", "public-key")


def test_a_new_passkey_is_asked_for_its_owner_and_not_for_one_that_is_there() -> None:
    options = {"challenge": "AA", "user": {"id": "-_8", "name": "一网"}, "excludeCredentials": [{"id": "AA"}]}
    _, (asked,), _, _ = run("create", options)
    assert (asked["user"], asked["excludeCredentials"]) == ({"id": [251, 255], "name": "一网"}, [{"id": [0]}])


def test_who_cancels_is_told_and_nothing_is_sent() -> None:
    shown, asked, sent, unsaid = run("get", {"challenge": "AA"}, "cancelled")
    assert (shown, len(asked), sent, unsaid) == ([False, True], 1, [], False)


def test_a_browser_without_passkeys_shows_none() -> None:
    assert run("get", {"challenge": "AA"}, "old") == [[True, False], [], [], True]
