// Days, times and states as people read them; the city's clock is UTC+8 wherever the browser is.

import { language } from "./session.js";
import { t } from "./texts.js";
import { h } from "./dom.js";

const ZONE = "Asia/Shanghai";

/** Return a time, exact in the city's zone, with how long ago that is. */
export function when(iso) {
  if (!iso) return "–";
  const exact = new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { dateStyle: "medium", timeStyle: "short", timeZone: ZONE });
  return h("time", { datetime: iso }, exact.format(new Date(iso)), " ", h("span", { class: "quiet" }, `(${ago(iso)})`));
}

const STEPS = [["day", 86400], ["hour", 3600], ["minute", 60]];

function ago(iso) {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
  const [unit, size] = STEPS.find(([, least]) => Math.abs(seconds) >= least) || STEPS[2];
  return new Intl.RelativeTimeFormat(language(), { numeric: "auto" }).format(Math.trunc(seconds / size), unit);
}

/** What a datetime-local input says, which knows no zone, as a time of the city. */
export const cityTime = (local) => `${local}:00+08:00`;

export const state = (name) => h("span", { class: `state ${name}` }, t(`state.${name}`));

/** A text that is given as {zh, en}. */
export const localized = (value) => value ? value[language()] || value.zh || "" : "";
