// How a refusal is said: in the resident's words, with what to do next; and buttons for what is free instead.

import { h } from "./element.js";
import { clock, dayLong, knows, moment, refusal, t } from "./language.js";

/** Return what has gone wrong, as a text in the page's language. */
export function said(error, zone) {
  const more = error.extensions ?? {};
  if (more.clash?.code) return t("clash", { code: more.clash.code, at: moment(more.clash.startsAt, zone) });
  if (more.problem && knows(`companion_${more.problem}`)) return t(`companion_${more.problem}`);
  if (knows(error.code)) return t(error.code, more); // what the page itself refuses
  return refusal(error.code, {
    n: more.missed?.length, codes: more.missed?.join(", "),
    until: more.until && dayLong(more.until, zone), at: more.at && moment(more.at, zone),
  });
}

/** Return an alert; `choose` is called with the time that is chosen instead, at the office of the name `where`. */
export function failure(error, { zone, choose, where } = {}) {
  const times = choose ? error.extensions?.nextFree ?? [] : [];
  return h("div", { class: "failure", role: "alert" }, h("p", {}, said(error, zone)), error.code && h("p", { class: "quiet" }, h("code", {}, error.code)),
    times.length > 0 && [h("p", { class: "quiet" }, where && `${where} · `, t("nextFree")), h("div", { class: "times" }, times.map((each) =>
      h("button", { type: "button", onclick: ({ currentTarget }) => act(currentTarget, () => choose(each), { zone, choose }) },
        h("small", {}, dayLong(each, zone)), clock(each, zone))))]);
}

/** Do what a button says. It cannot be pressed meanwhile; what goes wrong is shown below its card, as `failure` with
 * `instead`, or with what that returns of it. */
export async function act(button, work, instead) {
  const card = button.closest(".card, .failure") ?? button;
  const place = card.matches(".failure") ? card : null;
  card.parentElement?.querySelectorAll(":scope > .failure").forEach((each) => each !== place && each.remove());
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } catch (error) {
    if (error.code === "LEFT") return;
    if (!error.code) console.error(error);
    const shown = failure(error, typeof instead === "function" ? instead(error) : instead);
    place ? place.replaceWith(shown) : card.after(shown);
    shown.scrollIntoView({ block: "nearest" });
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
  }
}
