// What can be done with an entry now: a button a step, and why the others are not for the one who looks.

import { api } from "./api.js";
import { h, say } from "./dom.js";
import { failure } from "./failure.js";
import { cityTime } from "./format.js";
import { t } from "./texts.js";

const ORDER = ["take", "release", "approve", "reject", "publish", "schedule", "resume", "submit", "recall", "suspend", "withdraw"];
const AT_ONCE = new Set(["take", "release", "submit", "recall"]); // they can be taken back, and say nothing
const GRAVE = new Set(["reject", "suspend", "withdraw"]);
const NEEDS_REASON = new Set(["suspend", "withdraw"]);
export const REJECTION = "rejection"; // where reasons are written

export function steps(seen, take) {
  const place = h("section", { class: "card", "aria-labelledby": "steps-heading" }, h("h2", { id: "steps-heading" }, t("steps")));
  const found = ORDER.flatMap((name) => seen.steps.filter((each) => each.step === name));
  if (!found.length) place.append(h("p", {}, t("noSteps")));
  place.append(h("ul", { class: "steps" }, found.map((each) => step(each, place, take))));
  return place;
}

/** Return what takes a step of an entry: it says so, after `leave` of where it was asked for, on the page as it is then. */
export const taking = (code, again) => async (name, body, leave = () => {}) => {
  await api.step(code, name, body);
  leave();
  await again();
  say(t(`done.${name}`));
};

function step({ step: name, refused, fix }, place, take) {
  const press = () => {
    if (name === "reject") return document.getElementById(REJECTION).focus();
    return AT_ONCE.has(name) ? attempt(place, () => take(name)) : ask(name, take);
  };
  const button = h("button", { type: "button", "data-step": name, class: GRAVE.has(name) ? "grave" : "main", disabled: Boolean(refused), onclick: press }, t(`step.${name}`));
  if (!refused) return h("li", {}, button);
  button.setAttribute("aria-describedby", `why-not-${name}`);
  return h("li", {}, button, h("p", { id: `why-not-${name}`, class: "quiet" }, refused, ". ", fix));
}

/** Do something, once however often it is pressed; what the API has against it stands in `place` then. */
export async function attempt(place, work) {
  if (place.ariaBusy === "true") return;
  place.ariaBusy = "true";
  place.querySelector(".failure")?.remove();
  try {
    await work();
  } catch (error) {
    place.append(failure(error));
  } finally {
    place.ariaBusy = "false";
  }
}

/** Ask what a step needs to know, and take it. */
function ask(name, take) {
  const asked = name === "schedule"
    ? h("input", { id: "asked", type: "datetime-local", required: true })
    : h("textarea", { id: "asked", rows: "3", maxlength: "1000", required: NEEDS_REASON.has(name) });
  const label = name === "schedule" ? t("at") : t(NEEDS_REASON.has(name) ? "reason" : "reasonOptional");
  const body = () => (name === "schedule" ? { at: cityTime(asked.value) } : { reason: asked.value.trim() });
  const send = (event) => {
    event.preventDefault();
    attempt(form, () => take(name, body(), () => dialog.close()));
  };
  const form = h("form", { onsubmit: send },
    h("h2", { id: "asked-heading" }, t(`step.${name}`)), h("p", {}, t(`why.${name}`)),
    h("label", { for: "asked" }, label), asked,
    h("div", { class: "row" }, h("button", { class: GRAVE.has(name) ? "grave" : "main" }, t(`step.${name}`)),
      h("button", { type: "button", onclick: () => dialog.close() }, t("cancel"))));
  const dialog = h("dialog", { "aria-labelledby": "asked-heading", onclose: () => dialog.remove() }, form);
  document.body.append(dialog);
  dialog.showModal();
  asked.focus();
}
