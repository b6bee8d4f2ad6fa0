// Who waits, in the order of the line, and who has missed their calls.

import { api, clock } from "./api.js";
import { arrange } from "./parts.js";
import { minutes, named, t, time } from "./texts.js";
import { h } from "/console/dom.js";

const SURE = 4000; // for as long a second press counts

/** What is to be known of a ticket, in a few words. */
export function marks(ticket, office) {
  return h("span", { class: "marks" },
    ticket.isPriority && h("span", { class: "mark priority" }, t("priority")),
    ticket.isLate && h("span", { class: "mark late" }, t("late")),
    ticket.hasAppointment && h("span", { class: "mark" }, t("appointment", { at: time(ticket.startsAt, office.timeZone) })));
}

export function lines({ office, press, counter }) {
  const waiting = h("ul", { class: "line" });
  const missed = h("ul", { class: "line" });
  const heads = { waiting: h("h2", { id: "waiting-title" }), missed: h("h2", { id: "missed-title" }) };
  const element = h("div", { class: "lines" },
    h("section", { class: "card", "aria-labelledby": "waiting-title" }, heads.waiting, waiting),
    h("section", { class: "card", "aria-labelledby": "missed-title" }, heads.missed, missed));
  let names = {};
  let free = false;
  let mine = [];
  let made = new Map(); // by ticket: what is shown of it, and its element

  function update(hall, own) {
    names = Object.fromEntries(hall.queues.map((each) => [each.service, named(each)]));
    free = own.open && !own.ticket;
    mine = own.services;
    heads.waiting.textContent = t("waiting", { n: hall.waiting.length });
    heads.missed.textContent = t("missed", { n: hall.missed.length });
    made = new Map([...hall.waiting, ...hall.missed].map((each) => [each.id, item(each)]));
    const shown = (tickets, none) => (tickets.length ? tickets.map((each) => made.get(each.id)[1]) : [h("li", { class: "quiet" }, t(none))]);
    arrange(waiting, shown(hall.waiting, "nobodyWaits"));
    arrange(missed, shown(hall.missed, "nobodyMissed"));
  }

  /** A ticket that is shown already stays the same element: somebody may be pressing its button. */
  function item(ticket) {
    const like = JSON.stringify([ticket, free, mine]);
    const known = made.get(ticket.id);
    return known?.[0] === like ? known : [like, one(ticket)];
  }

  function one(ticket) {
    const other = mine.length > 0 && !mine.includes(ticket.service);
    const step = (name) => press(name, () => api.ticket(office.code, ticket.id, name));
    const call = () => press("call", () => api.counter(office.code, counter, "call", { ticket: ticket.id }));
    const button = (name, text, work) => h("button", { type: "button", id: `${name}-${ticket.id}`, "aria-label": `${text} ${ticket.number}`, onclick: work }, text);
    return h("li", { class: other ? "other" : "", "data-number": ticket.number },
      h("strong", { class: "number" }, ticket.number),
      h("span", { class: "what" }, names[ticket.service] ?? ticket.service, " ", ticket.maskedName && h("span", { class: "quiet" }, ticket.maskedName), " ", marks(ticket, office)),
      h("span", { class: "quiet since", "data-since": ticket.arrivedAt }),
      h("span", { class: "steps" },
        ticket.state === "missed" ? button("requeue", t("requeue"), () => step("requeue")) : free && button("call", t("call"), call),
        ticket.state !== "missed" && sure(button("leave", t("left")), () => step("leave"))));
  }

  function tick() {
    for (const each of element.querySelectorAll("[data-since]")) {
      const since = each.dataset.since;
      each.textContent = t("since", { at: time(since, office.timeZone), n: minutes((clock() - Date.parse(since)) / 1000) });
    }
  }
  return { element, update, tick };
}

/** Have a button ask once more before it does what cannot be undone. */
function sure(button, work) {
  const text = button.textContent;
  button.addEventListener("click", () => {
    if (button.classList.contains("asked")) return work();
    button.classList.add("asked");
    button.textContent = t("really");
    return setTimeout(() => {
      button.classList.remove("asked");
      button.textContent = text;
    }, SURE);
  });
  return button;
}
