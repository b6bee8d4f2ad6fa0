// What the page says. A text is looked up by its name in the language that is chosen.

import { EN } from "./texts_en.js";
import { ZH } from "./texts_zh.js";
import { language } from "./session.js";

/** Return a text, with each {name} filled in; the name itself where there is none. */
export function t(name, values = {}) {
  const text = (language() === "zh" ? ZH : EN)[name] ?? name;
  return text.replace(/\{(\w+)\}/g, (_, key) => values[key] ?? "");
}
