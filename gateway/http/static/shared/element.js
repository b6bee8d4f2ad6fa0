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
