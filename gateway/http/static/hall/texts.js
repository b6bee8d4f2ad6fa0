// What the pages say, in the language that is chosen.

import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";
import { language } from "/console/session.js";

/** Return a text, with each {name} filled in; the name itself where there is none. */
export function t(name, values = {}) {
  const text = (language() === "zh" ? ZH : EN)[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** What a refusal means, where the page has its own words for its code; the platform's are English. */
export const refusal = (code) => (language() === "zh" ? ZH : EN)[`error.${code}`];

/** The name of an office, counter or service. */
export const named = (each) => (language() === "en" && each.nameEn) || each.nameZh;

/** A moment as a clock in the office shows it. */
export function time(iso, zone, seconds = false) {
  const form = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone, ...(seconds && { second: "2-digit" }) };
  return new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", form).format(new Date(iso));
}

export const minutes = (seconds) => Math.max(0, Math.round(seconds / 60));
