// Whether what opens an entry works, since when, and what the latest check found.

import { h } from "./dom.js";
import { when } from "./format.js";
import { t } from "./texts.js";
import { shown } from "./values.js";

export function probes(found) {
  return h("section", { "aria-labelledby": "probes-heading" }, h("h2", { id: "probes-heading" }, t("probes")),
    found.length ? found.map(probe) : h("p", {}, t("probesNone")));
}

function probe(each) {
  const stands = each.down === null ? "unknown" : each.down ? "down" : "works";
  return h("article", { class: "card" },
    h("h3", {}, h("code", {}, each.operation), " ", h("span", { class: `state ${stands}` }, t(stands))),
    each.since && h("p", {}, t("since"), " ", when(each.since), each.because && `: ${each.because}`),
    h("p", { class: "quiet" }, t("checkedAt"), " ", when(each.checked_at),
      each.took_ms !== null && [" · ", t("took", { ms: each.took_ms, slow: each.slow_after_ms })]),
    each.failure && h("p", { class: "failure" }, each.failure),
    each.found.length ? [h("p", {}, t("deviations")), shown(each.found)] : each.checked_at && !each.failure && h("p", { class: "quiet" }, t("noDeviations")));
}
