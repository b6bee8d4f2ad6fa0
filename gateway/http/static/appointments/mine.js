// The resident's own appointments, as the graph has them.

import { ask } from "./graph.js";
import { dayOf } from "./language.js";

const SHOWN = `id code service office people startsAt endsAt state
  details { serviceZh serviceEn documents officeZh officeEn addressZh addressEn phone timeZone changeUntil }`;
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

/** Return the latest appointments; those to come first, the next one at the top. */
export async function mine() {
  const { bookings } = (await ask(`{ myAppointments { bookings(first: 20) { ${SHOWN} } } }`)).myAppointments;
  const byTime = (one, other) => Date.parse(one.startsAt) - Date.parse(other.startsAt);
  return { coming: bookings.filter((each) => !isOver(each)).sort(byTime), former: bookings.filter(isOver) };
}

export const one = async (id) => (await ask(`query ($id: ID!) { myAppointments { booking(id: $id) { ${SHOWN} } } }`, { id })).myAppointments.booking;

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
