// What the console makes of elements.

import { h } from "./element.js";

export { h };

/** Return a link to a view; `parts` are escaped. */
export function link(parts, ...children) {
  return h("a", { href: "#/" + parts.map(encodeURIComponent).join("/") }, ...children);
}

/** Return a table that stacks on narrow screens: `columns` are headings, `rows` lists of cells. */
export function table(caption, columns, rows) {
  const head = h("tr", {}, columns.map((each) => h("th", { scope: "col" }, each)));
  const body = rows.map((cells) =>
    h("tr", {}, cells.map((cell, at) => h(at ? "td" : "th", { "data-column": columns[at], scope: at ? null : "row" }, h("div", {}, cell)))),
  );
  return h("table", {}, h("caption", { class: "unseen" }, caption), h("thead", {}, head), h("tbody", {}, body));
}

/** Say a result to everybody, also to who does not see it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}
