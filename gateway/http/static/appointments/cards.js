// An appointment as a card: when, where, its code, and what can be done with it.

import { h } from "./element.js";
import { now } from "./graph.js";
import { knows, moment, pick, t } from "./language.js";
import { cancel, isPresent, saveCalendar } from "./mine.js";
import { act } from "./refusals.js";
import { signed } from "./session.js";
import { go, leave } from "./state.js";

/** An office's telephone as a link that dials it; nothing if it has none. */
export const telephone = (phone) => phone && h("a", { class: "phone", href: `tel:${phone.replace(/[^+0-9]/g, "")}` }, t("phone", { phone }));

const CHANGES = new Set(["confirmed", "conflict"]);

const stateWord = (state) => (knows(`state_${state}`) ? t(`state_${state}`) : state);

export function card(appointment, { isNew = false } = {}) {
  const { details, code, state } = appointment;
  const zone = details.timeZone;
  return h("section", { class: "card appointment", "data-state": state, "aria-label": code },
    h("div", { class: "between" }, h("h2", {}, pick(details.serviceZh, details.serviceEn)), h("span", { class: "state" }, stateWord(state))),
    h("p", { class: "when" }, moment(appointment.startsAt, zone)),
    h("p", {}, pick(details.officeZh, details.officeEn), h("br"), h("small", {}, pick(details.addressZh, details.addressEn)), telephone(details.phone)),
    h("p", { class: "code" }, h("span", {}, t("say")), h("strong", {}, code), isNew && h("small", {}, t("sayWhy"))),
    isNew && details.documents.length > 0 && [h("h3", {}, t("bring")), h("ul", { class: "bring" }, details.documents.map((each) => h("li", {}, each)))],
    state === "conflict" && h("p", { class: "notice" }, t("conflictWhy")),
    isPresent(appointment) && h("button", { type: "button", class: "main wide", onclick: () => go({ view: "waiting", booked: appointment.id }) }, t("seeQueue")),
    CHANGES.has(state) && changes(appointment, isNew));
}

export function former({ details, startsAt, code, state }) {
  return h("li", {}, h("span", {}, pick(details.serviceZh, details.serviceEn), h("small", {}, `${moment(startsAt, details.timeZone)} · ${code}`)),
    h("span", { class: "state" }, stateWord(state)));
}

function changes(appointment, isNew) {
  const { details: { changeUntil, timeZone }, id, code, service, people } = appointment;
  const calendar = h("button", { type: "button", class: isNew ? "main" : "", onclick: () => act(calendar, () => signed(() => saveCalendar(appointment))) }, t("calendar"));
  const isOpen = now() < Date.parse(changeUntil);
  const sure = h("div", { hidden: true });
  const yes = h("button", { type: "button", class: "grave", onclick: () => act(yes, async () => {
    await signed(() => cancel(id));
    leave();
    document.getElementById("said").textContent = t("cancelled");
  }) }, t("cancelYes"));
  sure.append(h("p", {}, t("cancelSure")), h("div", { class: "buttons" }, yes,
    h("button", { type: "button", onclick: () => { [sure.hidden, row.hidden] = [true, false]; ask.focus(); } }, t("cancelNo"))));
  const ask = h("button", { type: "button", onclick: () => { [sure.hidden, row.hidden] = [false, true]; yes.focus(); } }, t("cancel"));
  const move = h("button", { type: "button", onclick: () => go({ view: "service", service, people, moving: { id, code }, right: undefined, office: undefined, day: undefined }) }, t("move"));
  const row = h("div", { class: "buttons" }, calendar, isOpen && move, isOpen && ask);
  return [row, sure, h("p", { class: "quiet" }, isOpen ? t("changeUntil", { at: moment(changeUntil, timeZone) }) : t("tooLate"))];
}
