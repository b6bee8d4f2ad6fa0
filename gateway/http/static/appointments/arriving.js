// Coming to an office: the sticker of its hall was scanned. Whoever has an appointment checks in by that, others take a ticket.

import { card } from "./cards.js";
import { facts } from "./choose.js";
import { h } from "./element.js";
import { ask, now, Refused } from "./graph.js";
import { clock, pick, t } from "./language.js";
import { isOfDay, isPresent, mine } from "./mine.js";
import { act, failure } from "./refusals.js";
import { signed } from "./session.js";
import { at, leave } from "./state.js";
import { here } from "./where.js";

const PLACE = `query ($scanned: String!) {
  placeCode(scanned: $scanned) { answer kind reference nameZh nameEn } }`;
const SERVICES = `query ($office: String!) {
  appointmentServices(office: $office) { code nameZh nameEn minutes furtherMinutes people level } }`;
const CHECK_IN = `mutation ($scanned: String!, $id: ID!, $latitude: Float, $longitude: Float) {
  checkInAppointment(placeCode: $scanned, appointment: $id, latitude: $latitude, longitude: $longitude) { id } }`;
const TICKET = `mutation ($scanned: String!, $service: String!, $latitude: Float, $longitude: Float) {
  takeTicket(placeCode: $scanned, service: $service, latitude: $latitude, longitude: $longitude) { id } }`;

let isTooFar = false; // they have been refused for it: where they were then counts no more

export async function arriving() {
  const scanned = at.scan;
  const place = (await ask(PLACE, { scanned })).placeCode;
  const office = officeOf(place);
  const [{ coming }, { appointmentServices }] = await Promise.all([signed(mine), ask(SERVICES, { office })]);
  const today = coming.filter((each) => each.office === office && (isPresent(each) || isOfDay(each, now())));
  const [only] = today;
  const refused = today.length === 1 && await checkIn(scanned, only).catch((error) => error);
  if (today.length === 1 && !refused) return [];
  return [
    h("h1", { tabindex: -1 }, pick(place.nameZh, place.nameEn)),
    refused && failure(refused, { zone: only.details.timeZone }),
    ...today.flatMap((each) => [card(each), checkInButton(scanned, each)]),
    h("h2", {}, t(today.length ? "orTicket" : "ticketOnly")),
    h("p", { class: "quiet" }, t("ticketWhy")),
    h("ul", { class: "services" }, appointmentServices.map((each) => h("li", {}, ticketButton(scanned, each)))),
  ];
}

function officeOf(place) {
  if (place.answer !== "valid") throw new Refused(`place_${place.answer}`, "");
  const [kind, office] = place.reference.split(":");
  if (place.kind !== "counter" || kind !== "office") throw new Refused("HALL_ELSEWHERE", "");
  return office;
}

// Where the phone is is asked for at each attempt: whoever has refused it and then allows it, or has come nearer, need not scan again.
const fromHere = (query, given) => signed(async () => {
  const position = await here(isTooFar);
  isTooFar = false;
  return ask(query, { ...given, ...position }).catch((error) => {
    isTooFar = error.code === "HALL_TOO_FAR";
    throw error;
  });
});

async function checkIn(scanned, { id, state }) {
  if (!isPresent({ state }) || state === "missed") await fromHere(CHECK_IN, { scanned, id });
  leave({ view: "waiting", booked: id });
}

function checkInButton(scanned, appointment) {
  const zone = appointment.details.timeZone;
  const text = t("checkInFor", { at: clock(appointment.startsAt, zone) });
  return h("button", { type: "button", class: "main wide", onclick: ({ currentTarget }) => act(currentTarget, () => checkIn(scanned, appointment), { zone }) }, text);
}

function ticketButton(scanned, service) {
  return h("button", { type: "button", class: "card service", onclick: ({ currentTarget }) => act(currentTarget, async () => {
    const { takeTicket } = await fromHere(TICKET, { scanned, service: service.code });
    leave({ view: "waiting", booked: takeTicket.id });
  }) }, h("strong", {}, pick(service.nameZh, service.nameEn)), h("small", {}, facts(service)));
}
