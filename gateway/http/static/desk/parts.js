// What the views are made of: refusals, one request at a time, questions, reasons.

import { refusal, t, titled, when } from "./texts.js";
import { Refused } from "/console/api.js";
import { h } from "/console/dom.js";

const OURS = { NETWORK: "network", NO_JSON: "noJson", CREDENTIAL_FORM: "credentialForm", COMPANION_INCOMPLETE: "companionIncomplete", COMPANION_SELF: "companionSelf", COMPANION_TWICE: "companionTwice" }; // what the API has not said

/** What went wrong, in the page's language; times on the clock of an office's zone. */
export function failure(error, zone) {
  if (!(error instanceof Refused)) console.error(error);
  const said = !(error instanceof Refused) ? t("defect") : OURS[error.code] ? t(OURS[error.code], error.details) : refusal(error, zone);
  const free = error.details?.nextFree ?? [];
  return h("div", { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, said), " ", error.code && !OURS[error.code] && h("code", {}, error.code)),
    free.length > 0 && h("p", {}, t("nextFree", { times: free.map((each) => when(each, zone)).join(t("comma")) })));
}

/** Do something, once however often it is pressed; what the API has against it stands in `place` then. */
export async function attempt(place, work, zone) {
  if (place.ariaBusy === "true") return;
  place.ariaBusy = "true";
  place.querySelector(":scope > .failure")?.remove();
  try {
    await work();
  } catch (error) {
    place.append(failure(error, zone));
  } finally {
    place.ariaBusy = "false";
  }
}

/** A labelled field. */
export function field(label, input, how) {
  if (how) input.setAttribute("aria-describedby", `${input.id}-how`);
  return h("div", {}, h("label", { for: input.id, class: input.required ? "needed" : null }, label), input, how && h("p", { id: `${input.id}-how`, class: "quiet" }, how));
}

export function select(id, options, chosen) {
  return h("select", { id }, options.map(([value, text]) => h("option", { value, selected: value === chosen }, text)));
}

const REASONS = ["person_asked", "illness", "emergency", "office_fault"];
export const reasons = () => select("reason", REASONS.map((each) => [each, t(`reason.${each}`)]));

/** Inputs for questions; `needed` says by when they have to be answered. `given()` is what was changed. */
export function questions(asked, needed) {
  const inputs = asked.map((each) => input(each, each.requiredBy && needed.includes(each.requiredBy)));
  return { elements: inputs.map((each) => each.element), given: () => Object.fromEntries(inputs.flatMap((each) => each.given())) };
}

function input(question, isNeeded) {
  const before = question.isMasked ? "" : question.answer ?? "";
  const id = `q-${question.name}`;
  const title = titled(question);
  if (question.kind === "yes_no" || question.kind === "choice") {
    const choices = question.kind === "choice" ? question.choices.map((each) => [each.value, titled(each)]) : [["yes", t("yes")], ["no", t("no")]];
    const boxes = choices.map(([value, text]) => [h("input", { type: "radio", name: id, id: `${id}-${value}`, value, checked: value === before, required: isNeeded && !question.isMasked }), text]);
    const element = h("fieldset", {}, h("legend", { class: isNeeded ? "needed" : null }, title), question.isMasked && h("p", { class: "quiet" }, t("masked")),
      h("div", { class: "radios" }, boxes.map(([box, text]) => h("label", { for: box.id }, box, text))));
    const value = () => boxes.find(([box]) => box.checked)?.[0].value ?? "";
    return { element, given: () => (value() !== before ? [[question.name, value()]] : []) };
  }
  const box = h("input", { id, type: question.kind === "date" ? "date" : "text", value: before, maxlength: "500", autocomplete: "off", required: isNeeded && !question.isMasked, placeholder: question.isMasked ? t("masked") : null });
  return { element: field(title, box), given: () => (box.value.trim() !== before ? [[question.name, box.value.trim()]] : []) };
}
