// What the rules say of an entry, each with its way out.

import { h } from "./dom.js";
import { fieldName } from "./field_names.js";
import { t } from "./texts.js";

export function findings(found) {
  return h("section", { "aria-labelledby": "findings-heading" },
    h("h2", { id: "findings-heading" }, t("findings")),
    found.length ? h("ul", { class: "findings" }, found.map((each) => finding(each, true))) : h("p", {}, t("findingsNone")));
}

export function finding(found, placed) {
  const name = found.pointer.split("/")[1];
  return h("li", { class: found.level },
    h("strong", {}, t(`finding.${found.level}`)), " ", h("code", {}, found.rule), " ",
    placed === true && name && [fieldName(name), " ", h("code", {}, found.pointer), " "],
    found.message, h("br"), h("span", {}, t("fix"), found.fix), " ", h("span", { class: "quiet" }, found.reason));
}
