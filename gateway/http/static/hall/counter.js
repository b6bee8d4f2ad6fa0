// A counter's page: sign in, choose a hall and a counter, then work there. The hall is followed live.

import { api, setClock } from "./api.js";
import { desk } from "./desk.js";
import { follow } from "./events.js";
import { choice, failure, go, languageButton, noOffice, renew, signIn, wanted } from "./parts.js";
import { named, t, time } from "./texts.js";
import { h } from "/console/dom.js";
import { credential, forget, keyId, language } from "/console/session.js";

const main = document.getElementById("main");
const state = { offices: [], office: null, counter: "", hall: null, shown: null, stop: () => {} };

async function start() {
  header();
  if (!credential()) return put(signIn(t("credentialHow"), (offices) => choose(offices)));
  try {
    return choose((await api.offices()).offices);
  } catch (error) {
    if (error.status === 401) forget();
    return put(failure(error), !credential() && signIn(t("credentialHow"), (offices) => choose(offices)));
  }
}

function choose(offices) {
  state.offices = offices;
  const mine = offices.filter((each) => each.serves);
  state.office = mine.find((each) => each.code === wanted().office) || (mine.length === 1 ? mine[0] : null);
  header();
  if (!mine.length && offices.length) {
    return put(h("section", { class: "card narrow" }, h("h1", { tabindex: "-1" }, t("chooseOffice")), h("p", {}, t("onlyShows", { key: keyId() })),
      h("p", {}, h("a", { href: "/hall/display" }, t("openDisplay")))));
  }
  if (!state.office) return put(choice(t("chooseOffice"), mine.map((each) => [each.code, named(each)]), noOffice(), (code) => enter({ office: code })));
  return watch();
}

function enter(parts) {
  leaveHall();
  go(parts);
  choose(state.offices);
}

function watch() {
  put(h("p", { class: "card narrow" }, t("linkWaiting")));
  state.stop = follow(state.office.code, { shown: (_, hall) => take(hall), linked, refused });
}

/** Show a hall, unless it is older than the one that is shown. */
function take(hall, now) {
  if (now) setClock(now);
  if (state.hall && hall.revision < state.hall.revision) return;
  state.hall = hall;
  show();
}

function show() {
  const { hall, office } = state;
  const code = wanted().counter;
  const counter = hall.counters.find((each) => each.code === code);
  if (!counter) {
    state.shown = null;
    const items = hall.counters.map((each) => [each.code, named(each), t(each.open ? "opened" : "closed")]);
    if (!main.querySelector("[data-choice]")) put(choice(t("chooseCounter"), items, t("noCounter"), (chosen) => enterCounter(chosen)));
    return;
  }
  if (!state.shown || state.counter !== code) {
    state.counter = code;
    state.shown = desk({ office, counter: code, take });
    put(state.shown.element);
    header();
  }
  state.shown.update(hall);
}

function enterCounter(code) {
  go({ office: state.office.code, counter: code });
  show();
  header();
}

function linked(yes, at) {
  const link = document.getElementById("link");
  link.textContent = yes ? "" : state.hall ? t("linkLost", { at: time(at, state.office.timeZone, true) }) : t("linkWaiting");
  link.classList.toggle("lost", !yes);
}

function refused(error) {
  leaveHall();
  if (error.status === 401) forget();
  header();
  put(failure(error), !credential() ? signIn(t("credentialHow"), (offices) => choose(offices)) : h("button", { type: "button", class: "main", onclick: start }, t("chooseOffice")));
}

function leaveHall() {
  state.stop();
  Object.assign(state, { hall: null, shown: null, counter: "", stop: () => {} });
  document.getElementById("link").textContent = "";
}

function put(...children) {
  main.replaceChildren(...children.filter(Boolean));
  main.querySelector("h1")?.focus();
}

function header() {
  document.documentElement.lang = language();
  document.getElementById("skip").textContent = t("skip");
  const counter = state.hall?.counters.find((each) => each.code === wanted().counter);
  document.title = `${counter ? named(counter) : t("counterPage")} · ${state.office ? named(state.office) : "一网"}`;
  const leave = () => {
    leaveHall();
    forget();
    state.office = null;
    go({});
    start();
  };
  renew(document.getElementById("header"),
    h("p", { class: "brand" }, h("span", { lang: "zh" }, "一网"), " ", t("counterPage")),
    h("p", { class: "where" }, state.office && named(state.office), counter && h("strong", {}, named(counter))),
    h("div", { class: "who" },
      state.office && h("button", { type: "button", id: "change", onclick: () => enter(counter ? { office: state.office.code } : {}) }, t("change")),
      credential() && h("button", { type: "button", id: "leave", title: keyId(), onclick: leave }, t("leave")),
      languageButton(again)));
}

function again() {
  state.shown = null;
  header();
  if (state.hall) {
    main.replaceChildren();
    show();
  } else start();
}

addEventListener("hashchange", () => {
  leaveHall();
  choose(state.offices);
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the counter's
  main.focus();
});
setInterval(() => state.shown?.tick(), 1000);
start();
