// What a service asks of whoever books it.

import { h } from "./element.js";
import { pick, t } from "./language.js";

/** Return a question: its label with a field, and `answer()`, null where nothing is said. */
export function question({ name, titleZh, titleEn, kind, requiredBy, choices }) {
  const shown = { name: `question-${name}`, required: requiredBy === "confirm" };
  const options = kind === "yes_no" ? [["yes", t("yes")], ["no", t("no")]] : choices.map((each) => [each.value, pick(each.titleZh, each.titleEn)]);
  const field = options.length
    ? h("select", shown, h("option", { value: "" }, ""), options.map(([value, text]) => h("option", { value }, text)))
    : h("input", { ...shown, type: kind === "date" ? "date" : "text", autocomplete: "off" });
  return { label: h("label", {}, pick(titleZh, titleEn), field), answer: () => (field.value ? { question: name, value: field.value } : null) };
}
