// The screen of a hall: who is called to which counter, who waits, how long it takes. It connects again by itself, and
// says when what it shows is out of date.

import { api, clock } from "./api.js";
import { board } from "./board.js";
import { follow } from "./events.js";
import { choice, failure, go, languageButton, noOffice, renew, signIn, wanted } from "./parts.js";
import { SOUNDS, blocked, choose as chooseSound, sound, unlock } from "./sound.js";
import { named, t, time } from "./texts.js";
import { h } from "/console/dom.js";
import { credential, forget, keep, language } from "/console/session.js";

const KEPT = "yiwang.display"; // a display's key: the machine starts again without anybody who would type it

const main = document.getElementById("main");
const state = { offices: [], office: null, hall: null, board: null, stop: () => {} };

async function start() {
  const kept = localStorage.getItem(KEPT);
  if (!credential() && kept) keep(kept);
  frame();
  if (!credential()) return put(signIn(t("credentialDisplay"), choose));
  try {
    return choose((await api.offices()).offices);
  } catch (error) {
    if (error.status === 401) forgetKey();
    setTimeout(() => !state.office && credential() && start(), 5000); // the platform may be away while the screen starts
    return put(failure(error), !credential() && signIn(t("credentialDisplay"), choose));
  }
}

function choose(offices) {
  state.offices = offices;
  state.office = offices.find((each) => each.code === wanted().office) || (offices.length === 1 ? offices[0] : null);
  if (offices.length && !offices.some((each) => each.serves)) localStorage.setItem(KEPT, credential());
  frame();
  if (!state.office) return put(choice(t("chooseOffice"), offices.map((each) => [each.code, named(each)]), noOffice(), enter));
  go({ office: state.office.code });
  put(h("p", { class: "waiting-link" }, t("linkWaiting")));
  state.stop = follow(state.office.code, { shown: (_, hall) => take(hall), linked, refused });
  return undefined;
}

function enter(code) {
  leaveHall();
  go({ office: code });
  choose(state.offices);
}

function take(hall) {
  state.hall = hall;
  if (!state.board) {
    state.board = board();
    put(state.board.element);
  }
  state.board.update(hall, state.office);
}

function linked(yes, at) {
  const link = document.getElementById("link");
  link.textContent = yes ? "" : state.hall ? t("linkLost", { at: time(at, state.office.timeZone, true) }) : t("linkWaiting");
  link.classList.toggle("lost", !yes);
  main.classList.toggle("old", !yes);
}

function refused(error) {
  leaveHall();
  if (error.status === 401) forgetKey();
  frame();
  put(failure(error), !credential() && signIn(t("credentialDisplay"), choose));
  setTimeout(() => !state.office && credential() && start(), 30000); // a role may have been given by then
}

function leaveHall() {
  state.stop();
  Object.assign(state, { office: null, hall: null, board: null, stop: () => {} });
  document.getElementById("link").textContent = "";
  main.classList.remove("old");
}

function forgetKey() {
  localStorage.removeItem(KEPT);
  forget();
}

function put(...children) {
  main.replaceChildren(...children.filter(Boolean));
}

/** What stands around the board: the hall's name, the clock, and what can be chosen. */
function frame() {
  document.documentElement.lang = language();
  document.title = `${t("displayPage")} · ${state.office ? named(state.office) : "一网"}`;
  renew(document.getElementById("header"),
    h("p", { class: "office" }, state.office ? named(state.office) : t("displayPage")),
    state.office && h("p", { id: "clock", class: "clock" }));
  const sounds = h("select", { id: "sound", onchange: () => { chooseSound(sounds.value); frame(); } },
    SOUNDS.map((each) => h("option", { value: each, selected: each === sound() }, t(`sound.${each}`))));
  const leave = () => {
    leaveHall();
    forgetKey();
    go({});
    start();
  };
  renew(document.getElementById("footer"),
    h("label", { for: "sound" }, t("sound")), sounds, h("span", { id: "blocked", class: "quiet", hidden: !blocked() }, t("soundBlocked")),
    state.offices.length > 1 && state.office && h("button", { type: "button", id: "change", onclick: () => enter("") }, t("chooseOffice")),
    credential() && h("button", { type: "button", id: "leave", onclick: leave }, t("leave")),
    languageButton(again));
  tick();
}

function again() {
  frame();
  if (state.hall) {
    state.board = null;
    take(state.hall);
  } else start();
}

function tick() {
  const shown = document.getElementById("clock");
  if (shown) shown.textContent = time(clock(), state.office.timeZone, true);
  document.getElementById("blocked").hidden = !blocked();
}

addEventListener("click", unlock);
addEventListener("keydown", unlock);
addEventListener("hashchange", () => {
  const code = wanted().office;
  if (code && code !== state.office?.code) enter(code);
});
setInterval(tick, 1000);
start();
