// Choosing: how many come, which office, which day, which time; the time is held at once.

import { drawing, turnOf } from "./draw.js";
import { telephone } from "./cards.js";
import { h } from "./element.js";
import { ask, now } from "./graph.js";
import { clock, dayLong, dayOf, distance, moment, pick, t, weekday } from "./language.js";
import { act, failure } from "./refusals.js";
import { service, skeleton } from "./services.js";
import { signed } from "./session.js";
import { at, go, note } from "./state.js";
import { joining } from "./waitlist.js";
import { here } from "./where.js";

const OFFICES = `query ($service: String!, $near: Position, $days: Int!, $people: Int!) {
  appointmentOffices(service: $service, near: $near, days: $days, people: $people, alsoFull: true) {
    code nameZh nameEn addressZh addressEn phone timeZone metres days { day first times } } }`;
const TIMES = `query ($service: String!, $office: String!, $day: String!, $people: Int!, $moving: ID, $rebooking: Boolean!) {
  appointmentTimes(service: $service, office: $office, day: $day, people: $people, moving: $moving, rebooking: $rebooking) { startsAt places } }`;
const HOLD = `mutation ($service: String!, $office: String!, $at: String!, $people: Int!, $moving: ID, $turn: String!, $right: ID) {
  holdAppointment(service: $service, office: $office, startsAt: $at, people: $people, moving: $moving, turn: $turn, right: $right) {
    hold service office startsAt endsAt expiresAt isKept } }`;
const DAYS = 14; // are shown, and those beyond them that have been released
const DAY_MS = 24 * 60 * 60 * 1000;
const NOON = "T12:00:00Z"; // a day's name is read from its noon, in UTC
let near = null;

export async function choosing() {
  const of = await service(at.service);
  const offices = h("div", { id: "offices" });
  const reload = () => load(of, offices);
  reload();
  return [
    h("h1", { tabindex: -1 }, pick(of.nameZh, of.nameEn)),
    at.moving && h("p", { class: "notice" }, t("moving", at.moving)),
    at.right && h("p", { class: "notice" }, t("withRight")),
    h("p", { class: "quiet" }, facts(of)),
    of.documentsZh.length > 0 && h("section", { class: "card" }, h("h2", {}, t("bring")), h("ul", { class: "bring" }, pick(of.documentsZh, of.documentsEn).map((each) => h("li", {}, each)))),
    of.people > 1 && !at.moving && h("section", { class: "card people" }, h("h2", {}, t("people")), stepper(of, reload)),
    h("div", { class: "between" }, h("h2", {}, t("where")), nearest(reload)),
    offices,
  ];
}

export function facts(of) {
  const minutes = of.minutes + of.furtherMinutes * (Math.min(at.people, of.people) - 1);
  const needs = { L2: t("realName"), L3: t("faceCheck") }[of.level];
  return [t("minutes", { n: minutes }), of.people > 1 && t("upTo", { n: of.people }), needs].filter(Boolean).join(" · ");
}

function stepper(of, reload) {
  const count = h("output", { "aria-live": "polite" }, t("persons", { n: at.people }));
  const isOut = (people) => people < 1 || people > of.people;
  const steps = [[-1, "fewer", "−"], [1, "more", "+"]].map(([by, label, sign]) => [by, h("button", { type: "button", "aria-label": t(label), onclick: () => {
    const people = at.people + by;
    if (isOut(people)) return;
    note({ people });
    count.textContent = t("persons", { n: people });
    limit();
    reload();
  } }, sign)]);
  // Not disabled: the focus would be lost.
  const limit = () => steps.forEach(([by, button]) => button.setAttribute("aria-disabled", String(isOut(at.people + by))));
  limit();
  const [fewer, more] = steps.map(([, button]) => button);
  return h("div", { class: "stepper" }, fewer, count, more);
}

function nearest(reload) {
  return h("button", { type: "button", id: "near", class: "small", "aria-pressed": String(Boolean(near)), onclick: ({ currentTarget }) => act(currentTarget, async () => {
    const position = await here();
    near = position.latitude === undefined ? null : position;
    currentTarget.setAttribute("aria-pressed", String(Boolean(near)));
    document.getElementById("said").textContent = near ? "" : t("nearUnknown");
    reload();
  }) }, t("near"));
}

let loads = 0; // of two loads that cross, the later one is shown

async function load(of, place) {
  const mine = (loads += 1);
  place.setAttribute("aria-busy", "true");
  place.replaceChildren(skeleton(2));
  let shown;
  try {
    const { appointmentOffices } = await ask(OFFICES, { service: of.code, near, days: of.days + 1, people: at.people });
    const free = appointmentOffices.filter((each) => each.days.length || at.right);
    shown = free.map((each) => office(of, each, free.length === 1));
    if (!free.length) shown = [h("p", { class: "card" }, t("nowhere", { days: of.days, release: of.releaseAt }))];
    if (appointmentOffices.length && !at.moving && !at.right) shown.push(...waitlist(of, appointmentOffices));
  } catch (error) {
    shown = [failure(error), h("button", { type: "button", onclick: () => load(of, place) }, t("retry"))];
  }
  if (mine !== loads) return;
  place.removeAttribute("aria-busy");
  place.replaceChildren(...shown);
}

/** Return the form of the waitlist; where it says that a time is free on a day that is drawn, the draw is shown below it. */
function waitlist(of, offices) {
  const below = h("div", {});
  const times = (each) => {
    const place = h("div", { class: "chosen" });
    below.replaceChildren(h("section", { class: "card" }, h("h3", {}, pick(each.nameZh, each.nameEn)), place));
    return place;
  };
  return [joining(of, offices, (each, time) => holdOrDraw(of, each, time, () => times(each))), below];
}

function office(of, each, isOnly) {
  const body = h("div", { class: "calendar" });
  const isOpen = () => head.getAttribute("aria-expanded") === "true";
  const open = (wanted) => {
    head.setAttribute("aria-expanded", String(wanted));
    body.replaceChildren(...(wanted ? calendar(of, each) : []));
  };
  const [first] = each.days;
  const head = h("button", { type: "button", class: "office", "aria-expanded": "false", onclick: () => {
    if (at.office !== each.code) note({ office: each.code, day: undefined });
    open(!isOpen());
  } },
  h("span", { class: "between" }, h("strong", {}, pick(each.nameZh, each.nameEn)), each.metres !== null && h("span", { class: "quiet" }, distance(each.metres))),
  h("small", {}, pick(each.addressZh, each.addressEn)), first && h("small", { class: "first" }, t("first", { at: moment(first.first, each.timeZone) })));
  open(isOnly || at.office === each.code);
  return h("section", { class: "card" }, head, body);
}

function calendar(of, each) {
  const free = new Map(each.days.map((day) => [day.day, day.times]));
  const times = h("div", { class: "chosen" });
  const days = h("div", { class: "days", role: "group", "aria-label": t("days") }, shownDays(each).map((day) => cell(day, free.get(day) ?? 0, async (button) => {
    days.querySelector("[aria-pressed=true]")?.setAttribute("aria-pressed", "false");
    button.setAttribute("aria-pressed", "true");
    note({ office: each.code, day });
    await showTimes(of, each, day, times);
  })));
  const former = at.office === each.code && free.get(at.day) && days.querySelector(`[data-day="${at.day}"]`);
  if (former) queueMicrotask(() => former.click());
  return [telephone(each.phone), h("p", { class: "quiet" }, t("days")), days, times];
}

function shownDays(each) {
  const today = Date.parse(dayOf(now(), each.timeZone) + NOON);
  const days = Array.from({ length: DAYS }, (_, n) => new Date(today + n * DAY_MS).toISOString().slice(0, 10));
  return [...days, ...each.days.map(({ day }) => day).filter((day) => day > days.at(-1))];
}

function cell(day, times, chosen) {
  const date = day + NOON;
  const label = t(times ? "freeSpoken" : "fullSpoken", { day: dayLong(date, "UTC"), n: times });
  const [month, number] = [Number(day.slice(5, 7)), Number(day.slice(8))];
  const isEmpty = !times && !at.right; // a right has places that others do not see
  return h("button", { type: "button", "data-day": day, disabled: isEmpty, "aria-label": label, "aria-pressed": "false", onclick: ({ currentTarget }) => chosen(currentTarget) },
    h("small", {}, weekday(date, "UTC")), h("strong", {}, number === 1 ? `${month}/1` : number), h("small", {}, times || "–"));
}

async function showTimes(of, each, day, place) {
  place.replaceChildren(skeleton(1));
  const read = () => ask(TIMES, { service: of.code, office: each.code, day, people: at.people, moving: at.moving?.id, rebooking: Boolean(at.right) });
  try {
    const { appointmentTimes } = await (at.moving ? signed(read) : read());
    const isMorning = ({ startsAt }) => clock(startsAt, each.timeZone) < "12:00";
    const halves = [["morning", appointmentTimes.filter(isMorning)], ["afternoon", appointmentTimes.filter((time) => !isMorning(time))]];
    place.replaceChildren(h("h3", {}, appointmentTimes.length ? t("times", { day: dayLong(day + NOON, "UTC") }) : t("gone")),
      ...halves.filter(([, some]) => some.length).flatMap(([name, some]) => [
        h("p", { class: "quiet" }, t(name)), h("div", { class: "times" }, some.map((time) => timeButton(of, each, time, place)))]));
  } catch (error) {
    place.replaceChildren(failure(error));
  }
}

function timeButton(of, each, { startsAt, places }, place) {
  const shown = clock(startsAt, each.timeZone);
  const keep = (chosen) => holdOrDraw(of, each, chosen, () => place);
  return h("button", { type: "button", "aria-label": t("leftSpoken", { at: shown, n: places }), onclick: ({ currentTarget }) =>
    act(currentTarget, () => keep(startsAt), { zone: each.timeZone, choose: keep }) }, shown, h("small", {}, t("left", { n: places })));
}

/** Hold a time; if its day is drawn, show the draw in the place that `placed` returns, and that day's times when it is their turn. */
async function holdOrDraw(of, each, startsAt, placed) {
  try {
    await hold(of, each, startsAt);
  } catch (error) {
    if (error.code !== "APPOINTMENT_DRAW") throw error;
    const [day, place] = [dayOf(startsAt, each.timeZone), placed()];
    await drawing(of, each, day, place, () => showTimes(of, each, day, place));
  }
}

async function hold(of, each, startsAt) {
  const turn = at.right ? "" : await turnOf(of, each, dayOf(startsAt, each.timeZone));
  const asked = { service: of.code, office: each.code, at: startsAt, people: at.people, moving: at.moving?.id, turn, right: at.right };
  const held = (await signed(() => ask(HOLD, asked))).holdAppointment;
  const { nameZh, nameEn, addressZh, addressEn, phone, timeZone } = each;
  go({ view: "hold", hold: { ...held, people: at.people, place: { nameZh, nameEn, addressZh, addressEn, phone, timeZone } } });
}

/** Return a hold of another time at the office of what is held, as when that was taken meanwhile. */
export async function heldInstead(startsAt) {
  const { hold: former } = at;
  const asked = { service: former.service, office: former.office, at: startsAt, people: former.people, moving: at.moving?.id, turn: "", right: at.right };
  const held = (await signed(() => ask(HOLD, asked))).holdAppointment;
  return { ...former, entry: undefined, ...held };
}
