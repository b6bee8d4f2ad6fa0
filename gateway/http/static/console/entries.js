// The entries that roles let the one who is signed in see, by code, a page at a time.
// The hash has the filter: #/entries/state/organisation/after, "-" for none.

import { api } from "./api.js";
import { h, link, table } from "./dom.js";
import { state, when } from "./format.js";
import { t } from "./texts.js";

const STATES = ["draft", "submitted", "checked", "in_review", "approved", "scheduled", "rejected", "published", "degraded", "suspended", "withdrawn"];
const said = (part) => (part && part !== "-" ? part : "");

export async function entries({ parts }) {
  const [chosen, organisation, after] = parts.map(said);
  const wanted = { state: chosen, organisation, after };
  const page = await api.entries(Object.fromEntries(Object.entries(wanted).filter(([, value]) => value)));
  const rows = page.entries.map((each) => [
    [link(["entry", each.code], each.name || each.code), h("br"), h("code", {}, each.code)],
    each.open ? [state(each.open), " ", h("span", { class: "quiet" }, t("version", { n: each.open_number }))] : "–",
    each.live ? [state(each.live), " ", h("span", { class: "quiet" }, t("version", { n: each.live_number }))] : "–",
    [h("code", {}, each.organisation), " ", h("span", { class: "quiet" }, t(`level.${each.level}`))],
    when(each.changed_at),
  ]);
  const again = (start) => link(["entries", chosen || "-", organisation || "-", start], t(start === "-" ? "first" : "next"));
  return [
    filter(chosen, organisation),
    h("p", { class: "quiet" }, t("found", { n: rows.length })),
    rows.length ? table(t("entries"), [t("name"), t("open"), t("live"), t("organisation"), t("changed")], rows) : h("p", {}, t("none")),
    h("p", { class: "row" }, after && again("-"), page.next && again(page.next)),
  ];
}

function filter(chosen = "", organisation = "") {
  const states = h("select", { id: "state" }, h("option", { value: "-" }, t("anyState")),
    STATES.map((each) => h("option", { value: each, selected: each === chosen }, t(`state.${each}`))));
  const body = h("input", { id: "organisation", value: organisation, autocomplete: "off", spellcheck: "false" });
  const send = (event) => {
    event.preventDefault();
    location.hash = ["#", "entries", states.value, encodeURIComponent(body.value.trim() || "-"), "-"].join("/");
  };
  return h("form", { class: "card filter", onsubmit: send },
    h("div", {}, h("label", { for: "state" }, t("state")), states),
    h("div", {}, h("label", { for: "organisation" }, t("organisationHow")), body),
    h("button", { class: "main" }, t("filter")));
}
