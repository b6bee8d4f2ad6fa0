// A case: who, what, when; what was answered and what is missing; what happened by which door; and what can be done.

import { api } from "./api.js";
import { attempt, field, questions, reasons } from "./parts.js";
import { both, named, t, titled, when } from "./texts.js";
import { h, say } from "/console/dom.js";

const STANDS = ["confirmed", "conflict"];

/** Return the elements of a case; `show(case)` shows it anew, `move()` begins to move it. */
export function caseView({ seen, show, move }) {
  return h("article", { "data-case": seen.id }, head(seen, show, move), asked(seen, show), past(seen, show));
}

function head(seen, show, move) {
  const stands = STANDS.includes(seen.state);
  const who = seen.who;
  const facts = [
    ["time", when(seen.startsAt, seen.timeZone)],
    ["office", named(seen.office)],
    ["person", [[who.name, who.idNumber, who.phone].filter(Boolean).join(" · ") || t("unknown"), h("br"), h("span", { class: "quiet" }, t(who.hasAccount ? "hasAccount" : "noAccount")), who.phone && [" ", ringing(seen.id)]]],
    ["people", t("people_n", { n: seen.people })],
    ["bookedBy", t(`channel.${seen.channel}`)],
  ];
  return h("section", { class: "card" },
    h("div", { class: "top" }, h("h1", { tabindex: "-1" }, named(seen.service)),
      h("span", {}, h("span", { class: `state ${seen.state}` }, t(`state.${seen.state}`)), seen.isExcused && h("span", { class: "quiet" }, " ", t("excused")))),
    h("p", {}, h("span", { class: "unseen" }, t("code")), h("span", { class: "code", id: "code" }, seen.code)),
    h("dl", { class: "facts" }, facts.map(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)])),
    (stands || (seen.state === "no_show" && !seen.isExcused)) && h("div", { class: "row" },
      stands && h("button", { type: "button", id: "move", onclick: move }, t("move")),
      stands && h("button", { type: "button", id: "cancel", onclick: () => why("cancel", true, async (reason) => done(show, "cancelled", await api.act(seen.id, "cancel", { reason }))) }, t("cancel")),
      !stands && h("button", { type: "button", id: "excuse", onclick: () => why("excuse", false, async (reason) => done(show, "excusedSaid", await api.act(seen.id, "excuse", { reason }))) }, t("excuse"))));
}

/** Return a button that gives way to the whole number. */
function ringing(id) {
  const place = h("span", {}, h("button", { type: "button", id: "ring", onclick: () => attempt(place, async () => {
    const { name, phone } = await api.act(id, "ring", {});
    place.replaceChildren(h("a", { id: "number", href: `tel:${phone}` }, [name, phone].filter(Boolean).join(" · ")));
  }) }, t("ring")));
  return place;
}

function asked(seen, show) {
  if (!seen.questions.length) return null;
  const answers = questions(seen.questions, []);
  const names = seen.questions.filter((each) => seen.missing.includes(each.name)).map(titled);
  const send = (event) => {
    event.preventDefault();
    attempt(form, async () => done(show, "saved", await api.act(seen.id, "answers", { answers: answers.given() })));
  };
  const form = h("form", { class: "card", onsubmit: send, "aria-labelledby": "questions-title" }, h("h2", { id: "questions-title" }, t("questions")),
    names.length > 0 && h("p", { class: "alert", id: "missing" }, t("missing", { names: names.join("、") })),
    answers.elements, h("div", { class: "row" }, h("button", { class: "main", id: "save" }, t("save"))));
  return form;
}

function past(seen, show) {
  const text = h("textarea", { id: "note", rows: "2", maxlength: "1000", required: true });
  const id = crypto.randomUUID(); // sent twice it is one note
  const send = (event) => {
    event.preventDefault();
    attempt(form, async () => done(show, "noted", await api.note(seen.id, text.value.trim().replace(/\s+/g, " "), id)));
  };
  const form = h("form", { onsubmit: send }, field(t("note"), text, t("noteHow")), h("div", { class: "row" }, h("button", { id: "add-note" }, t("addNote"))));
  const steps = seen.history.map((each) => h("li", { "data-event": each.event },
    h("strong", {}, t(`event.${each.event}`)), each.startsAt && [" → ", when(each.startsAt, seen.timeZone)],
    each.reason && h("span", { class: "quiet" }, " · ", t(`reason.${each.reason}`).replace(/^reason\./, "")),
    h("p", { class: "quiet" }, both(each.by), " · ", h("time", { datetime: each.at }, when(each.at, seen.timeZone))),
    each.text && h("p", { class: "note" }, each.text)));
  return h("section", { class: "card", "aria-labelledby": "history-title" }, h("h2", { id: "history-title" }, t("history")), h("ol", { class: "steps" }, steps), form);
}

function done(show, text, seen) {
  show(seen);
  say(t(text, { code: seen.code }));
}

/** Ask for the reason of a step, and take it. */
function why(name, isGrave, take) {
  const reason = reasons();
  const send = (event) => {
    event.preventDefault();
    attempt(form, async () => {
      await take(reason.value);
      dialog.close();
    });
  };
  const form = h("form", { onsubmit: send }, h("h2", { id: "why-title" }, t(name)), field(t("reason"), reason),
    h("div", { class: "row" }, h("button", { class: isGrave ? "grave" : "main", id: "sure" }, t(name)), h("button", { type: "button", onclick: () => dialog.close() }, t("back"))));
  const dialog = h("dialog", { "aria-labelledby": "why-title", onclose: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
  reason.focus();
}
