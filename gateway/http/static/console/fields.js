// What an entry says, field by field: its live version beside the one on its way, each value with its origin.

import { h, link } from "./dom.js";
import { FIELDS, fieldName } from "./field_names.js";
import { finding } from "./findings.js";
import { when } from "./format.js";
import { t } from "./texts.js";
import { same, shown } from "./values.js";

/** Return the section of fields; `objection(name)` makes what a reviewer says at a field, or nothing. */
export function fields(seen, objection) {
  const both = seen.open && seen.live;
  const rows = FIELDS.map((name) => compared(seen, name)).filter((row) => row.old !== undefined || row.new !== undefined);
  const different = rows.filter((row) => row.mark !== "same");
  const made = rows.map((row) => field(seen, row, objection(row.name)));
  const only = h("input", { type: "checkbox", id: "only-different", checked: Boolean(both && different.length) });
  const narrow = () => made.forEach((each, at) => { each.hidden = only.checked && rows[at].mark === "same"; });
  only.addEventListener("change", narrow);
  narrow();
  return h("section", { "aria-labelledby": "fields-heading" },
    h("h2", { id: "fields-heading" }, t("fields")),
    both && h("p", {}, h("label", { class: "inline", for: "only-different" }, only, " ", t("onlyDifferent")), " ",
      h("span", { class: "quiet" }, different.length ? t("differences", { n: different.length }) : t("noDifferences"))),
    rows.length ? made : h("p", {}, t("noFields")));
}

/** A field of both versions, with what each inherits; without both, there is nothing to compare. */
function compared(seen, name) {
  const comes = (version) => (version ? (version.fields[name] ?? seen.inherited[name]) : undefined);
  const row = { name, old: comes(seen.live), new: comes(seen.open), mark: "same" };
  if (!seen.live && !seen.open) row.old = seen.effective[name];
  if (!seen.live || !seen.open || same(row.old, row.new)) return row;
  return { ...row, mark: row.old === undefined ? "added" : row.new === undefined ? "removed" : "changed" };
}

function field(seen, row, objection) {
  const heading = h("h3", { id: `field-${row.name}` }, fieldName(row.name), " ", h("code", {}, row.name), " ",
    row.mark !== "same" && h("span", { class: `mark ${row.mark}` }, t(`mark.${row.mark}`)));
  const findings = seen.findings.filter((each) => each.pointer.split("/")[1] === row.name);
  return h("article", { class: "field", "aria-labelledby": heading.id, "data-field": row.name },
    h("header", {}, heading, origin(seen, row.name)),
    row.mark === "same" ? h("div", { class: "value" }, shown(row.new ?? row.old)) : h("div", { class: "sides" },
      side("live", seen.live, shown(row.old, row.new, "del")), side("open", seen.open, shown(row.new, row.old, "ins"))),
    findings.length > 0 && h("ul", { class: "findings" }, findings.map(finding)),
    objection);
}

function side(which, version, value) {
  return h("div", { class: `value ${which}` }, h("p", { class: "quiet" }, t(which), " · ", t("version", { n: version.number })), value);
}

/** Where the value comes from: of the version on its way, else of the live one. */
function origin(seen, name) {
  const source = seen.sources[name];
  if (!source) return null;
  const who = source.authorship;
  const here = source.entry === seen.code;
  return h("p", { class: "origin quiet" },
    here ? t("itself") : [t("inherited"), " ", link(["entry", source.entry], source.entry), ` (${t(`level.${source.level}`)})`],
    source.over && [" · ", t("overrides"), " ", link(["entry", source.over], source.over)],
    who && [" · ", t("by"), " ", h("code", {}, who.by), " ", t("on"), " ", when(who.at)],
    who?.reason && [" · ", t("because"), who.reason],
    source.over && !who?.reason && [" · ", t("noReason")]);
}
