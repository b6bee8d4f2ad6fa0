// Follows a hall by Server-Sent Events. By fetch, for an EventSource sends no key; a lost link begins again.

import { Refused, api, clock, setClock } from "./api.js";
import { credential } from "/console/session.js";

const AGAIN = 2000;
const QUIET = 40000; // the gateway says something at least every 15 s

/**
 * Call `shown(name, hall)` with each state of an office's hall, `linked(yes, at)` as the link
 * comes and goes, with when something was heard last, and
 * `refused(error)` once if it is not for whoever has the key, or no more. Return what ends it.
 */
export function follow(office, { shown, linked, refused }) {
  let ended = false;
  let reading = new AbortController();
  (async () => {
    let known = "";
    let heard = 0;
    while (!ended) {
      reading = new AbortController();
      try {
        const headers = { accept: "text/event-stream", authorization: `Bearer ${credential()}` };
        if (known) headers["last-event-id"] = known;
        const response = await fetch(api.events(office), { headers, signal: reading.signal, cache: "no-store", credentials: "omit" });
        if ([401, 403, 404, 429].includes(response.status)) return refused(new Refused(response.status, await response.json()));
        if (response.ok) {
          linked(true, clock());
          for await (const event of events(response.body, reading, () => { heard = clock(); })) {
            const said = JSON.parse(event.data);
            if (event.event === "refused") return refused(new Refused(said.error.code === "CREDENTIAL_REFUSED" ? 401 : 403, said));
            known = event.id;
            setClock(said.now);
            shown(event.event, said.hall);
          }
        }
      } catch (error) {
        if (!ended && !(error instanceof TypeError) && error.name !== "AbortError") console.error(error);
      }
      if (ended) return undefined;
      linked(false, heard);
      await new Promise((done) => setTimeout(done, AGAIN));
    }
    return undefined;
  })();
  return () => {
    ended = true;
    reading.abort();
  };
}

/** Yield the events of a body that have data, and tell whenever anything comes; if nothing does for a while, give up. */
async function* events(body, reading, heard) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const giveUp = setTimeout(() => reading.abort(), QUIET);
    const { value, done } = await reader.read();
    clearTimeout(giveUp);
    if (done) return;
    heard();
    text += value;
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const lines = text.slice(0, end).split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trimStart()]);
      text = text.slice(end + 2);
      const event = Object.fromEntries(lines);
      if (event.data) yield event;
    }
  }
}
