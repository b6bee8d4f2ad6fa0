// Who is here: signed in by the host app around the page, or by its code; and proven, where a service needs it.

import { ask, Refused, signInBy, take, tokens } from "./graph.js";
import { around, askHost, greet } from "./host.js";
import { h } from "./element.js";
import { pick, t } from "./language.js";
import { said } from "./refusals.js";
import { belongTo, leave } from "./state.js";

const PURPOSE = '{ purpose(id: "real-name") { id version text { zh en } } }';
const AGREE = "mutation ($purposes: [AgreedPurpose!]!) { agree(purposes: $purposes) }";
const PROVE = "mutation ($name: String!, $number: String!) { provePerson(name: $name, idNumber: $number) { accessToken refreshToken } }";

const MEET_MS = 1500; // a frame whose owner says nothing by then is none of ours

/** Wait until the host app around the page has greeted it, if there is one. */
export const meet = () => Promise.race([greet(() => {}), new Promise((done) => { setTimeout(done, MEET_MS); })]);

export const isSignedIn = () => Boolean(tokens.access);

/** Sign in; return whether the page was another account's before. */
export const signIn = async (app, code) => belongTo(await signInBy(app, code));

export const canSignInByHost = () => around.can.includes("login");
/** Sign in by the host app; return as `signIn` does. */
export const signInByHost = async () => signIn(around.app, (await askHost("login")).code);

/** Do what needs a resident; whoever is not signed in any more, or not known well enough, is asked to first. Throws Refused
 * `LEFT` where another account comes then: what the former one had begun is not done for it. */
export async function signed(work) {
  for (let byHost = true; ; ) {
    try {
      return await work();
    } catch (error) {
      if (error.code === "ASSURANCE_TOO_LOW") await prove(error.extensions.acr_values);
      else if (error.code !== "SIGN_IN_NEEDED" && error.code !== "TOKEN_REFUSED") throw error;
      else {
        const isAnother = await (byHost && canSignInByHost() ? signInByHost() : dialog(t("signIn"), signInForm));
        if (isAnother) endFormer();
        byHost = false; // once: should it not last, they are asked
      }
    }
  }
}

function endFormer() {
  document.querySelectorAll("dialog").forEach((each) => each.close()); // with what the former one has typed there
  leave();
  document.getElementById("said").textContent = t("anotherAccount");
  throw new Refused("LEFT", "");
}

function signInForm() {
  const [app, code] = [field("app", t("app")), field("code", t("code"))];
  app.input.value = around.app || tokens.app;
  return {
    parts: [h("p", {}, t("signInHow")), app.label, code.label],
    button: t("signIn"),
    work: () => signIn(app.input.value.trim(), code.input.value.trim()),
  };
}

async function prove(level) {
  if (level !== "L2") return dialog(t("prove"), () => ({ parts: [h("p", {}, t("proveL3"))] }));
  const { purpose } = await ask(PURPOSE);
  const [name, number] = [field("name", t("name")), field("id-number", t("idNumber"))];
  return dialog(t("prove"), () => ({
    parts: [h("p", {}, t("proveL2")), h("p", { class: "quiet" }, pick(purpose.text.zh, purpose.text.en)), name.label, number.label],
    button: t("agree"),
    work: () => signed(async () => {
      await ask(AGREE, { purposes: [{ id: purpose.id, version: purpose.version }] });
      take((await ask(PROVE, { name: name.input.value.trim(), number: number.input.value.trim() })).provePerson);
    }),
  }));
}

function field(id, text) {
  const input = h("input", { id, required: true, autocomplete: "off" });
  return { input, label: h("label", {}, text, input) };
}

/** Show a form on top of the page until its work is done; return what that returns. Throws Refused `LEFT` if it is closed before. */
function dialog(title, form) {
  const { parts, button, work } = form();
  const wrong = h("p", { class: "failure", role: "alert", hidden: true });
  const submit = button && h("button", { class: "main" }, button);
  const box = h("dialog", { "aria-label": title }, h("form", { method: "dialog" },
    h("h2", { id: "dialog-title" }, title), parts, wrong,
    h("div", { class: "buttons" }, submit, h("button", { type: "button", onclick: () => box.close() }, t("back")))));
  document.body.append(box);
  box.showModal();
  return new Promise((done, failed) => {
    box.addEventListener("submit", async (event) => {
      event.preventDefault();
      submit.disabled = true;
      try {
        done(await work());
        box.close();
      } catch (error) {
        if (!error.code) console.error(error);
        if (error.code !== "LEFT") [wrong.textContent, wrong.hidden] = [said(error), false];
      }
      submit.disabled = false;
    });
    box.addEventListener("close", () => {
      box.remove();
      failed(new Refused("LEFT", ""));
    });
  });
}
