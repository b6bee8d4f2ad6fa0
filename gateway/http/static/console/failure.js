// How a refusal of the API is shown, as it is said there, with its way out; and whatever else goes wrong.

import { Refused } from "./api.js";
import { h } from "./dom.js";
import { t } from "./texts.js";

const OURS = { NETWORK: "network", NO_JSON: "noJson" }; // what the API has not said

export function failure(error) {
  if (!(error instanceof Refused)) return defect(error);
  const findings = (error.details.findings ?? []).filter((each) => each.message && each.message !== error.message);
  return h("div", { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, OURS[error.code] ? t(OURS[error.code]) : error.message), " ", error.code && h("code", {}, error.code)),
    error.fix && h("p", {}, t("fix"), error.fix),
    findings.length > 0 && h("ul", {}, findings.map((each) =>
      h("li", {}, each.rule && h("code", {}, each.rule, " "), each.pointer && h("code", {}, each.pointer, " "), each.message, " ", each.fix))));
}

function defect(error) {
  console.error(error);
  return h("div", { class: "failure", role: "alert" }, h("p", {}, h("strong", {}, t("defect")), " ", h("code", {}, String(error))));
}
