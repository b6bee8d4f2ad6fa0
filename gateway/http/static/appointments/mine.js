// The resident's own appointments, as the graph has them.

import { ask } from "./graph.js";
import { dayOf } from "./language.js";

const DETAILS = "details { serviceZh serviceEn documentsZh documentsEn officeZh officeEn addressZh addressEn phone timeZone changeUntil }";
const SHOWN = `id code service office people startsAt endsAt state ${DETAILS}`;
const ALONG = `companionOf { id service office people startsAt endsAt state ${DETAILS} queue { number } }`;
const OVER = new Set(["cancelled", "rescheduled", "done", "no_show", "office_cancelled", "left", "lapsed", "expired"]);

const PRESENT = new Set(["ticket", "checked_in", "requeued", "called", "serving", "missed"]);

/** Whether somebody is in the hall. */
export const isPresent = (appointment) => PRESENT.has(appointment.state);
export const isOver = (appointment) => OVER.has(appointment.state);

/** Whether one may come to an appointment on the office's day, across midnight too: from 30 minutes before until 10 after. */
export function isOfDay({ startsAt, details: { timeZone } }, at) {
  const minutes = (at - Date.parse(startsAt)) / 60000;
  return dayOf(startsAt, timeZone) === dayOf(at, timeZone) || (minutes >= -30 && minutes <= 10);
}

/** Return what may be booked before others, for the office has cancelled it. */
export const rights = async () => (await ask("{ myAppointments { rebookRights { id service until } } }")).myAppointments.rebookRights;

/** Return the latest appointments, and others' that one comes along to; those to come first, the next one at the top. */
export async function mine() {
  const { bookings, companionOf: along } = (await ask(`{ myAppointments { bookings(first: 20) { ${SHOWN} } ${ALONG} } }`)).myAppointments;
  const byTime = (one, other) => Date.parse(one.startsAt) - Date.parse(other.startsAt);
  return { coming: bookings.filter((each) => !isOver(each)).sort(byTime), former: bookings.filter(isOver), along };
}

export const one = async (id) => (await ask(`query ($id: ID!) { myAppointments { booking(id: $id) { ${SHOWN} } } }`, { id })).myAppointments.booking;

/** Return an appointment of somebody else's that one comes along to; nothing once it is over. */
export const oneAlong = async (id) => (await ask(`{ myAppointments { ${ALONG} } }`)).myAppointments.companionOf.find((each) => each.id === id);

export const leaveAlong = (id) => ask("mutation ($id: ID!) { leaveAppointment(appointment: $id) }", { id });

/** Have the browser keep an appointment's entry as a file, which calendar apps open. */
export async function saveCalendar({ id, code }) {
  const { icalendar } = (await ask("query ($id: ID!) { myAppointments { booking(id: $id) { icalendar } } }", { id })).myAppointments.booking;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([icalendar], { type: "text/calendar" }));
  link.download = `${code}.ics`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

export const cancel = (id) => ask("mutation ($id: ID!) { cancelAppointment(appointment: $id) { id } }", { id });
