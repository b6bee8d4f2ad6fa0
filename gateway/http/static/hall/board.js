// The board of a hall: the last call large, all counters, who waits and how long.

import { clock } from "./api.js";
import { renew } from "./parts.js";
import { announce } from "./sound.js";
import { minutes, named, t } from "./texts.js";
import { h } from "/console/dom.js";

const FRESH = 30000; // so long a call is shown as new
const MOST_WAITING = 18;
const MOST_LARGE = 9; // counters: nobody scrolls a screen

export function board() {
  const calling = h("section", { class: "calling", "aria-live": "polite", "aria-label": t("calling") });
  const counters = h("ul", { class: "counters", "aria-label": t("counters") });
  const estimates = h("section", { class: "estimates", "aria-labelledby": "estimates-title" });
  const waiting = h("section", { class: "next", "aria-labelledby": "next-title" });
  const element = h("div", { class: "board" }, calling, counters, h("div", { class: "aside" }, estimates, waiting));
  let heard = null; // calls that were there before, as "A001 2": those are not heard again
  let last = "";

  function update(hall) {
    const called = hall.counters.filter((each) => each.ticket?.state === "called").sort((a, b) => Date.parse(b.ticket.calledAt) - Date.parse(a.ticket.calledAt));
    const keys = called.map((each) => `${each.code} ${each.ticket.number} ${each.ticket.calls}`);
    called.forEach((each, at) => heard && !heard.has(keys[at]) && announce(each.ticket, each));
    heard = new Set(keys);
    if (last !== (keys[0] ?? "-")) {
      last = keys[0] ?? "-";
      renew(calling, lastCall(called[0]));
    }
    const shown = hall.counters.filter((each) => each.open || each.ticket);
    counters.classList.toggle("many", shown.length > MOST_LARGE);
    counters.replaceChildren(...shown.map((each) => counter(each, called[0])));
    estimates.replaceChildren(h("h2", { id: "estimates-title" }, t("estimates")), h("ul", {}, hall.queues.map(queue)));
    waiting.replaceChildren(...numbers(hall));
  }
  return { element, update };
}

function lastCall(counter) {
  if (!counter) return [h("p", { class: "no-calls" }, t("noCalls"))];
  return [
    h("p", { class: "number" }, counter.ticket.number),
    h("p", { class: "to" }, h("span", { class: "quiet" }, t("toCounter")), " ", h("strong", {}, named(counter))),
    counter.ticket.maskedName && h("p", { class: "name" }, counter.ticket.maskedName),
  ];
}

function counter(each, last) {
  const { ticket } = each;
  const isNew = ticket?.state === "called" && clock() - Date.parse(ticket.calledAt) < FRESH;
  const look = ["counter", ticket ? ticket.state : "free", isNew && "new", each === last && "last"].filter(Boolean).join(" ");
  return h("li", { class: look, "data-counter": each.code },
    h("span", { class: "name" }, named(each)),
    h("strong", { class: "number" }, ticket ? ticket.number : "–"),
    ticket?.maskedName && h("span", { class: "person" }, ticket.maskedName),
    h("span", { class: "state-word" }, ticket ? t(`state.${ticket.state}`) : t("free")));
}

function queue(each) {
  return h("li", {},
    h("strong", {}, named(each)),
    h("span", {}, t("ahead", { n: each.waiting })),
    h("span", { class: "wait" }, wait(each)),
    h("span", { class: "quiet" }, each.lowS === null ? " " : each.errorS === null ? t("offUnknown") : t("off", { n: Math.max(1, minutes(each.errorS)) })));
}

/** How long a newcomer will wait, as a range. */
function wait({ lowS, highS }) {
  if (lowS === null || highS === null) return t("noCounterOpen");
  const [low, high] = [Math.floor(lowS / 60), Math.ceil(highS / 60)];
  if (highS < 60) return t("atOnce");
  return low === high || lowS === highS ? t("aboutOne", { n: high }) : t("about", { low, high });
}

function numbers(hall) {
  const shown = hall.waiting.slice(0, MOST_WAITING).map((each) => h("li", {}, each.number));
  const more = hall.waiting.length - shown.length;
  return [
    h("h2", { id: "next-title" }, t("nextNumbers")), shown.length ? h("ol", {}, shown) : h("p", { class: "quiet" }, t("noneWaiting")), more > 0 && h("p", { class: "quiet" }, t("more", { n: more })),
    hall.missed.length > 0 && h("div", { class: "missed" }, h("h2", {}, t("missedNumbers")), h("ul", {}, hall.missed.map((each) => h("li", {}, each.number))), h("p", { class: "quiet" }, t("missedHow"))),
  ].filter(Boolean);
}
