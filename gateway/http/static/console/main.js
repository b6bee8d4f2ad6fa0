// The page: its header, which view the hash names, and who is signed in.

import { api, Refused } from "./api.js";
import { conformity } from "./conformity.js";
import { h, link, say } from "./dom.js";
import { drift } from "./drift.js";
import { entries } from "./entries.js";
import { entry } from "./entry.js";
import { failure } from "./failure.js";
import { inbox } from "./inbox.js";
import { notices } from "./notices.js";
import { forgetReasons } from "./objections.js";
import { credential, forget, keep, keyId, language, speak } from "./session.js";
import { t } from "./texts.js";

// Each view: a title, and what makes its elements from the parts of the hash. `open` ones need no credential.
const VIEWS = {
  inbox: { title: () => t("inbox"), show: inbox },
  entries: { title: () => t("entries"), show: entries },
  notices: { title: () => t("notices"), show: notices },
  conformity: { title: () => t("conformity"), show: conformity, open: true },
  entry: { title: (code) => code, show: entry, aside: true },
  drift: { title: (code) => `${t("drift")} ${code}`, show: drift, aside: true },
};

const CREDENTIAL = /^yw_[0-9a-f]{12}_[A-Za-z0-9_-]{43}$/; // a header holds no other characters

const main = document.getElementById("main");
let turn = 0; // of two views that load, the one asked for last is shown

function wanted() {
  const [name, ...parts] = location.hash.replace(/^#\/?/, "").split("/");
  try {
    return [Object.keys(VIEWS).includes(name) ? name : "inbox", parts.map(decodeURIComponent)];
  } catch {
    return ["inbox", []];
  }
}

async function show(focus = true) {
  const mine = ++turn;
  const [name, parts] = wanted();
  const view = VIEWS[name];
  const title = view.title(...parts);
  header(name);
  document.title = `${title} · ${t("console")}`;
  const heading = h("h1", { tabindex: "-1" }, title);
  if (!credential() && !view.open) return put([h("h1", { tabindex: "-1" }, t("signIn")), signIn()], focus);
  main.setAttribute("aria-busy", "true");
  let made;
  try {
    made = await view.show({ parts, heading, again: () => show() });
  } catch (error) {
    if (error.status === 401) forget();
    made = error.status === 401 ? [failure(error), signIn()] : failure(error);
  }
  if (mine !== turn) return undefined;
  if (!credential()) header(name);
  return put([heading, made], focus);
}

function put(children, focus) {
  main.removeAttribute("aria-busy");
  main.replaceChildren(...children.flat(Infinity));
  if (focus) main.querySelector("h1").focus();
}

function header(current) {
  document.documentElement.lang = language();
  document.getElementById("skip").textContent = t("skip");
  const links = Object.entries(VIEWS).filter(([, view]) => !view.aside);
  const nav = links.map(([name, view]) => {
    const made = link([name], view.title());
    if (name === current) made.setAttribute("aria-current", "page");
    return made;
  });
  const other = language() === "zh" ? "en" : "zh";
  const change = async () => {
    speak(other);
    say("");
    await show(false);
    document.getElementById("language").focus();
  };
  const leave = () => {
    forget();
    forgetReasons();
    say(t("forgotten"));
    show();
  };
  document.getElementById("header").replaceChildren(
    h("p", { class: "brand" }, h("span", { lang: "zh" }, "一网"), " ", t("console")),
    h("nav", { "aria-label": t("views") }, nav),
    h("div", { class: "who" },
      credential() && h("span", { class: "quiet" }, t("signedIn"), " ", h("code", {}, keyId())),
      credential() && h("button", { type: "button", id: "forget", onclick: leave }, t("forget")),
      h("button", { type: "button", id: "language", lang: other, onclick: change }, other === "en" ? "English" : "中文")),
  );
}

function signIn() {
  const input = h("input", { id: "credential", type: "password", autocomplete: "off", spellcheck: "false", required: true, "aria-describedby": "credential-how" });
  const send = async (event) => {
    event.preventDefault();
    const given = input.value.trim();
    if (!CREDENTIAL.test(given)) return refuse(new Refused(0, { error: { message: t("credentialForm") } }));
    keep(given);
    try {
      await api.inbox();
      say(t("welcome"));
      return show();
    } catch (error) {
      forget();
      return refuse(error);
    }
  };
  const refuse = (error) => {
    form.querySelector(".failure")?.remove();
    form.append(failure(error));
  };
  const form = h("form", { class: "card sign-in", onsubmit: send },
    h("label", { for: "credential" }, t("credential")), input,
    h("p", { id: "credential-how", class: "quiet" }, t("credentialHow")),
    h("button", { class: "main" }, t("signIn")));
  return form;
}

addEventListener("hashchange", () => {
  say("");
  show();
});
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // the hash is the view's
  main.focus();
});
show(false);
