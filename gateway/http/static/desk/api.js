// Calls /desks, as docs/desks.md describes it, from one door: a counter of an office, or the hotline.

import { call } from "/console/api.js";

let office = ""; // empty at the hotline

export const stand = (code) => { office = code; };

function path(rest, query = {}) {
  const all = new URLSearchParams({ ...query, ...(office ? { office } : {}) }).toString();
  return `/desks${rest}${all ? `?${all}` : ""}`;
}
const post = (rest, body) => call("POST", path(rest), body);

export const api = {
  doors: () => call("GET", "/desks/doors"),
  door: () => call("GET", path("")),
  find: (by) => post("/cases/find", by),
  see: (id) => call("GET", path(`/cases/${id}`)),
  days: (query) => call("GET", path("/days", query)),
  times: (query) => call("GET", path("/times", query)),
  hold: (body) => post("/holds", body),
  book: (body) => post("/cases", body),
  act: (id, name, body) => post(`/cases/${id}/${name}`, body),
  note: (id, text, note) => call("PUT", path(`/cases/${id}/notes/${note}`), { text }),
};
