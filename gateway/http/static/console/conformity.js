// How every department keeps to what it published. For everybody: it needs no credential.

import { api } from "./api.js";
import { h, table } from "./dom.js";
import { t } from "./texts.js";

const FOUND = ["failed", "slow", "status", "unreadable", "missing", "wrong", "extra"];

export async function conformity() {
  const { departments } = await api.conformity();
  const rows = departments.map((each) => [
    h("span", {}, each.department),
    each.score === null ? h("span", { class: "quiet" }, t("noScore"))
      : [h("meter", { min: 0, max: 100, low: 90, high: 99, optimum: 100, value: each.score, "aria-label": `${each.department}: ${each.score} %` }), " ", h("strong", {}, `${each.score} %`)],
    `${each.checks} (${each.passed})`,
    h("span", {}, FOUND.filter((name) => each[name]).map((name) => `${t(`found.${name}`)} ${each[name]}`).join(" · ") || "–"),
    `${each.asked} (${each.beyond})`,
  ]);
  return [h("p", { class: "quiet" }, t("conformityHow")),
    rows.length ? table(t("conformity"), [t("department"), t("score"), t("checks"), t("findingsOf"), t("asked")], rows) : h("p", {}, t("none"))];
}
