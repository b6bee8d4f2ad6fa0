// Every step of an entry's way, and whether the chain of hashes says that nobody rewrote it.

import { h, table } from "./dom.js";
import { fieldName } from "./field_names.js";
import { when } from "./format.js";
import { t } from "./texts.js";

export function history(past) {
  const heading = h("h2", { id: "history-heading" }, t("history"));
  if (!past) return h("section", { "aria-labelledby": heading.id }, heading, h("p", {}, t("historyWhy")));
  const verdict = past.holds
    ? h("p", { class: "verdict holds" }, "✓ ", t("holds"))
    : h("p", { class: "verdict broken", role: "alert" }, "✗ ", t("broken", { n: past.broken_at }));
  const rows = [...past.events].reverse().map((each) => [
    [t(`event.${each.event}`), " ", h("span", { class: "quiet" }, t("version", { n: each.version }))],
    [h("code", {}, each.actor), " ", h("span", { class: "quiet" }, each.role)],
    when(each.at),
    [each.reason, reasons(each.reasons)],
    h("code", { title: each.hash }, each.hash.slice(0, 12)),
  ]);
  return h("section", { "aria-labelledby": heading.id }, heading, verdict,
    table(t("history"), [t("step"), t("who"), t("whenAt"), t("reason"), t("hash")], rows));
}

/** Why the version on its way was last sent back, for who mends it and for who looks once more. */
export function lastRejection(seen, past) {
  const mine = past?.events.filter((each) => each.event === "reject" && each.version === seen.open?.number) ?? [];
  const last = mine[mine.length - 1];
  if (!last) return null;
  return h("section", { class: "card rejected", "aria-labelledby": "rejected-heading" },
    h("h2", { id: "rejected-heading" }, t("lastRejection")),
    h("p", { class: "quiet" }, h("code", {}, last.actor), " ", when(last.at)),
    last.reason && h("p", {}, t("whole"), ": ", last.reason), reasons(last.reasons));
}

function reasons(said) {
  const rows = Object.entries(said);
  if (!rows.length) return null;
  return h("ul", {}, rows.map(([name, reason]) => h("li", {}, h("strong", {}, fieldName(name)), ": ", reason)));
}
