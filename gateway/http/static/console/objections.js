// What a reviewer has against a version, written at the fields that it is about.

import { h } from "./dom.js";
import { FIELDS, fieldName } from "./field_names.js";
import { t } from "./texts.js";

export class Objections extends EventTarget {
  #boxes = new Map(); // by field, where there is something to say

  constructor(possible) {
    super();
    this.possible = possible;
  }

  /** The reasons by field that are not empty. */
  get reasons() {
    const said = [...this.#boxes].map(([name, box]) => [name, box.value.trim()]);
    return Object.fromEntries(said.filter(([, reason]) => reason));
  }

  /** Return what stands at a field: a button, and the reason once it was pressed. */
  at(name, open = false) {
    if (!this.possible) return null;
    const place = h("div", { class: "objection" });
    if (open) this.#write(name, place);
    else this.#offer(name, place);
    return place;
  }

  /** Return a choice of fields that the version does not say, to object to that. */
  missing(there) {
    const rest = FIELDS.filter((name) => !there.has(name));
    const choice = h("select", { id: "missing-field" }, rest.map((name) => h("option", { value: name }, `${fieldName(name)} (${name})`)));
    const added = h("div", {});
    const add = () => {
      if (this.#boxes.has(choice.value)) return this.#boxes.get(choice.value).focus();
      const place = this.at(choice.value, true);
      added.append(place);
      return place.querySelector("textarea").focus();
    };
    return h("div", {}, h("label", { for: "missing-field" }, t("missingField")),
      h("div", { class: "row" }, choice, h("button", { type: "button", onclick: add }, t("addMissing"))), added);
  }

  #offer(name, place) {
    const open = () => {
      this.#write(name, place);
      place.querySelector("textarea").focus();
    };
    place.replaceChildren(h("button", { type: "button", class: "object", "aria-label": t("objectTo", { field: fieldName(name) }), onclick: open }, t("object")));
  }

  #write(name, place) {
    const box = h("textarea", { id: `objection-${name}`, rows: "2", maxlength: "1000", oninput: () => this.#changed() });
    this.#boxes.set(name, box);
    const back = () => {
      this.#boxes.delete(name);
      this.#offer(name, place);
      this.#changed();
      place.querySelector("button").focus();
    };
    place.replaceChildren(h("label", { for: box.id }, t("reasonFor", { field: fieldName(name) })), box,
      h("button", { type: "button", onclick: back }, t("takeBack")));
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}
