// Appointments on a phone: choose, hold, confirm, change; sign in by the host app around the page, or by its code.

import { arriving } from "./arriving.js";
import { alongCard, card, former } from "./cards.js";
import { choosing, facts } from "./choose.js";
import { h } from "./element.js";
import { now } from "./graph.js";
import { booked, holding } from "./hold.js";
import { dayLong, moment, pick, t, turn } from "./language.js";
import { mine, rights } from "./mine.js";
import { act, failure } from "./refusals.js";
import { canScan, scan } from "./scanning.js";
import { services, skeleton } from "./services.js";
import { canSignInByHost, isSignedIn, meet, signed, signIn, signInByHost } from "./session.js";
import { at, go, leave, note, watch } from "./state.js";
import { waits } from "./waitlist.js";
import { waiting } from "./waiting.js";

const VIEWS = { home, service: choosing, hold: holding, booked, hall: arriving, waiting };
const HOUR_MS = 60 * 60 * 1000; // so long a hold that is over may still be tried
const byId = (id) => document.getElementById(id);
let shown = new AbortController(); // of the view that is shown

async function home() {
  const own = isSignedIn() ? await signed(mine) : null; // whoever is signed out meanwhile is asked once
  const [held, waited, offered] = await Promise.all([own && rights(), own && waits(), services()]);
  return [h("h1", { tabindex: -1 }, t("title")), own ? ownPart(own, [held.map((each) => right(each, offered)), waited]) : signInPart(), heldPart(), scanPart(),
    h("h2", {}, t("what")), h("ul", { class: "services" }, offered.map((each) => h("li", {}, service(each)))),
    !offered.length && h("p", {}, t("noServices"))];
}

function ownPart({ coming, former: over, along }, more) {
  return h("section", { id: "mine", "aria-labelledby": "mine-title" }, h("h2", { id: "mine-title" }, t("mine")),
    coming.length ? coming.map((each) => card(each)) : h("p", { class: "quiet" }, t("none")),
    more, along.length > 0 && [h("h2", {}, t("along")), along.map(alongCard)], over.length > 0 && h("details", {}, h("summary", {}, t("former")), h("ul", { class: "former" }, over.map(former))));
}

function heldPart() {
  if (!at.hold || Date.parse(at.hold.expiresAt) < now()) return null;
  return h("button", { type: "button", class: "main wide", onclick: () => go({ view: "hold" }) }, t("goOn", { at: moment(at.hold.startsAt, at.hold.place.timeZone) }));
}

function right({ id, service: code, until }, offered) {
  const of = offered.find((each) => each.code === code);
  return of && h("section", { class: "card", "data-right": code }, h("h2", {}, pick(of.nameZh, of.nameEn)), h("p", {}, t("right", { at: dayLong(until) })),
    h("div", { class: "buttons" }, h("button", { type: "button", class: "main", onclick: () => begin(of, { right: id }) }, t("useRight"))));
}

function scanPart() {
  return h("section", { class: "card scan" }, h("h2", {}, t("here")), h("p", { class: "quiet" }, t(canScan() ? "hereScan" : "hereCamera")),
    canScan() && h("button", { type: "button", id: "scan", class: "main", onclick: ({ currentTarget }) => act(currentTarget, scan) }, t("scan")));
}

function signInPart() {
  const button = h("button", { type: "button", class: "main", onclick: () => act(button, async () => { await signed(mine); show(); }) }, t("signIn"));
  return h("section", { class: "card", id: "sign-in" }, h("p", {}, t("signInWhy")), button);
}

const begin = (of, chosen = {}) => go({ view: "service", service: of.code, people: of.namesAll ? of.people : 1, moving: undefined, right: undefined, office: undefined, day: undefined, ...chosen });

function service(each) {
  return h("button", { type: "button", class: "card service", onclick: () => begin(each) },
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
  const button = (text, onclick, isMain) => h("button", { type: "button", class: isMain ? "main" : "", onclick }, t(text));
  const rescan = at.view === "hall" && canScan() && button("scan", ({ currentTarget }) => act(currentTarget, scan), true);
  return [error.code !== "LEFT" && failure(error), h("div", { class: "buttons" }, rescan || button("retry", () => show(true), true),
    at.view !== "home" && button("title", () => leave()))];
}

function translate() {
  byId("brand").textContent = t("brand");
  document.title = t("title");
  byId("back").textContent = t("back");
  byId("language").textContent = t("other");
  byId("language").lang = document.documentElement.lang === "zh" ? "en" : "zh";
}

// `#app=…&code=…&scan=…`: how a host app opens the page. A code is used at once and leaves the address.
async function start() {
  const given = new URLSearchParams(location.hash.slice(1));
  const isHeld = at.hold && Date.parse(at.hold.expiresAt) > Date.now() - HOUR_MS;
  if (given.get("scan")) note({ view: "hall", scan: given.get("scan") });
  else note(isHeld ? { view: "hold" } : { view: at.view === "hold" ? "home" : at.view, hold: undefined });
  if (given.get("app") && given.get("code")) await signIn(given.get("app"), given.get("code")).catch((error) => console.warn(error.message));
  watch(show);
  await meet().then(() => isSignedIn() || !canSignInByHost() || signInByHost()).catch((error) => console.warn(error.message));
  await show();
}

byId("language").onclick = () => { turn(); translate(); show(); };
byId("back").onclick = () => go({ view: at.view === "hold" ? "service" : "home" });
translate();
byId("main").replaceChildren(skeleton(4));
start();
