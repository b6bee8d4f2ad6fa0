// What waits for the one who is signed in, as a reviewer.

import { api } from "./api.js";
import { h, link, table } from "./dom.js";
import { state, when } from "./format.js";
import { actor } from "./session.js";
import { t } from "./texts.js";

export async function inbox() {
  const found = await api.inbox();
  if (!found.length) return [h("p", {}, t("inboxEmpty"))];
  const rows = found.map((each) => [
    link(["entry", each.code], each.name || each.code),
    when(each.changed_at),
    [state(each.open), " ", h("span", { class: "quiet" }, t("version", { n: each.open_number }))],
    h("span", {}, each.reviewer === actor() ? t("mine") : each.reviewer || t("nobody")),
    [h("code", {}, each.organisation), " ", h("span", { class: "quiet" }, t(`level.${each.level}`))],
  ]);
  return [h("p", { class: "quiet" }, t("inboxHow")),
    table(t("inbox"), [t("name"), t("waiting"), t("state"), t("reviewer"), t("organisation")], rows)];
}
