// What is held: how long still, who comes along, and confirming it; then what was booked.

import { card, telephone } from "./cards.js";
import { heldInstead } from "./choose.js";
import { h } from "./element.js";
import { ask, now, Refused } from "./graph.js";
import { wrongNumber } from "./id_numbers.js";
import { moment, pick, t } from "./language.js";
import { question } from "./questions.js";
import { act } from "./refusals.js";
import { service } from "./services.js";
import { signed } from "./session.js";
import { at, go, leave } from "./state.js";
import { one } from "./mine.js";
import { leaveWaitlist } from "./waitlist.js";

const CONFIRM = `mutation ($hold: String!, $companions: [String!]!, $answers: [AppointmentAnswerInput!]!) {
  confirmAppointment(hold: $hold, companions: $companions, answers: $answers) { id } }`;
const MOVE = "mutation ($hold: String!, $id: ID!) { moveAppointment(appointment: $id, hold: $hold) { id } }";
const RELEASE = "mutation ($hold: String!) { releaseAppointment(hold: $hold) }";
const LAST_MINUTE = 60;
const typed = new WeakMap(); // who comes along with a hold, should its view be made again: gone with the hold

export async function holding(signal) {
  const { hold, moving } = at;
  const of = await service(hold.service);
  const zone = hold.place.timeZone;
  const numbers = typed.get(hold) ?? {};
  typed.set(hold, numbers);
  const others = moving ? [] : Array.from({ length: hold.people - 1 }, (_, n) => companion(n + 2, of.namesAll, numbers));
  const questions = moving ? [] : of.questions.map(question);
  const confirm = h("button", { class: "main" }, t(moving ? "confirmMove" : "confirm"));
  const form = h("form", { class: "card", onsubmit: (event) => {
    event.preventDefault();
    act(confirm, async () => book(hold, moving, named(others), questions.map((each) => each.answer()).filter(Boolean)), { zone, choose: (time) => instead(hold, time) });
  } },
  h("p", { class: "when" }, moment(hold.startsAt, zone)),
  h("p", {}, pick(hold.place.nameZh, hold.place.nameEn), h("br"), h("small", {}, pick(hold.place.addressZh, hold.place.addressEn)), telephone(hold.place.phone)),
  others.length > 0 && [h("h2", {}, t("companions")), h("p", { class: "quiet" }, t("companionWhy")), others.map((each) => each.label)],
  questions.map((each) => each.label),
  moving && hold.people > 1 && h("p", { class: "quiet" }, t("companionsStay")),
  h("div", { class: "buttons" }, confirm, h("button", { type: "button", onclick: giveBack }, t("release"))));
  return [h("h1", { tabindex: -1 }, pick(of.nameZh, of.nameEn)), moving && h("p", { class: "notice" }, t("moving", moving)), remaining(hold, signal), form];
}

/** Return the ID numbers of those who are named. Throws Refused where the page sees that one will not do. */
function named(others) {
  const numbers = others.map(({ input }) => input.value.trim());
  const { at: wrong, why } = wrongNumber(numbers);
  others.forEach(({ input }, index) => input.setAttribute("aria-invalid", String(index === wrong)));
  if (wrong < 0) return numbers.filter(Boolean);
  others[wrong].input.focus();
  throw new Refused(`companion_${why}`, "", { n: wrong + 2 });
}

function companion(n, isNeeded, numbers) {
  const input = h("input", { required: isNeeded, autocomplete: "off", maxlength: 24, name: `companion-${n}`, value: numbers[n] ?? "", oninput: () => { numbers[n] = input.value; } });
  return { input, label: h("label", {}, t(isNeeded ? "companion" : "companionIfKnown", { n }), input) };
}

/** Return how long it is still kept: seen by all, said once a minute before the end. */
function remaining(hold, signal) {
  const [shown, spoken] = [h("span", { class: "left", role: "timer" }), h("span", { class: "unseen", role: "status" })];
  const whole = Math.max(1, Date.parse(hold.expiresAt) - now());
  const bar = h("progress", { max: whole, "aria-hidden": "true" });
  const box = h("div", { class: "notice", id: "remaining" }, hold.isKept ? [h("div", { class: "between" }, h("strong", {}, t("hold")), shown), bar] : t("unkept"), spoken);
  const tick = () => {
    const left = Math.ceil((Date.parse(hold.expiresAt) - now()) / 1000);
    if (left <= 0) return void (box.textContent = t("holdOver"), clearInterval(timer));
    bar.value = left * 1000;
    shown.textContent = t("holdLeft", { left: `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}` });
    if (left === LAST_MINUTE) spoken.textContent = t("holdSpoken");
  };
  const timer = hold.isKept ? setInterval(tick, 1000) : 0;
  signal.addEventListener("abort", () => clearInterval(timer));
  if (hold.isKept) tick();
  return box;
}

async function book(hold, moving, companions, answers) {
  const booked = await signed(async () => moving
    ? (await ask(MOVE, { hold: hold.hold, id: moving.id })).moveAppointment
    : (await ask(CONFIRM, { hold: hold.hold, companions, answers })).confirmAppointment);
  leave({ view: "booked", booked: booked.id, moved: Boolean(moving) });
}

async function instead(hold, time) {
  const next = await heldInstead(time);
  typed.set(next, typed.get(hold)); // the same people
  go({ view: "hold", hold: next });
}

function giveBack() {
  const { hold, entry } = at.hold;
  (entry ? leaveWaitlist(entry) : ask(RELEASE, { hold })).catch(() => {}); // it ends by itself, too
  go({ view: "service", hold: undefined });
}

export async function booked() {
  const found = await signed(() => one(at.booked));
  return [h("h1", { tabindex: -1, class: "success" }, t(at.moved ? "moved" : "booked")), card(found, { isNew: true }),
    h("button", { type: "button", class: "wide", onclick: () => leave() }, t("done"))];
}
