// Calls the gateway, as docs/catalogue.md describes under "Over HTTP".

import { credential } from "./session.js";

/** What the API said instead of an answer, with its `fix`, and `details` by its code. */
export class Refused extends Error {
  constructor(status, answer) {
    const error = answer.error || {};
    super(error.message || `HTTP ${status}`);
    this.status = status;
    this.code = error.code || "";
    this.fix = error.fix || "";
    this.details = error.details || {};
  }
}

export async function call(method, path, body, more = {}) {
  const headers = credential() ? { ...more, authorization: `Bearer ${credential()}` } : more;
  if (body !== undefined) headers["content-type"] = "application/json";
  const sent = { method, headers, body: body && JSON.stringify(body), credentials: "omit", cache: "no-store" };
  let response;
  try {
    response = await fetch(path, sent);
  } catch (error) {
    throw new Refused(0, { error: { code: "NETWORK", message: String(error.message), fix: "" } });
  }
  const answer = await response.json().catch((error) => {
    if (response.ok) throw new Refused(response.status, { error: { code: "NO_JSON", message: String(error.message) } });
    return {};
  });
  if (!response.ok) throw new Refused(response.status, answer);
  return answer;
}

const entry = (code, rest = "") => `/entries/${encodeURIComponent(code)}${rest}`;

export const api = {
  inbox: () => call("GET", "/entries/inbox"),
  entries: (wanted) => call("GET", `/entries?${new URLSearchParams(wanted)}`),
  entry: (code) => call("GET", entry(code)),
  history: (code) => call("GET", entry(code, "/history")),
  probes: (code) => call("GET", entry(code, "/probes")),
  drift: (code) => call("GET", entry(code, "/drift")),
  notices: (after) => call("GET", `/entries/notices?newest=true&after=${after}`),
  conformity: () => call("GET", "/conformity"),
  step: (code, name, body) => call("POST", entry(code, `/${name}`), body),
};
