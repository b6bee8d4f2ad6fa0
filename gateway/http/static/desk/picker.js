// Chooses a time of a service: an office, a day, a time, which is held at once for whom it is meant.

import { api } from "./api.js";
import { attempt, field, select } from "./parts.js";
import { clock, day, named, t, when } from "./texts.js";
import { h } from "/console/dom.js";

/** Return an element with the days on which something is free, at office `at` first; `held(hold, zone)` when a time is kept. */
export function picker({ door, service, people, whom, held, at = "" }) {
  const days = h("div", { class: "card" });
  const times = h("div", { class: "card", hidden: true });
  const element = h("div", {}, days, times);
  attempt(days, async () => {
    const found = (await api.days({ service, people })).days;
    const places = door.offices.filter((place) => found.some((each) => each.office === place.office.code));
    const list = h("ul", { class: "times" });
    const chosen = select("at", places.map((each) => [each.office.code, named(each.office)]), at);
    const renew = () => {
      times.hidden = true;
      list.replaceChildren(...found.filter((each) => each.office === chosen.value).map((each) => h("li", {}, dayButton(each))));
    };
    chosen.addEventListener("change", renew);
    days.append(h("h2", {}, t("pickDay")), places.length > 1 ? field(t("office"), chosen) : h("p", { id: "only-office" }, places.map((each) => named(each.office))), places.length ? list : h("p", {}, t("noDays")));
    renew();
  });

  function dayButton(each) {
    const place = door.offices.find((one) => one.office.code === each.office);
    const button = h("button", { type: "button", "data-day": each.day, onclick: () => show(button, place, each.day) },
      day(each.day), " ", h("span", { class: "quiet" }, t("times_n", { n: each.times })));
    return button;
  }

  function show(button, place, chosen) {
    press(days, button);
    times.hidden = false;
    times.replaceChildren(h("h2", { tabindex: "-1" }, t("pickTime"), " · ", day(chosen)));
    attempt(times, async () => {
      const moving = whom.moving ? { moving: whom.moving } : {};
      const free = await api.times({ service, people, at: place.office.code, day: chosen, ...moving });
      times.append(free.times.length ? h("ul", { class: "times" }, free.times.map((each) => {
        const one = h("button", { type: "button", "data-time": each.startsAt, onclick: () => keep(one, place, each.startsAt) }, clock(each.startsAt, free.timeZone));
        return h("li", {}, one);
      })) : h("p", {}, t("noTimes")));
      times.querySelector("button")?.focus();
    }, place.timeZone);
  }

  const keep = (button, place, startsAt) => attempt(times, async () => {
    const made = await api.hold({ service, office: place.office.code, startsAt, people, ...whom });
    press(times, button);
    held(made, place.timeZone);
  }, place.timeZone);
  return element;
}

function press(within, button) {
  for (const each of within.querySelectorAll("button")) each.setAttribute("aria-pressed", String(each === button));
}

/** Say until when a time is kept, and whether a right to book again is used by it. */
export const kept = (made, zone) => [
  h("p", { class: made.isKept ? null : "alert" }, t(made.isKept ? "held" : "notKept", { time: when(made.startsAt, zone), until: clock(made.expiresAt, zone) })),
  made.byRight && h("p", { class: "quiet", id: "uses-right" }, t("usesRight")),
];
