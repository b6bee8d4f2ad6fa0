// The page: who is signed in, by which door they serve people, what they look up, and the case that is open.

import { api, stand } from "./api.js";
import { booking, moving } from "./booking.js";
import { caseView } from "./case.js";
import { attempt, failure, field } from "./parts.js";
import { named, t, when } from "./texts.js";
import { Refused } from "/console/api.js";
import { h, say } from "/console/dom.js";
import { credential, forget, keep, keyId, language, speak } from "/console/session.js";

const CREDENTIAL = /^yw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/; // a header holds no other characters
const ID_NUMBER = /^[0-9]{15,17}[0-9Xx]?$/;
const HOTLINE = "hotline";

const main = document.getElementById("main");
let door = null; // what GET /desks says of where they stand
let again = () => start(); // shows the same once more, in another language

/** Where they stand, out of the address: an office's code, the hotline, or nowhere yet. */
const place = () => new URLSearchParams(location.hash.slice(1));

async function start() {
  door = null;
  again = start;
  header();
  if (!credential()) return put(signIn());
  const at = place();
  if (!at.has("office") && !at.has(HOTLINE)) return chooseDoor();
  stand(at.get("office") ?? "");
  try {
    door = await api.door();
  } catch (error) {
    if (error.status === 401) forget();
    return put([failure(error), credential() ? doorButton() : signIn()]);
  }
  header();
  return serve();
}

function put(children) {
  main.replaceChildren(...[children].flat(Infinity));
  main.querySelector("h1")?.focus();
}

async function chooseDoor() {
  let doors;
  try {
    doors = await api.doors();
  } catch (error) {
    if (error.status === 401) forget();
    header();
    return put([failure(error), signIn()]);
  }
  const buttons = [
    doors.hotline && h("button", { type: "button", "data-door": HOTLINE, onclick: () => { location.hash = HOTLINE; } }, h("strong", {}, t("hotline")), h("span", { class: "quiet" }, t("hotlineHow"))),
    ...doors.offices.map((each) => h("button", { type: "button", "data-door": each.code, onclick: () => { location.hash = `office=${encodeURIComponent(each.code)}`; } }, h("strong", {}, t("counterOf", { office: named(each) })))),
  ].filter(Boolean);
  again = chooseDoor;
  return put(h("section", { class: "card sign-in" }, h("h1", { tabindex: "-1" }, t("chooseDoor")),
    buttons.length ? h("ul", { class: "choice" }, buttons.map((each) => h("li", {}, each))) : h("p", {}, t("noDoor"))));
}

const doorButton = () => h("button", { type: "button", id: "other-door", onclick: () => { location.hash = ""; } }, t("otherDoor"));

/** The desk itself: what is looked up on the left, the case on the right; `opened` is the id of one to begin with. */
function serve(opened = "") {
  const shown = h("div", { id: "shown" });
  const list = h("div", {});
  let asked = ""; // an ID number that was looked up, for a new appointment
  const input = h("input", { id: "wanted", autocomplete: "off", spellcheck: "false", required: true, maxlength: "400" });
  const look = (event) => {
    event.preventDefault();
    say("");
    attempt(form, async () => {
      const given = input.value.replace(/[\s-]/g, "");
      asked = ID_NUMBER.test(given) ? given : "";
      const { cases } = await api.find(asked ? { idNumber: asked } : { code: input.value.trim() });
      list.replaceChildren(h("p", { class: "quiet" }, cases.length ? t("found", { n: cases.length }) : t("foundNone")), ...(cases.length ? [h("ul", { class: "choice" }, cases.map(row))] : []));
      if (cases.length === 1) await open(cases[0].id);
    });
  };
  const row = (each) => h("li", {}, h("button", { type: "button", "data-id": each.id, onclick: () => attempt(list, () => open(each.id)) },
    h("strong", {}, named(each.service)), h("span", {}, when(each.startsAt, zoneOf(each.office.code))),
    h("span", { class: "quiet" }, `${named(each.office)} · ${t(`state.${each.state}`)} · ${each.code}`)));
  const form = h("form", { class: "card", onsubmit: look, role: "search" }, h("h2", {}, t("lookUp")), field(t("codeOrNumber"), input, t("codeHow")),
    h("div", { class: "row" }, h("button", { class: "main", id: "find" }, t("search")), h("button", { type: "button", id: "new", onclick: () => begin() }, t("newBooking"))), list);

  const open = async (id) => {
    say("");
    show(await api.see(id));
  };

  function show(seen, focus = true) {
    for (const each of list.querySelectorAll("[data-id]")) each.toggleAttribute("aria-current", each.dataset.id === seen.id);
    shown.replaceChildren(caseView({ seen, show, move: () => replace(moving({ door, seen, moved: (after) => told("moved", after), back: () => show(seen) })) }));
    if (focus) shown.querySelector("h1").focus();
    again = () => serve(seen.id);
  }

  function replace(view) {
    say("");
    shown.replaceChildren(view);
    shown.querySelector("h1")?.focus();
  }

  function told(text, seen) {
    show(seen);
    say(t(text, { code: seen.code }));
  }

  function begin() {
    again = serve;
    replace(booking({ door, idNumber: asked, booked: (seen) => told("booked", seen) }));
    [input.value, asked] = ["", ""]; // what was found is of somebody else, or is this booking's already
    list.replaceChildren();
  }

  again = serve;
  if (!opened) shown.append(h("p", { class: "card empty quiet" }, t("nothing")));
  main.replaceChildren(h("div", { class: "desk" }, form, shown));
  input.focus();
  if (opened) attempt(shown, () => open(opened));
}

const zoneOf = (office) => (door.offices.find((each) => each.office.code === office) ?? door.offices[0]).timeZone;

function header() {
  document.documentElement.lang = language();
  document.title = t("desk");
  document.getElementById("skip").textContent = t("skip");
  const other = language() === "zh" ? "en" : "zh";
  const change = () => {
    speak(other);
    say("");
    header();
    again();
    document.getElementById("language").focus();
  };
  const leave = () => {
    forget();
    location.hash = "";
    start();
  };
  const where = door && (door.channel === HOTLINE ? t("hotline") : t("counterOf", { office: named(door.offices[0].office) }));
  document.getElementById("header").replaceChildren(
    h("p", { class: "brand" }, h("span", { lang: "zh" }, "一网"), " ", t("desk")),
    h("nav", {}, where && h("strong", { id: "door" }, where), where && doorButton()),
    h("div", { class: "who" },
      credential() && h("span", { class: "quiet" }, h("code", {}, keyId())),
      credential() && h("button", { type: "button", id: "leave", onclick: leave }, t("leave")),
      h("button", { type: "button", id: "language", lang: other, onclick: change }, other === "en" ? "English" : "中文")));
}

function signIn() {
  const input = h("input", { id: "credential", type: "password", autocomplete: "off", spellcheck: "false", required: true });
  const send = (event) => {
    event.preventDefault();
    attempt(form, async () => {
      const given = input.value.trim();
      if (!CREDENTIAL.test(given)) throw new Refused(0, { error: { code: "CREDENTIAL_FORM" } });
      keep(given);
      await api.doors().catch((error) => { forget(); throw error; });
      await start();
    });
  };
  const form = h("form", { class: "card sign-in", onsubmit: send }, h("h1", { tabindex: "-1" }, t("signIn")), field(t("credential"), input, t("credentialHow")),
    h("div", { class: "row" }, h("button", { class: "main", id: "sign-in" }, t("signIn"))));
  return form;
}

addEventListener("hashchange", () => { say(""); start(); });
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash says where they stand
  main.focus();
});
start();
