// What a reviewer has against a version, written at the fields that it is about.

import { h } from "./dom.js";
import { FIELDS, fieldName } from "./field_names.js";
import { t } from "./texts.js";

const KEPT = new Map(); // what was typed, by version and field: views are made anew by every link

export const forgetReasons = () => KEPT.clear();

export class Objections extends EventTarget {
  #boxes = new Map(); // by field, where there is something to say
  #kept;

  constructor(possible, version) {
    super();
    this.possible = possible;
    if (!KEPT.has(version)) KEPT.set(version, new Map());
    this.#kept = KEPT.get(version);
  }

  /** The reasons by field that are not empty. */
  get reasons() {
    const said = [...this.#boxes].map(([name, box]) => [name, box.value.trim()]);
    return Object.fromEntries(said.filter(([, reason]) => reason));
  }

  /** The reason for the whole, as it was typed. */
  get whole() {
    return this.#kept.get("") || "";
  }

  set whole(text) {
    this.#kept.set("", text);
  }

  /** Forget what was typed: it is said. */
  clear() {
    this.#kept.clear();
  }

  /** Return what stands at a field: a button, and the reason once it was pressed. */
  at(name) {
    if (!this.possible) return null;
    const place = h("div", { class: "objection" });
    const offer = () => {
      this.#offer(name, place, offer);
      place.querySelector("button").focus();
    };
    if (this.#kept.get(name)) this.#write(name, place, offer);
    else this.#offer(name, place, offer);
    return place;
  }

  /** Return a choice of fields that the version does not say, to object to that. */
  missing(there) {
    const rest = FIELDS.filter((name) => !there.has(name));
    const choice = h("select", { id: "missing-field" }, rest.map((name) => h("option", { value: name }, `${fieldName(name)} (${name})`)));
    const added = h("div", {});
    const write = (name) => {
      const place = h("div", { class: "objection" });
      this.#write(name, place, () => {
        place.remove();
        choice.focus();
      });
      added.append(place);
    };
    const add = () => {
      if (!this.#boxes.has(choice.value)) write(choice.value);
      this.#boxes.get(choice.value).focus();
    };
    rest.filter((name) => this.#kept.get(name)).forEach(write);
    return h("div", {}, h("label", { for: "missing-field" }, t("missingField")),
      h("div", { class: "row" }, choice, h("button", { type: "button", onclick: add }, t("addMissing"))), added);
  }

  #offer(name, place, back) {
    const open = () => {
      this.#write(name, place, back);
      place.querySelector("textarea").focus();
    };
    place.replaceChildren(h("button", { type: "button", class: "object", "aria-label": t("objectTo", { field: fieldName(name) }), onclick: open }, t("object")));
  }

  /** Have a reason written in a place; `back` says what stands there once it is taken back. */
  #write(name, place, back) {
    const write = () => {
      this.#kept.set(name, box.value);
      this.#changed();
    };
    const box = h("textarea", { id: `objection-${name}`, rows: "2", maxlength: "1000", value: this.#kept.get(name) || "", oninput: write });
    this.#boxes.set(name, box);
    const takeBack = () => {
      this.#boxes.delete(name);
      this.#kept.delete(name);
      this.#changed();
      back();
    };
    place.replaceChildren(h("label", { for: box.id }, t("reasonFor", { field: fieldName(name) })), box,
      h("button", { type: "button", onclick: takeBack }, t("takeBack")));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
