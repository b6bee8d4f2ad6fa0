// Calls /halls, as docs/halls.md describes it, and knows the platform's clock by its answers.

import { call } from "/console/api.js";

export { Refused } from "/console/api.js";

let ahead = 0; // of this machine's clock, in milliseconds

/** Learn what time it is by the platform. */
export function setClock(now) {
  ahead = Date.parse(now) - Date.now();
}

/** The platform's time, in milliseconds. */
export const clock = () => Date.now() + ahead;

const path = (office, rest = "") => `/halls/${encodeURIComponent(office)}${rest}`;

const post = (office, rest, body, key) =>
  call("POST", path(office, rest), body, key ? { "idempotency-key": key } : {});

export const api = {
  offices: () => call("GET", "/halls"),
  counter: (office, counter, step, body = {}) => post(office, `/counters/${encodeURIComponent(counter)}/${step}`, body),
  checkIn: (office, code) => post(office, "/check-in", { code }),
  take: (office, service, priority, key) => post(office, "/tickets", { service, priority }, key),
  ticket: (office, ticket, step) => post(office, `/tickets/${ticket}/${step}`, {}),
  events: (office) => path(office, "/events"),
};
