// What the page says, and how it writes times. A text is looked up by its name in the language that is chosen.

import { ERRORS } from "./errors.js";
import { TEXTS } from "./texts.js";

let language = document.documentElement.lang === "en" ? "en" : "zh";

export function turn() {
  language = language === "zh" ? "en" : "zh";
  document.documentElement.lang = language;
}

const filled = (text, values) => text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");

/** Return a text, with each {name} filled in. */
export const t = (name, values = {}) => filled(TEXTS[language][name], values);
/** Return what a refusal's code means and what to do. */
export const refusal = (code, values = {}) => filled((Object.hasOwn(ERRORS, code) ? ERRORS[code] : ERRORS.OTHER)[language], values);
export const knows = (name) => Object.hasOwn(TEXTS[language], name);
/** Return a text, or a list of them, in the language that is chosen, if it is there in that. */
export const pick = (zh, en) => (language === "en" && en?.length ? en : zh);

const format = (options) => (at, zone) => new Intl.DateTimeFormat(language === "zh" ? "zh-CN" : "en-GB", { timeZone: zone, ...options }).format(new Date(at));
export const clock = format({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
export const dayLong = format({ month: "long", day: "numeric", weekday: "long" });
export const weekday = format({ weekday: "short" });
export const moment = (at, zone) => `${dayLong(at, zone)} ${clock(at, zone)}`;

/** Return the day of a moment as the office counts, YYYY-MM-DD. */
export const dayOf = (at, zone) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(new Date(at));

/** Return a distance as people say it. */
export const distance = (metres) => (metres < 1000 ? t("metres", { n: metres }) : t("kilometres", { n: (metres / 1000).toFixed(1) }));
