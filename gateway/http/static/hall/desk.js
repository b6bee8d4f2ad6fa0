// The desk of a counter: who is there and what can be done, who comes, who waits. Every step is one request; while one is
// on its way no other is sent, and what the platform answers is what is shown.

import { api, clock } from "./api.js";
import { arrivals } from "./arrivals.js";
import { lines, marks } from "./line.js";
import { failure, renew } from "./parts.js";
import { named, t, time } from "./texts.js";
import { h } from "/console/dom.js";

const BETWEEN_CALLS = 60000; // docs/halls.md
const MOST_CALLS = 3;

/** Return a desk: its element, `update(hall)`, and `tick()` for what changes each second. */
export function desk({ office, counter, take }) {
  const place = h("div", { class: "current" });
  const said = h("p", { class: "said", role: "status", "aria-live": "polite", onclick: () => { said.textContent = ""; } }); // a press puts it away
  const wrong = h("div", {});
  let busy = null; // the request that is on its way
  let recall = () => {};
  let like = ""; // what is shown: shown again only if it is another, for somebody may be pressing a button

  /** Send a step, say what came of it, and show the hall as it is then. Return whether it was done. */
  async function act(name, send) {
    if (busy) return false;
    element.setAttribute("aria-busy", "true");
    said.textContent = "";
    wrong.replaceChildren();
    try {
      busy = send();
      const done = await busy;
      said.textContent = t(name === "call" && !done.ticket ? "done.none" : `done.${name}`, { number: done.ticket?.number ?? "" });
      take(done.hall, done.now);
      return true;
    } catch (error) {
      wrong.replaceChildren(failure(error, office.timeZone));
      if (error.status >= 400 && error.status < 500) throw error; // it is refused; of anything else nobody knows
      return false;
    } finally {
      busy = null;
      element.removeAttribute("aria-busy");
    }
  }

  /** As `act`, for a button: what is refused has been said. */
  const press = (name, send) => act(name, send).catch(() => {});
  const step = (name, body) => press(name, () => api.counter(office.code, counter, name, body));
  const idle = () => busy?.catch(() => {}) ?? null;

  const coming = arrivals({ office, act, idle });
  const line = lines({ office, press, counter, step });
  const element = h("div", {},
    h("div", { class: "told" }, said, wrong),
    h("div", { class: "desk" },
      h("section", { class: "card now", "aria-labelledby": "now-title" }, h("h1", { id: "now-title", class: "unseen", tabindex: "-1" }, t("now")), place),
      coming.element, line.element));

  function update(hall) {
    const mine = hall.counters.find((each) => each.code === counter);
    const next = hall.waiting.find((each) => !mine.services.length || mine.services.includes(each.service));
    const now = JSON.stringify([mine, next?.number]);
    if (now !== like) {
      like = now;
      recall = () => {};
      renew(place, mine.ticket ? present(hall, mine.ticket) : empty(mine, next));
    }
    coming.update(hall);
    line.update(hall, mine);
    tick();
  }

  function empty(mine, next) {
    if (!mine.open) {
      return [h("p", { class: "big quiet" }, t("closed")), h("div", { class: "row" },
        h("button", { type: "button", id: "open", class: "main large", onclick: () => step("open") }, t("open")))];
    }
    return [
      h("p", { class: "big quiet" }, t("nobody")),
      h("p", { id: "next" }, next ? t("nextUp", { number: next.number }) : t("noneWaiting")),
      h("div", { class: "row" },
        h("button", { type: "button", id: "call", class: "main large", onclick: () => step("call") }, t("callNext")),
        h("button", { type: "button", id: "close", onclick: () => step("close") }, t("shut"))),
    ];
  }

  function present(hall, ticket) {
    const service = hall.queues.find((each) => each.service === ticket.service);
    const others = hall.queues.filter((each) => each.service !== ticket.service);
    const there = { ticket: ticket.id };
    const called = ticket.state === "called";
    const again = h("button", { type: "button", id: "recall", onclick: () => again.getAttribute("aria-disabled") !== "true" && step("recall", there) });
    if (called) recall = () => countdown(again, ticket);
    const chosen = h("select", { id: "onward" }, others.map((each) => h("option", { value: each.service }, named(each))));
    return [
      h("p", { class: "state-line" }, h("span", { class: `state ${ticket.state}` }, t(`state.${ticket.state}`)),
        h("span", { class: "quiet" }, t("calls", { n: ticket.calls, at: time(ticket.calledAt, office.timeZone) }))),
      h("p", { class: "big", id: "number" }, ticket.number),
      h("p", { class: "about" }, h("strong", {}, service ? named(service) : ticket.service), ticket.maskedName && h("span", {}, ticket.maskedName), marks(ticket, office)),
      h("div", { class: "row" },
        called && h("button", { type: "button", id: "serve", class: "main large", onclick: () => step("serve", there) }, t("serve")),
        !called && h("button", { type: "button", id: "finish", class: "main large", onclick: () => step("finish", there) }, t("finish")),
        called && again,
        called && h("button", { type: "button", id: "skip-ticket", onclick: () => step("skip", there) }, t("didNotCome"))),
      others.length > 0 && h("div", { class: "row onward" },
        h("label", { for: "onward" }, t("transferTo")), chosen,
        h("button", { type: "button", id: "transfer", onclick: () => step("transfer", { ...there, service: chosen.value }) }, t("sendOn"))),
    ];
  }

  const tick = () => {
    recall();
    line.tick();
  };
  return { element, update, tick };
}

/** Say on the button when somebody may be called again: a minute after the last call, three times in all. */
function countdown(button, ticket) {
  const left = Math.ceil((Date.parse(ticket.calledAt) + BETWEEN_CALLS - clock()) / 1000);
  const spent = ticket.calls >= MOST_CALLS;
  button.setAttribute("aria-disabled", String(spent || left > 0)); // not disabled: the focus would be lost
  button.textContent = spent ? t("recalled", { n: ticket.calls }) : left > 0 ? t("recallIn", { s: left }) : t("recall");
}
