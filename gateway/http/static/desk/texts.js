// What the page says, in the language that is chosen; and names and times as people read them.

import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";
import { staffRefusal } from "./staff_errors.js";
import { keyId, language } from "/console/session.js";

/** Return a text, with each {name} filled in; the name itself where there is none. */
export function t(name, values = {}) {
  const text = (language() === "zh" ? ZH : EN)[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}

/** A service's or an office's name. */
export const named = (one) => (language() === "en" && one.nameEn) || one.nameZh;
/** What a service has people bring, as one text. */
export const toBring = (one) => ((language() === "en" && one.documentsEn.length ? one.documentsEn : one.documentsZh).join(t("comma")));
/** A question's or a choice's title. */
export const titled = (one) => (language() === "en" && one.titleEn) || one.titleZh;
/** A text that is there in both languages. */
export const both = (words) => words[language()] || words.zh;

/** What a refusal means and what to do; times in it are on the clock of an office, if it is known. */
export const refusal = (error, zone) => staffRefusal(error, language(), (iso) => when(iso, zone), keyId());

const format = (iso, timeZone, how) => new Intl.DateTimeFormat(language() === "zh" ? "zh-CN" : "en-GB", { timeZone, hourCycle: "h23", ...how }).format(new Date(iso));

/** A day and time on the clock of an office. */
export const when = (iso, zone) => format(iso, zone, { month: "short", day: "numeric", weekday: "short", hour: "2-digit", minute: "2-digit" });
export const clock = (iso, zone) => format(iso, zone, { hour: "2-digit", minute: "2-digit" });
/** A day such as 2027-01-01, which is no moment. */
export const day = (text) => format(`${text}T12:00:00Z`, "UTC", { month: "short", day: "numeric", weekday: "short" });
