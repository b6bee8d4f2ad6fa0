// Where what is live below an entry says something else, since when and why.

import { api } from "./api.js";
import { h, link } from "./dom.js";
import { fieldName } from "./field_names.js";
import { when } from "./format.js";
import { t } from "./texts.js";
import { shown } from "./values.js";

export async function drift({ parts: [code] }) {
  const found = await api.drift(code);
  return [h("p", { class: "quiet" }, t("driftHow"), " ", link(["entry", code], code)),
    found.length ? found.map(divergence) : h("p", {}, t("driftNone"))];
}

function divergence(each) {
  return h("article", { class: "field" },
    h("header", {}, h("h2", {}, fieldName(each.field), " ", h("code", {}, each.field), " ", h("span", { class: `mark ${each.kind}` }, t(`kind.${each.kind}`))),
      h("p", { class: "origin quiet" }, link(["entry", each.entry], each.entry), " ", h("code", {}, each.organisation), " · ",
        t("by"), " ", h("code", {}, each.by), " ", t("on"), " ", when(each.since), " · ", each.reason ? [t("because"), each.reason] : t("noReason"))),
    h("div", { class: "sides" },
      h("div", { class: "value live" }, h("p", { class: "quiet" }, t("there"), " · ", link(["entry", each.above], each.above)), shown(each.there, each.here, "del")),
      h("div", { class: "value open" }, h("p", { class: "quiet" }, t("here"), " · ", link(["entry", each.entry], each.entry)), shown(each.here, each.there, "ins"))));
}
