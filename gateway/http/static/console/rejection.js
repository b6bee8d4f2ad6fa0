// Sending a version back, with what the reviewer has against it at fields and for the whole.

import { h } from "./dom.js";
import { attempt, REJECTION } from "./steps.js";
import { t } from "./texts.js";

/** Return the form, which stands below the fields that are read first; nothing where nobody may reject. */
export function rejection(seen, objections, take) {
  if (!objections.possible) return null;
  const whole = h("textarea", { id: "whole-reason", rows: "2", maxlength: "1000", value: objections.whole, oninput: () => count() });
  const button = h("button", { class: "grave", id: "reject", "aria-describedby": "reject-how" });
  const count = () => {
    objections.whole = whole.value;
    const n = Object.keys(objections.reasons).length + (whole.value.trim() ? 1 : 0);
    button.disabled = n === 0;
    button.textContent = n ? t("rejectWith", { n }) : t("step.reject");
    needs.hidden = n > 0;
  };
  const needs = h("p", { class: "quiet" }, t("rejectNeeds"));
  const send = (event) => {
    event.preventDefault();
    attempt(form, () => take("reject", { reasons: objections.reasons, reason: whole.value.trim() }, () => objections.clear()));
  };
  const there = new Set([...Object.keys(seen.effective), ...Object.keys(seen.live?.fields ?? {})]);
  const form = h("form", { class: "card", onsubmit: send, "aria-labelledby": REJECTION }, h("h2", { id: REJECTION, tabindex: "-1" }, t("step.reject")),
    h("p", { id: "reject-how", class: "quiet" }, t("rejectHow")), objections.missing(there),
    h("label", { for: "whole-reason" }, t("wholeReason")), whole, button, needs);
  objections.addEventListener("change", count);
  count();
  return form;
}
