// A day that is released by lot: joining its draw, waiting for it, and one's turn.

import { h } from "./element.js";
import { ask, now } from "./graph.js";
import { clock, t } from "./language.js";
import { act } from "./refusals.js";
import { signed } from "./session.js";

const ABOUT = "($service: String!, $office: String!, $day: String!)";
const OF = "(service: $service, office: $office, day: $day)";
const DRAW = `query ${ABOUT} { appointmentDraw${OF} { closesAt entry entries rank admittedAt turn } }`;
const JOIN = `mutation ${ABOUT} { joinAppointmentDraw${OF} }`;
const AGAIN_MS = 2000;

/** Return what lets a resident hold a time of a day before others, if they have drawn it. */
export async function turnOf(of, office, day) {
  return of.drawSeconds ? (await signed(() => ask(DRAW, { service: of.code, office: office.code, day }))).appointmentDraw.turn ?? "" : "";
}

/** Show how the draw of a day stands until it is the resident's turn, then call `open`. */
export async function drawing(of, office, day, place, open) {
  const about = { service: of.code, office: office.code, day };
  const box = h("div", { class: "notice", id: "draw", role: "status" });
  place.replaceChildren(box);
  const look = async () => {
    if (!box.isConnected) return;
    const draw = (await ask(DRAW, about)).appointmentDraw;
    const opens = Date.parse(draw.admittedAt ?? "");
    if (opens <= now()) return open();
    box.replaceChildren(...said(draw, office.timeZone, join));
    const next = opens ? opens - now() : Math.max(AGAIN_MS, Date.parse(draw.closesAt) - now());
    setTimeout(() => look().catch(() => setTimeout(look, AGAIN_MS)), next);
  };
  const join = (button) => act(button, async () => {
    await signed(() => ask(JOIN, about));
    box.replaceChildren(h("p", {}, t("drawJoined")));
  });
  await look();
}

function said({ entry, entries, rank, closesAt, admittedAt }, zone, join) {
  if (rank) return [h("p", {}, t("drawRank", { n: rank, all: entries, at: clock(admittedAt, zone) }))];
  if (entry) return [h("p", {}, t("drawJoined"))];
  if (admittedAt) return [h("p", {}, t("drawOver", { at: clock(admittedAt, zone) }))];
  if (Date.parse(closesAt) < now()) return [h("p", {}, t("drawSoon"))];
  return [h("p", {}, t("drawHow")), h("button", { type: "button", class: "main", onclick: ({ currentTarget }) => join(currentTarget) }, t("drawJoin"))];
}
