// Parking on a phone: find a lot, sign in by a host app's code, enter by scan, watch the fee, pay, leave.

import { ask, follow, Refused, signInBy, tokens } from "./graph.js";
import { around, askHost, greet } from "./host.js";
import { uuid } from "./ids.js";
import { TEXTS } from "./texts.js";
import { here } from "./where.js";

const SESSION = "id lotZh lotEn plate state feeFen paidFen dueFen nextRaiseAt paidUntil isOver lines { zh en amountFen }";
const SCAN = (verb) => `mutation ($code: String!, $vehicle: ID!, $key: String!, $latitude: Float, $longitude: Float) {
  ${verb}Parking(code: $code, vehicle: $vehicle, key: $key, latitude: $latitude, longitude: $longitude) {
    decision isFar session { ${SESSION} } } }`;
const LOTS = `query ($near: Position) { parkingLots(near: $near, first: 10) { lots {
  id nameZh nameEn free spaces metres price { feeFen minutes tariffZh tariffEn } } } }`;
const MINE = `{ myParking { vehicles { id plate proof } sessions(first: 5) { ${SESSION} } } }`;
const SOON_MS = 2 * 60 * 1000; // so long a resident still knows what they were doing, as it goes on by itself
const byId = (id) => document.getElementById(id);
const state = { language: document.documentElement.lang === "en" ? "en" : "zh", lots: null, mine: null, session: null, order: "", watch: null, owner: [], unfinished: null };
const word = (key) => TEXTS[state.language][key];
const pick = (zh, en) => (state.language === "en" && en ? en : zh);
const yuan = (fen) => `¥ ${(fen / 100).toFixed(2)}`;
const time = (text) => new Date(text).toLocaleTimeString(state.language, { hour: "2-digit", minute: "2-digit" });
const make = (tag, text, more = {}) => Object.assign(document.createElement(tag), { textContent: text }, more);
const say = (text) => { byId("said").textContent = text; };

async function attempt(work, isSigningIn = false) {
  say("");
  try {
    await work();
  } catch (error) {
    if (error.code !== "SIGN_IN_NEEDED") return say(error.message);
    byId("sign-in").hidden = false;
    say(word("signInAgain"));
    if (isSigningIn) return;
    state.unfinished = { work, at: Date.now() };
    if (around.can.includes("login")) await attempt(signInByHost, true);
  }
}

function fill(id, items) {
  byId(id).replaceChildren(...(items.length ? items : [make("li", word("none"))]));
}

function translate() {
  document.documentElement.lang = state.language;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = word(each.dataset.text);
  byId("language").textContent = word("other");
  byId("language").lang = state.language === "zh" ? "en" : "zh";
  if (state.lots) showLots();
  if (state.mine) showMine();
  if (state.session) show(state.session);
}

async function lots(near) {
  state.lots = (await ask(LOTS, { near })).parkingLots.lots;
  showLots();
}

function showLots() {
  fill("lots", state.lots.map((lot) => {
    const item = make("li", `${pick(lot.nameZh, lot.nameEn)} · ${word("free")} ${lot.free}/${lot.spaces}`);
    if (lot.metres !== null) item.append(` · ${lot.metres} ${word("metres")}`);
    if (lot.price) item.append(make("small", `${lot.price.minutes} ${word("minutes")} ${yuan(lot.price.feeFen)} · ${pick(lot.price.tariffZh, lot.price.tariffEn)}`));
    return item;
  }));
}

async function mine() {
  state.mine = (await ask(MINE)).myParking;
  showMine();
}

function showMine() {
  const { vehicles, sessions } = state.mine;
  byId("vehicle").replaceChildren(...vehicles.map((each) => make("option", each.plate, { value: each.id })));
  fill("vehicles", vehicles.map((each) => {
    const item = make("li", each.proof === "owner" ? `${each.plate} · ${word("owner")} ` : `${each.plate} `);
    if (each.proof !== "owner") item.append(make("button", word("prove"), { type: "button", onclick: ({ target }) => attempt(() => prove(each, target)) }));
    const end = () => attempt(async () => { await ask("mutation ($v: ID!) { endVehicle(vehicle: $v) }", { v: each.id }); await mine(); });
    item.append(make("button", word("end"), { type: "button", onclick: end }));
    return item;
  }));
  fill("sessions", sessions.map((each) => {
    const item = make("li", "");
    const label = `${pick(each.lotZh, each.lotEn)} · ${each.plate ?? ""} · ${each.state}`;
    item.append(make("button", label, { type: "button", onclick: () => watch(each) }));
    return item;
  }));
}

// Shows what the vehicle register is given; who agrees has it asked.
async function prove(vehicle, button) {
  const { purpose } = await ask('{ purpose(id: "vehicle-register") { id version text { zh en } } }');
  const agreed = () => attempt(async () => {
    const purposes = [{ id: purpose.id, version: purpose.version }];
    await ask("mutation ($purposes: [AgreedPurpose!]!) { agree(purposes: $purposes) }", { purposes });
    await ask("mutation ($v: ID!) { proveVehicle(vehicle: $v) { id } }", { v: vehicle.id });
    await mine();
  });
  button.replaceWith(make("p", pick(purpose.text.zh, purpose.text.en)), make("button", word("agree"), { type: "button", onclick: agreed }));
}

function show(session) {
  state.session = session;
  byId("session").hidden = false;
  byId("session-title").textContent = `${pick(session.lotZh, session.lotEn)} ${session.plate ?? ""}`;
  byId("fee").textContent = session.feeFen === null ? "?" : yuan(session.feeFen);
  const about = [`${word("due")} ${yuan(session.dueFen)}`, `${word("paid")} ${yuan(session.paidFen)}`];
  if (session.nextRaiseAt) about.push(`${word("raise")} ${time(session.nextRaiseAt)}`);
  if (session.paidUntil) about.push(`${word("until")} ${time(session.paidUntil)}`);
  byId("about").textContent = about.join(" · ");
  byId("lines").replaceChildren(...session.lines.map((each) => make("li", `${pick(each.zh, each.en)} ${yuan(each.amountFen)}`)));
  byId("pay").disabled = !session.dueFen;
}

function watch(session) {
  state.watch?.abort();
  state.watch = new AbortController();
  byId("cashier").hidden = true;
  byId("receipt").textContent = "";
  state.order = "";
  show(session);
  const shown = (result) => {
    if (result.errors?.[0].extensions?.code === "SIGN_IN_NEEDED") return attempt(async () => { if (!tokens.access) throw new Refused("SIGN_IN_NEEDED", ""); watch(session); });
    if (result.errors) return say(result.errors[0].message);
    show(result.data.parkingSession);
    return state.order && !state.session.dueFen && attempt(receipt);
  };
  follow(`subscription ($id: ID!) { parkingSession(id: $id) { ${SESSION} } }`, { id: session.id }, shown, state.watch.signal);
}

async function scan(verb) {
  const given = { code: byId("scanned").value.trim(), vehicle: byId("vehicle").value, key: uuid(), ...await here(true) };
  const found = (await ask(SCAN(verb), given))[`${verb}Parking`];
  watch(found.session);
  const next = { open: word("open"), pay: word("payFirst"), review: word("review") }[found.decision] ?? "";
  say(found.isFar ? `${word("far")} ${next}` : next);
  await mine();
}

async function pay() {
  const id = state.session.id;
  const query = "mutation ($id: ID!, $key: String!) { payParking(session: $id, key: $key) { id } }";
  state.order = (await ask(query, { id, key: uuid() })).payParking.id;
  const begin = "mutation ($order: ID!, $app: String!) { beginPayment(order: $order, app: $app) { arguments } }";
  const begun = (await ask(begin, { order: state.order, app: tokens.app })).beginPayment;
  byId("arguments").value = JSON.stringify(begun.arguments);
  byId("cashier").hidden = false;
  if (!around.can.includes("pay")) return;
  await askHost("pay", { parameters: begun.arguments }); // what it answers is the app's word; ours is the server's
  await receipt();
}

async function receipt() {
  const order = { order: state.order };
  const { payments } = await ask("query ($order: ID!) { payments { order(id: $order) { state } } }", order);
  if (payments.order.state !== "paid") throw new Error(word("notYet"));
  const query = "query ($order: ID!) { payments { receipt(order: $order) { number payee amountFen paidAt } } }";
  const made = (await ask(query, order)).payments.receipt;
  state.order = "";
  byId("cashier").hidden = true;
  byId("receipt").textContent = `${word("receipt")} ${made.number} · ${made.payee} · ${yuan(made.amountFen)} · ${time(made.paidAt)}`;
}

async function signIn() {
  const owner = await signInBy(byId("app").value.trim(), byId("code").value.trim());
  if (!owner.some((each) => state.owner.includes(each))) forget();
  state.owner = owner;
  byId("sign-in").hidden = true;
  byId("mine").hidden = false;
  await mine();
  const { work, at } = state.unfinished ?? {}; // the former sign-in was found to be over in the middle of it
  state.unfinished = null;
  if (Date.now() - at < SOON_MS) await work();
}

// Another account is signed in: what the former one had begun, and what is shown of it, is not its.
function forget() {
  state.watch?.abort();
  Object.assign(state, { mine: { vehicles: [], sessions: [] }, session: null, order: "", watch: null, unfinished: null });
  showMine();
  byId("session").hidden = byId("cashier").hidden = true;
  byId("arguments").value = byId("plate").value = byId("receipt").textContent = "";
}

async function signInByHost() {
  byId("code").value = (await askHost("login")).code;
  await signIn();
}

function onSubmit(id, work, isSigningIn = false) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(() => work(event.submitter), isSigningIn);
  });
}

// A host app around the page gives the code, opens its cashier and scans, so that nothing is copied.
async function hosted(begun) {
  byId("app").value = around.app;
  byId("by-hand").hidden = around.can.includes("pay");
  byId("ask-scan").hidden = !around.can.includes("scan");
  await begun; // signing in by the address
  if (tokens.access || !around.can.includes("login")) return;
  await signInByHost();
}

// ``#app=…&code=…&scan=…``: how a host app opens the page. A code is used at once and leaves the address.
function opened() {
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, "", location.pathname);
  byId("app").value = given.get("app") ?? "";
  byId("code").value = given.get("code") ?? "";
  byId("scanned").value = given.get("scan") ?? "";
  const begun = given.get("app") && given.get("code") && attempt(signIn, true);
  attempt(() => greet(() => attempt(() => hosted(begun), true)));
}

byId("language").onclick = () => { state.language = state.language === "zh" ? "en" : "zh"; translate(); };
byId("near").onclick = () => navigator.geolocation.getCurrentPosition(
  ({ coords }) => attempt(() => lots({ latitude: coords.latitude, longitude: coords.longitude })),
  (error) => say(error.message),
);
byId("pay").onclick = () => attempt(pay);
byId("check").onclick = () => attempt(receipt);
byId("ask-scan").onclick = () => attempt(async () => { byId("scanned").value = (await askHost("scan")).text; });
onSubmit("sign-in", signIn, true);
onSubmit("scan", (button) => scan(button.value));
onSubmit("add", async () => {
  await ask("mutation ($plate: String!) { addVehicle(plate: $plate) { id } }", { plate: byId("plate").value });
  byId("plate").value = "";
  await mine();
});
translate();
opened();
attempt(() => lots(null));
