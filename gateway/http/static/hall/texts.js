// What the pages say, in the language that is chosen.

import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";
import { staffRefusal } from "./staff_errors.js";
import { keyId, language } from "/console/session.js";

/** Return a text, with each {name} filled in; the name itself where there is none. */
export function t(name, values = {}) {
  const text = (language() === "zh" ? ZH : EN)[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** What a refusal means and what to do; times in it are on the clock of an office, if it is known. */
export const refusal = (error, zone) => staffRefusal(error, language(), (iso) => moment(iso, zone), keyId());

/** The name of an office, counter or service. */
export const named = (each) => (language() === "en" && each.nameEn) || each.nameZh;

/** A moment as a clock in the office shows it. */
export const time = (iso, zone, seconds = false) => written(iso, zone, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", ...(seconds && { second: "2-digit" }) });

const day = (iso, zone) => written(iso, zone, { month: "long", day: "numeric", weekday: "short" });

/** The same, with the day unless it is today's. */
export const moment = (iso, zone) => [day(iso, zone) !== day(Date.now(), zone) && day(iso, zone), time(iso, zone)].filter(Boolean).join(" ");

const written = (iso, timeZone, form) => new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { ...form, timeZone }).format(new Date(iso));

export const minutes = (seconds) => Math.max(0, Math.round(seconds / 60));
