// The waitlist: joining it where no time will do, what one waits for, and what is offered.

import { h } from "./element.js";
import { ask, now } from "./graph.js";
import { clock, dayLong, moment, pick, t } from "./language.js";
import { act } from "./refusals.js";
import { service } from "./services.js";
import { signed } from "./session.js";
import { at, go, leave } from "./state.js";

const OFFICES = `query ($service: String!) {
  appointmentOffices(service: $service, alsoFull: true) { code nameZh nameEn addressZh addressEn phone timeZone } }`;
const MINE = `{ myAppointments { waitlist(first: 10) {
  id service people state ahead until offer { hold office startsAt endsAt expiresAt } } } }`;
const JOIN = `mutation ($service: String!, $offices: [String!]!, $windows: [WaitlistWindow!]!, $people: Int!) {
  joinWaitlist(service: $service, offices: $offices, windows: $windows, people: $people) { id } }`;
const LEAVE = "mutation ($entry: ID!) { leaveWaitlist(entry: $entry) { id } }";
const HOURS = { allDay: "00:00-24:00", morning: "00:00-12:00", afternoon: "12:00-24:00" };
const MOST_OFFICES = 10;
const DAY_MS = 24 * 60 * 60 * 1000;

export const leaveWaitlist = (entry) => signed(() => ask(LEAVE, { entry }));

/** Return a form by which somebody joins the waitlist of a service; `hold` keeps a time at an office that is free. */
export function joining(of, offices, hold) {
  const boxes = offices.slice(0, MOST_OFFICES).map((each) => [each, h("input", { type: "checkbox", checked: true })]);
  const date = (days) => h("input", { type: "date", required: true, value: new Date(now() + days * DAY_MS).toISOString().slice(0, 10) });
  const [first, last] = [date(1), date(of.days)];
  const hours = h("select", {}, Object.keys(HOURS).map((each) => h("option", { value: each }, t(each))));
  const join = h("button", { class: "main" }, t("join"));
  const form = h("form", { onsubmit: (event) => {
    event.preventDefault();
    act(join, async () => {
      const windows = [{ firstDay: first.value, lastDay: last.value, hours: HOURS[hours.value] }];
      const chosen = boxes.filter(([, box]) => box.checked).map(([{ code }]) => code);
      await signed(() => ask(JOIN, { service: of.code, offices: chosen, windows, people: at.people }));
      leave();
    }, ({ extensions }) => {
      const free = offices.find(({ code }) => code === extensions?.office);
      return free && { zone: free.timeZone, where: pick(free.nameZh, free.nameEn), choose: (time) => hold(free, time) };
    });
  } },
  h("p", { class: "quiet" }, t("waitlistHow")),
  boxes.map(([each, box]) => h("label", { class: "check" }, box, pick(each.nameZh, each.nameEn))),
  h("div", { class: "pair" }, h("label", {}, t("from"), first), h("label", {}, t("to"), last)),
  h("label", {}, t("hours"), hours), h("div", { class: "buttons" }, join));
  return h("details", { class: "card", id: "waitlist" }, h("summary", {}, t("waitlist")), form);
}

/** Return a card for each thing that the resident waits for. */
export async function waits() {
  const { waitlist } = (await ask(MINE)).myAppointments;
  return Promise.all(waitlist.filter(({ state }) => state === "waitlisted" || state === "offered").map(wait));
}

async function wait(entry) {
  const of = await service(entry.service);
  const stop = h("button", { type: "button", onclick: () => act(stop, async () => { await leaveWaitlist(entry.id); leave(); }) }, t("leaveWaitlist"));
  return h("section", { class: "card", "data-entry": entry.state },
    h("div", { class: "between" }, h("h2", {}, pick(of.nameZh, of.nameEn)), h("span", { class: "state" }, t(`state_${entry.state}`))),
    entry.offer ? await offered(entry, stop) : [
      h("p", {}, entry.ahead ? t("waitlistAhead", { n: entry.ahead }) : t("waitlistFirst")),
      h("p", { class: "quiet" }, t("waitlistUntil", { at: dayLong(entry.until) })), h("div", { class: "buttons" }, stop)]);
}

async function offered({ id, service: code, people, offer }, stop) {
  const { appointmentOffices } = await ask(OFFICES, { service: code });
  const { nameZh, nameEn, addressZh, addressEn, phone, timeZone } = appointmentOffices.find((each) => each.code === offer.office);
  const hold = { ...offer, service: code, people, isKept: true, entry: id, place: { nameZh, nameEn, addressZh, addressEn, phone, timeZone } };
  return [h("p", { class: "when" }, moment(offer.startsAt, timeZone)), h("p", {}, pick(nameZh, nameEn)),
    h("p", { class: "notice" }, t("offerUntil", { at: clock(offer.expiresAt, timeZone) })),
    h("div", { class: "buttons" }, h("button", { type: "button", class: "main", onclick: () => go({ view: "hold", service: code, people, moving: undefined, right: undefined, hold }) }, t("takeOffer")), stop)];
}
