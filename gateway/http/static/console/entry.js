// One entry: how it stands, what can be done, what it says, what the rules and probes say, and its history.

import { api, Refused } from "./api.js";
import { h, link } from "./dom.js";
import { fields } from "./fields.js";
import { findings } from "./findings.js";
import { localized, state, when } from "./format.js";
import { history, lastRejection } from "./history.js";
import { Objections } from "./objections.js";
import { probes } from "./probes.js";
import { rejection } from "./rejection.js";
import { steps, taking } from "./steps.js";
import { t } from "./texts.js";

export async function entry({ parts: [code], heading, again }) {
  const [seen, past, probed] = await Promise.all([api.entry(code), allowed(api.history(code)), allowed(api.probes(code))]);
  const rejecting = seen.steps.some((each) => each.step === "reject" && !each.refused);
  const objections = new Objections(rejecting, `${code}/${seen.open?.number}`);
  const take = taking(code, again);
  heading.textContent = localized(seen.effective.name) || code;
  document.title = `${heading.textContent} · ${t("console")}`;
  return [
    standing(seen),
    lastRejection(seen, past),
    steps(seen, take),
    findings(seen.findings),
    fields(seen, (name) => objections.at(name)),
    rejection(seen, objections, take),
    probed && probes(probed.probes),
    history(past),
  ].filter(Boolean);
}

/** Return an answer, null where the one who asks has no role for it: they see the rest. */
async function allowed(answer) {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Refused && error.status === 403) return null;
    throw error;
  }
}

function standing(seen) {
  const version = (each) => [state(each.state), " ", t("version", { n: each.number }), " · ", when(each.changed_at)];
  const facts = [
    [t("live"), seen.live ? [version(seen.live), seen.live.because && h("p", {}, t("suspendedBecause"), seen.live.because)] : t("nothingLive")],
    seen.open && [t("open"), version(seen.open)],
    seen.open?.publish_at && [t("scheduledFor"), when(seen.open.publish_at)],
    seen.open?.reviewer && [t("reviewer"), h("code", {}, seen.open.reviewer)],
    seen.open?.took_part?.length && [t("author"), seen.open.took_part.map((each) => h("code", {}, each, " "))],
    [t("level"), t(`level.${seen.level}`)],
    [t("code"), h("code", {}, seen.code)],
    [t("organisation"), h("code", {}, seen.organisation)],
    seen.parent && [t("seeParent"), link(["entry", seen.parent], seen.parent)],
  ].filter(Boolean);
  return h("section", { class: "card", "aria-label": t("state") },
    h("dl", { class: "facts" }, facts.map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
    seen.level !== "case" && h("p", {}, link(["drift", seen.code], t("seeDrift"))));
}
