// What both pages are made of: signing in, choosing an office, saying what went wrong, and showing anew without losing focus.

import { Refused, api } from "./api.js";
import { refusal, t } from "./texts.js";
import { h } from "/console/dom.js";
import { forget, keep, keyId, language, speak } from "/console/session.js";

const CREDENTIAL = /^yw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/; // a header holds no other characters
const OURS = { NETWORK: "network", NO_JSON: "noJson", CREDENTIAL_FORM: "credentialForm" }; // what the API has not said

/** What went wrong, in the page's language; times on the clock of an office's zone. */
export function failure(error, zone) {
  if (!(error instanceof Refused)) console.error(error);
  const said = !(error instanceof Refused) ? t("defect") : OURS[error.code] ? t(OURS[error.code]) : refusal(error, zone);
  const shut = () => made.remove();
  const made = h("div", { class: "failure", role: "alert" },
    h("button", { type: "button", class: "shut", "aria-label": t("close"), onclick: shut }, "×"),
    h("p", {}, h("strong", {}, said)),
    error.code && !OURS[error.code] && h("p", { class: "quiet" }, h("code", {}, error.code)));
  return made;
}

/** The form for a key; `signed(offices)` once it is known to be one. */
export function signIn(how, signed) {
  const input = h("input", { id: "credential", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "credential-how" });
  const send = async (event) => {
    event.preventDefault();
    const given = input.value.trim();
    try {
      if (!CREDENTIAL.test(given)) throw new Refused(0, { error: { code: "CREDENTIAL_FORM" } });
      keep(given);
      const { offices } = await api.offices();
      signed(offices);
    } catch (error) {
      forget();
      form.querySelector(".failure")?.remove();
      form.append(failure(error));
    }
  };
  const form = h("form", { class: "card narrow", onsubmit: send },
    h("h1", { tabindex: "-1" }, t("signIn")),
    h("label", { for: "credential" }, t("credential")), input,
    h("p", { id: "credential-how", class: "quiet" }, how),
    h("button", { class: "main" }, t("signIn")));
  return form;
}

/** A list of buttons to choose one of; `items` are [value, text, note]. */
export function choice(title, items, empty, chosen) {
  return h("section", { class: "card narrow" },
    h("h1", { tabindex: "-1" }, title),
    items.length ? h("ul", { class: "choice" }, items.map(([value, text, note]) =>
      h("li", {}, h("button", { type: "button", "data-choice": value, onclick: () => chosen(value) }, h("span", {}, text), note && h("small", {}, note))))) : h("p", {}, empty));
}

/** What somebody is told whose key is for no hall: which role to ask for, and where a hotline works. */
export const noOffice = () => [t("noOffice", { key: keyId() }), " ", h("a", { href: "/desk" }, t("toDesk"))];

/** A button that changes the language, and shows everything anew. */
export function languageButton(again) {
  const other = language() === "zh" ? "en" : "zh";
  const change = () => {
    speak(other);
    document.documentElement.lang = other;
    again();
    document.getElementById("language").focus();
  };
  return h("button", { type: "button", id: "language", lang: other, onclick: change }, other === "en" ? "English" : "中文");
}

/** Put children into a place; whatever had the focus there has it still, by its id. */
export function renew(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement.id : "";
  place.replaceChildren(...children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false));
  if (focused) (document.getElementById(focused) || place.querySelector("button:not(:disabled)") || document.getElementById("main")).focus();
}

/** Have a place hold these elements in this order; those that are there already are not touched without need. */
export function arrange(place, elements) {
  const had = place.contains(document.activeElement);
  for (const each of [...place.children]) if (!elements.includes(each)) each.remove();
  elements.forEach((each, at) => place.children[at] !== each && place.insertBefore(each, place.children[at] ?? null));
  if (had && !place.contains(document.activeElement)) (place.querySelector("button") || document.getElementById("main")).focus();
}

/** The address behind the #: office and counter. */
export const wanted = () => Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
export const go = (parts) => history.replaceState(null, "", `${location.pathname}#${new URLSearchParams(parts)}`);
