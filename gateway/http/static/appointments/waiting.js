// Waiting in a hall: the number, how many are ahead, how long it may take, and then which counter. Live.

import { h } from "./element.js";
import { ask, follow } from "./graph.js";
import { pick, t } from "./language.js";
import { isOver, one, oneAlong } from "./mine.js";
import { act, failure } from "./refusals.js";
import { scan, canScan } from "./scanning.js";
import { services } from "./services.js";
import { signed } from "./session.js";
import { at, leave } from "./state.js";

const QUEUE = "number service ahead waitLow waitHigh waitError counter calls state";
const WATCH = `subscription ($id: ID!) { appointmentQueue(appointment: $id) { ${QUEUE} } }`;
const VISIT = "query ($id: ID!) { myAppointments { booking(id: $id) { queue { number } } } }"; // of one that is over
const LEAVE = "mutation ($id: ID!) { leaveQueue(appointment: $id) { id } }";
const CALLED_MS = [300, 100, 300, 100, 300]; // how the phone shakes: three times

export async function waiting(signal) {
  const read = at.along ? oneAlong : one;
  const appointment = await signed(() => read(at.booked));
  if (!appointment) {
    leave(); // what one came along to is over
    return [];
  }
  const { details, id } = appointment;
  const known = await services();
  const sentOn = ({ service }) => { // by a counter, to another one's line
    const other = service && service !== appointment.service && known.find((each) => each.code === service);
    return other && h("p", {}, t("sentOn", { service: pick(other.nameZh, other.nameEn) }));
  };
  const panel = h("section", { class: "card queue", id: "queue", "aria-live": "polite", "aria-atomic": "true" });
  const more = h("div", {});
  const shown = ({ data, errors }) => {
    if (errors?.[0].extensions?.code === "SIGN_IN_NEEDED") return panel.replaceChildren(failure({ code: "SIGN_IN_NEEDED" }), signInAgain);
    if (errors) panel.replaceChildren(failure({ code: errors[0].extensions?.code, extensions: errors[0].extensions }, { zone: details.timeZone }));
    if (!data?.appointmentQueue) return;
    const queue = data.appointmentQueue;
    if (queue.state === "called" && panel.dataset.calls !== String(queue.calls)) navigator.vibrate?.(CALLED_MS);
    if (panel.dataset.state !== queue.state) more.replaceChildren(...[following(queue, id)].flat().filter(Boolean));
    panel.dataset.state = queue.state;
    panel.dataset.calls = queue.calls;
    panel.setAttribute("aria-live", queue.state === "called" ? "assertive" : "polite");
    const next = h("div", {}, h("p", { class: "number" }, queue.number), sentOn(queue), said(queue));
    if (next.innerHTML !== panel.innerHTML) panel.replaceChildren(...next.childNodes); // what is put there is read out again
  };
  const watch = () => void follow(WATCH, { id }, shown, signal);
  const signInAgain = h("button", { type: "button", class: "main", onclick: () => act(signInAgain, async () => { await signed(() => read(id)); watch(); }) }, t("signIn"));
  if (isOver(appointment)) {
    const { queue } = (await signed(() => ask(VISIT, { id }))).myAppointments.booking;
    shown({ data: { appointmentQueue: { number: queue?.number ?? appointment.code, state: appointment.state } } });
  }
  else watch();
  return [
    h("h1", { tabindex: -1 }, pick(details.serviceZh, details.serviceEn)),
    h("p", { class: "quiet" }, pick(details.officeZh, details.officeEn)),
    panel, more,
  ];
}

/** Return what a place in the line means for whoever has it. */
function said(queue) {
  const { state, counter, calls } = queue;
  if (state === "called") return [h("p", { class: "go" }, atCounter("goTo", counter)), calls > 1 && h("p", {}, t("calledTimes", { n: calls }))];
  if (state === "serving") return [h("p", { class: "go" }, atCounter("servedAt", counter))];
  if (state === "missed") return [h("p", { class: "go" }, t("missed")), h("p", {}, t("missedHow"))];
  if (isOver({ state })) return [h("p", { class: "go" }, t(`state_${state}`))];
  return [h("p", { class: "go" }, queue.ahead ? t("ahead", { n: queue.ahead }) : t("next")), ...wait(queue)];
}

const atCounter = (text, counter) => t(/^[0-9]+$/.test(counter) ? text : `${text}Named`, { counter });

function wait({ waitLow, waitHigh, waitError }) {
  if (waitLow === null || waitHigh === null) return [h("p", {}, t("waitUnknown"))];
  const [low, high] = [Math.floor(waitLow / 60), Math.max(1, Math.ceil(waitHigh / 60))];
  const error = waitError === null ? null : Math.max(1, Math.round(waitError / 60));
  return [h("p", {}, low === high ? t("waitAbout", { n: high }) : t("wait", { low, high })), error !== null && h("p", { class: "quiet" }, t("waitError", { n: error }))];
}

function following({ state }, id) {
  if (isOver({ state })) return h("button", { type: "button", class: "main wide", onclick: () => leave() }, t("done"));
  if (at.along) return null;
  if (state === "missed") return canScan() && h("button", { type: "button", class: "main wide", onclick: ({ currentTarget }) => act(currentTarget, scan) }, t("scanAgain"));
  if (state === "serving") return null;
  const sure = h("button", { type: "button", class: "grave", hidden: true, onclick: () => act(sure, async () => {
    await signed(() => ask(LEAVE, { id }));
    leave();
  }) }, t("leaveYes"));
  const first = h("button", { type: "button", onclick: () => { [sure.hidden, first.hidden] = [false, true]; sure.focus(); } }, t("leaveQueue"));
  return h("div", { class: "buttons" }, first, sure);
}
