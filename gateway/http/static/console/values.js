// Shows a value of an entry, which may be deep, as lists; what another version says otherwise is marked where it stands.

import { h } from "./dom.js";
import { t } from "./texts.js";

const ABSENT = undefined;

export const same = (one, other) => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

/**
 * Return a value as elements. With `beside`, what that one lacks or says otherwise is marked by `mark`: "ins" or "del".
 */
export function shown(value, beside, mark) {
  if (value === ABSENT) return h("span", { class: "quiet" }, t("notSaid"));
  const differs = mark && !same(value, beside);
  if (Array.isArray(value)) return list(value, Array.isArray(beside) ? beside : [], differs && mark);
  if (isObject(value)) return pairs(value, isObject(beside) ? beside : {}, differs && mark);
  const text = typeof value === "boolean" ? t(value ? "yes" : "no") : String(value);
  return differs ? h(mark, {}, text) : h("span", {}, text);
}

function list(values, beside, mark) {
  if (!values.length) return h("span", { class: "quiet" }, t("none"));
  const twins = new Map(beside.map((each) => [key(each), each]));
  return h("ol", { class: "values" }, values.map((each, at) => h("li", {}, shown(each, twin(each, twins, beside[at]), mark))));
}

/** What an element of a list is to be compared with: its namesake, wherever that stands; else its neighbour. */
const twin = (each, twins, neighbour) => (key(each) === ABSENT ? neighbour : twins.get(key(each)));

function key(value) {
  if (!isObject(value)) return String(value);
  return value.id ?? value.code ?? value.operation;
}

function pairs(value, beside, mark) {
  const names = Object.keys(value).sort((one, other) => (other === "zh") - (one === "zh")); // Chinese first, as in files
  const rows = names.map((name) => [h("dt", {}, name), h("dd", {}, shown(value[name], beside[name], mark))]);
  return h("dl", { class: "values" }, rows);
}
