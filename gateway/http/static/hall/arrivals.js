// Who comes: a field for what a hand scanner types, and tickets for who has no appointment.

import { api } from "./api.js";
import { uuid } from "./ids.js";
import { renew } from "./parts.js";
import { named, t } from "./texts.js";
import { h } from "/console/dom.js";

const TYPED = "input:not([type=checkbox]), select, textarea";

export function arrivals({ office, act, idle }) {
  const field = h("input", { id: "code", type: "text", autocomplete: "off", autocapitalize: "characters", spellcheck: "false", enterkeyhint: "done", maxlength: 400, "aria-describedby": "scan-how" });
  const services = h("div", { class: "row" });
  const priority = h("input", { id: "priority", type: "checkbox" });
  const keys = new Map(); // of tickets whose answer did not come: asked for again they are the same ones
  let turn = Promise.resolve();
  let like = "";

  // Scans follow each other faster than answers: each waits for its turn, and one that failed is typed again.
  function scan(event) {
    event.preventDefault();
    const code = field.value.trim();
    field.value = "";
    if (code) turn = turn.then(() => checkIn(code));
  }

  async function checkIn(code) {
    await idle();
    const done = await act("checkIn", () => api.checkIn(office.code, code)).catch(() => true);
    if (!done && !field.value) field.value = code;
  }

  async function take(service) {
    const asked = `${service} ${priority.checked}`;
    const key = keys.get(asked) ?? uuid();
    keys.set(asked, key);
    const settled = await act("take", () => api.take(office.code, service, asked.endsWith("true"), key)).catch(() => true);
    if (settled) {
      keys.delete(asked);
      priority.checked = false;
    }
  }

  function update(hall) {
    const now = JSON.stringify(hall.queues.map((each) => [each.service, named(each)]));
    if (now === like) return;
    like = now;
    renew(services, hall.queues.map((each) => h("button", { type: "button", id: `take-${each.service}`, onclick: () => take(each.service) }, named(each))));
  }

  // What a scanner types goes to the field, wherever the focus is: its Enter must press no button.
  function redirect(event) {
    if (!field.isConnected) return removeEventListener("keydown", redirect);
    const typed = event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.altKey && !event.metaKey;
    if (typed && !event.target.matches(TYPED)) field.focus();
    return undefined;
  }
  addEventListener("keydown", redirect);

  const element = h("div", { class: "arrivals" },
    h("form", { class: "card", onsubmit: scan },
      h("h2", {}, h("label", { for: "code" }, t("scan"))),
      h("div", { class: "row field" }, field, h("button", { class: "main" }, t("checkIn"))),
      h("p", { id: "scan-how", class: "quiet" }, t("scanHow"))),
    h("section", { class: "card", "aria-labelledby": "tickets-title" },
      h("h2", { id: "tickets-title" }, t("tickets")),
      h("p", { class: "check" }, priority, " ", h("label", { for: "priority" }, t("asPriority"))),
      services));
  return { element, update };
}
