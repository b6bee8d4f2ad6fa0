// How a refusal of the API is shown: as it is said there, with its way out.

import { h } from "./dom.js";
import { t } from "./texts.js";

export function failure(error) {
  const findings = error.findings.filter((each) => each.message && each.message !== error.message);
  return h("div", { class: "failure", role: "alert" },
    h("p", {}, h("strong", {}, error.code === "NETWORK" ? t("network") : error.message), " ", error.code && h("code", {}, error.code)),
    error.fix && h("p", {}, t("fix"), error.fix),
    findings.length > 0 && h("ul", {}, findings.map((each) =>
      h("li", {}, each.rule && h("code", {}, each.rule, " "), each.pointer && h("code", {}, each.pointer, " "), each.message, " ", each.fix))));
}
