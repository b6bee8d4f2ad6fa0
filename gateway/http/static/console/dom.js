// Makes elements. Whatever comes from outside becomes text: nothing here, or anywhere else, parses markup.

const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "textContent"]);

/** Return an element: h("p", { class: "quiet", onclick: f }, "text", another, [more]). */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) made[name] = value;
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  return made;
}

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
