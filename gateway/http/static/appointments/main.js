// Appointments on a phone: choose, hold, confirm, change; sign in by the host app around the page, or by its code.

import { card, former } from "./cards.js";
import { choosing, facts } from "./choose.js";
import { h } from "./element.js";
import { now } from "./graph.js";
import { booked, holding } from "./hold.js";
import { greet } from "./host.js";
import { moment, pick, t, turn } from "./language.js";
import { mine } from "./mine.js";
import { act, failure } from "./refusals.js";
import { services, skeleton } from "./services.js";
import { isSignedIn, signed, signIn, signInByHost } from "./session.js";
import { at, go, note, watch } from "./state.js";

const VIEWS = { home, service: choosing, hold: holding, booked };
const HOUR_MS = 60 * 60 * 1000; // so long a hold that is over may still be tried
const byId = (id) => document.getElementById(id);
let shown = new AbortController(); // of the view that is shown

async function home() {
  const [own, offered] = await Promise.all([isSignedIn() ? signed(mine) : null, services()]);
  return [h("h1", { tabindex: -1 }, t("title")), own ? ownPart(own) : signInPart(), heldPart(),
    h("h2", {}, t("what")), h("ul", { class: "services" }, offered.map((each) => h("li", {}, service(each)))),
    !offered.length && h("p", {}, t("noServices"))];
}

function ownPart({ coming, former: over }) {
  return h("section", { id: "mine", "aria-labelledby": "mine-title" }, h("h2", { id: "mine-title" }, t("mine")),
    coming.length ? coming.map((each) => card(each)) : h("p", { class: "quiet" }, t("none")),
    over.length > 0 && h("details", {}, h("summary", {}, t("former")), h("ul", { class: "former" }, over.map(former))));
}

function heldPart() {
  if (!at.hold || Date.parse(at.hold.expiresAt) < now()) return null;
  return h("button", { type: "button", class: "main wide", onclick: () => go({ view: "hold" }) }, t("goOn", { at: moment(at.hold.startsAt, at.hold.place.timeZone) }));
}

function signInPart() {
  const button = h("button", { type: "button", class: "main", onclick: () => act(button, async () => { await signed(mine); show(); }) }, t("signIn"));
  return h("section", { class: "card", id: "sign-in" }, h("p", {}, t("signInWhy")), button);
}

function service(each) {
  return h("button", { type: "button", class: "card service", onclick: () => go({ view: "service", service: each.code, people: 1, moving: undefined, office: undefined, day: undefined }) },
    h("strong", {}, pick(each.nameZh, each.nameEn)), h("small", {}, facts(each)));
}

async function show(isNew = false) {
  shown.abort();
  const { signal } = (shown = new AbortController());
  const main = byId("main");
  byId("said").textContent = "";
  byId("back").hidden = at.view === "home" || at.view === "booked";
  main.setAttribute("aria-busy", "true");
  if (isNew) main.replaceChildren(skeleton(4));
  const parts = await VIEWS[at.view](signal).catch((error) => again(error));
  if (signal.aborted) return;
  main.replaceChildren(...parts.flat().filter(Boolean));
  main.removeAttribute("aria-busy");
  if (!isNew) return;
  scrollTo(0, 0);
  main.querySelector("h1")?.focus({ preventScroll: true });
}

function again(error) {
  if (error.code !== "LEFT" && !error.code) console.error(error);
  const back = at.view === "home" ? null : h("button", { type: "button", onclick: () => go({ view: "home", hold: undefined }) }, t("title"));
  return [error.code !== "LEFT" && failure(error), h("div", { class: "buttons" }, h("button", { type: "button", class: "main", onclick: () => show(true) }, t("retry")), back)];
}

function translate() {
  byId("brand").textContent = t("brand");
  document.title = t("title");
  byId("back").textContent = t("back");
  byId("language").textContent = t("other");
  byId("language").lang = document.documentElement.lang === "zh" ? "en" : "zh";
}

// `#app=…&code=…`: how a host app opens the page. A code is used at once and leaves the address.
async function begin() {
  const given = new URLSearchParams(location.hash.slice(1));
  const isHeld = at.hold && Date.parse(at.hold.expiresAt) > Date.now() - HOUR_MS;
  note(isHeld ? { view: "hold" } : { view: at.view === "hold" ? "home" : at.view, hold: undefined });
  if (given.get("app") && given.get("code")) await signIn(given.get("app"), given.get("code")).catch((error) => console.warn(error.message));
  watch(show);
  await show();
  greet(async () => {
    if (!isSignedIn() && (await signInByHost()) && at.view === "home") await show();
  }).catch((error) => console.warn(error.message));
}

byId("language").onclick = () => { turn(); translate(); show(); };
byId("back").onclick = () => go({ view: at.view === "hold" ? "service" : "home" });
translate();
byId("main").replaceChildren(skeleton(4));
begin();
