// The sandbox's page: everything it does is a call of the API that /schema/openapi.json describes.
"use strict";

const ENGLISH = {
  skip: "Skip to the phone", title: "Yiwang sandbox", resident: "Resident", host: "Host app", app: "App",
  login: "Log in: get a code", proof: "Share the phone number", scan: "Scan a code", scanText: "What the code says",
  scanImage: "or choose a picture", pay: "Pay", openCashier: "Open the cashier", confirm: "Confirm the payment", merchant: "Merchant", subject: "For", amount: "Amount", refuse: "Leave it unpaid", payParameters: "What the server gave the client (JSON)",
  lacks: "The web has no sign-in of its own: open a site's sign-in page; codes by SMS come to the inbox below.",
  allow: "Allow a subscription message", template: "Template", allowOne: "Allow once", result: "Result",
  faces: "Face checks", inbox: "Inbox", faults: "Faults", where: "Where", fault: "What", times: "Times", plan: "Plan",
  forget: "Take all back", clock: "Clock", minute: "1 minute ahead", tenMinutes: "10 minutes ahead", day: "1 day ahead",
  events: "Events", at: "Time", what: "What", outcome: "Result", seed: "seed", ahead: "ahead by", empty: "Nothing yet.",
  none: "None planned.", pass: "It is me", fail: "It is not me", back: "Led back to", noDetector:
  "This browser cannot read codes from pictures; type in what the code says.", noCode: "No code is in this picture.",
  noJson: "That is no JSON object", unreachable: "The sandbox does not answer. Is it still running?",
  page: "Web page", close: "Close", leave: "Do not scan", left: "The person has left this", notAllowed: "The phone may not open this address (yiwang sandbox --opens):",
  guards: "Guardian of", represents: "Represents", keeps: "Keeps", pending: "pending", passed: "passed", failed: "failed", seconds: "s",
  late: "comes late", twice: "comes twice", never: "never comes", out_of_order: "out of order",
  bad_signature: "bad signature", error_after_work: "error after the work", slow: "too slow", unavailable: "unavailable",
  wechat: "WeChat", wechat_pay: "WeChat Pay", alipay: "Alipay", baidu: "Baidu", web: "Web and SMS", identity: "Identity service", vehicles: "Vehicle register", sandbox: "Sandbox",
};
const CHINESE = {
  seed: "种子", ahead: "快进了", empty: "还没有。", none: "没有安排故障。", pass: "是本人", fail: "不是本人", back: "返回至",
  noDetector: "此浏览器不能识别图片中的码，请输入码的内容。", noCode: "这张图片里没有码。", noJson: "这不是一个 JSON 对象",
  unreachable: "沙箱没有应答，它还在运行吗？", guards: "监护", represents: "法定代表", keeps: "车主", pending: "等待中", passed: "已通过", failed: "未通过", seconds: "秒",
  left: "本人已放弃", notAllowed: "手机不能打开这个地址（yiwang sandbox --opens）：",
  merchant: "收款方", subject: "说明", amount: "金额",
  late: "迟到", twice: "重复", never: "丢失", out_of_order: "乱序", bad_signature: "签名错误",
  error_after_work: "做完后报错", slow: "过慢", unavailable: "不可用",
  wechat: "微信", wechat_pay: "微信支付", alipay: "支付宝", baidu: "百度", web: "网页与短信", identity: "身份核验服务", vehicles: "机动车登记", sandbox: "沙箱",
};
const FAULTS = ["late", "twice", "never", "out_of_order", "bad_signature", "error_after_work", "slow", "unavailable"];

const byId = (id) => document.getElementById(id);
for (const element of document.querySelectorAll("[data-i18n]")) CHINESE[element.dataset.i18n] ??= element.textContent;

const asked = new URLSearchParams(location.search).get("face-check");
const state = { language: localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en"), residents: [], hosts: [], places: {}, seen: {} };
const word = (key) => (state.language === "zh" ? CHINESE : ENGLISH)[key] ?? key;

function make(tag, text = "", properties = {}) {
  return Object.assign(document.createElement(tag), { textContent: text }, properties);
}

async function call(method, path, body) {
  let answer;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Error(word("unreachable"));
  }
  const text = await answer.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    value = { message: text };
  }
  if (!answer.ok) throw new Error([value?.message ?? answer.statusText, value?.fix].filter(Boolean).join("\n"));
  return value;
}

function show(value, failed = false) {
  const result = byId("result");
  result.classList.toggle("error", failed);
  result.textContent = typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

async function attempt(work) {
  try {
    await work();
  } catch (error) {
    show(error.message, true);
  }
  await look();
}

const phone = () => `/phones/${encodeURIComponent(byId("resident").value)}`;
const host = () => `${phone()}/${encodeURIComponent(byId("provider").value)}`;
const app = () => `${host()}/${encodeURIComponent(byId("app").value)}`;

// Replaces a list's children only when its data has changed, so that focus and selections stay.
function renew(id, data, children) {
  const now = JSON.stringify([data, state.language]);
  if (state.seen[id] === now) return;
  state.seen[id] = now;
  byId(id).replaceChildren(...children(data));
}

function options(id, values, label) {
  const before = byId(id).value;
  byId(id).replaceChildren(...values.map((value) => make("option", label(value), { value })));
  if (values.includes(before)) byId(id).value = before;
}

function translate() {
  document.documentElement.lang = state.language;
  document.title = word("title");
  for (const element of document.querySelectorAll("[data-i18n]")) element.textContent = word(element.dataset.i18n);
  byId("language").textContent = state.language === "zh" ? "English" : "中文";
  byId("language").lang = state.language === "zh" ? "en" : "zh";
  options("provider", state.hosts.map((each) => each.provider), word);
  options("fault-kind", FAULTS, word);
  chooseApps();
  limitFaults();
  hintAtPictures();
}

function chooseApps() {
  const apps = state.hosts.find((each) => each.provider === byId("provider").value)?.apps ?? [];
  options("app", apps.map((each) => each.id), (id) => apps.find((each) => each.id === id).name);
  const lacks = state.hosts.find((each) => each.provider === byId("provider").value)?.lacks ?? [];
  for (const [id, deed] of [["login", "login"], ["proof", "phone-proof"], ["open-cashier", "payments"]]) byId(id).disabled = lacks.includes(deed);
  byId("lacks-hint").hidden = !lacks.includes("login");
  byId("bill").hidden = true;
}

function showBill(bill) {
  const lines = { merchant: bill.merchant, subject: bill.subject, amount: `¥ ${(bill.amount_fen / 100).toFixed(2)}` };
  byId("bill-lines").replaceChildren(...Object.entries(lines).flatMap(([name, value]) => [make("dt", word(name)), make("dd", value)]));
  byId("bill").hidden = false;
}

function limitFaults() {
  const known = state.places[byId("fault-where").value];
  for (const option of byId("fault-kind").options) option.disabled = Boolean(known) && !known.includes(option.value);
  const [first] = known ?? [];
  if (first && byId("fault-kind").selectedOptions[0]?.disabled !== false) byId("fault-kind").value = first;
}

function hintAtPictures() {
  const missing = !("BarcodeDetector" in window);
  byId("scan-image").disabled = missing;
  byId("scan-hint").hidden = !missing;
  byId("scan-hint").textContent = word("noDetector");
}

function letter(message) {
  const item = make("li");
  item.append(make("strong", message.title), make("small", word(message.provider)));
  const lines = make("dl");
  for (const [name, value] of message.lines) lines.append(make("dt", name), make("dd", value));
  item.append(lines);
  if (message.page) item.append(link(message.page, message.page));
  return item;
}

// A link for web addresses, text for anything else: a javascript: address never becomes a link.
function link(address, text) {
  return /^https?:\/\//i.test(address) ? make("a", text, { href: address, rel: "noreferrer", target: "_blank" }) : make("span", text);
}

function standsFor(resident) {
  const { children, companies } = state.registers;
  return [
    ...children.filter((each) => each.guardian === resident).map((each) => ["guards", each.name, each.id_number]),
    ...companies.filter((each) => each.representative === resident).map((each) => ["represents", each.name, each.credit_code]),
    ...state.vehicles.filter((each) => each.resident === resident).map((each) => ["keeps", each.plate, each.since]),
  ];
}

function face(check) {
  const item = make("li", `${check.id} · ${word(check.state)} `, { className: check.id === asked ? "asked" : "" });
  if (check.state === "pending") {
    const buttons = make("div", "", { className: "buttons" });
    for (const [label, decided] of [["pass", "passed"], ["fail", "failed"]]) {
      const decide = () => call("POST", `${phone()}/face-checks/${encodeURIComponent(check.id)}`, { state: decided });
      buttons.append(make("button", word(label), { type: "button", onclick: () => attempt(decide) }));
    }
    item.append(buttons);
  } else {
    item.append(make("span", `${word("back")}: `), link(check.return_url, check.return_url));
  }
  return item;
}

function happened(event) {
  const row = make("tr");
  const at = new Date(event.at).toLocaleTimeString(state.language);
  row.append(make("td", at), make("td", word(event.host)), make("td", event.what), make("td", event.result));
  return row;
}

const orEmpty = (made, key) => (made.length ? made : [make("li", word(key), { className: "hint" })]);

async function refresh() {
  const owner = phone();
  const [inbox, faces, faults, events, clock] = await Promise.all([
    call("GET", `${owner}/inbox`), call("GET", `${owner}/face-checks`), call("GET", "/faults"), call("GET", "/events"),
    call("GET", "/clock"),
  ]);
  if (owner !== phone()) return;
  const resident = state.residents.find((each) => each.key === byId("resident").value);
  byId("about").textContent = `${resident.phone} · ${resident.id_number}`;
  renew("stands-for", standsFor(resident.key), (data) => data.map(([how, name, id]) => make("li", `${word(how)} ${name} · ${id}`)));
  renew("inbox", inbox, (data) => orEmpty(data.map(letter).reverse(), "empty"));
  renew("faces", faces, (data) => data.map(face));
  byId("faces-section").hidden = !faces.length;
  state.places = faults.places;
  renew("places", Object.keys(faults.places), (data) => data.map((value) => make("option", "", { value })));
  const planned = Object.entries(faults.planned).flatMap(([where, each]) => each.map((fault) => [where, fault]));
  renew("planned", planned, (data) => orEmpty(data.map(([where, fault]) => make("li", `${where}: ${word(fault)}`)), "none"));
  renew("events", events, (data) => data.map(happened).reverse());
  byId("run").textContent = `${word("seed")} ${clock.seed}`;
  byId("now").textContent = new Date(clock.now).toLocaleString(state.language);
  byId("now").dateTime = clock.now;
  byId("ahead").textContent = clock.ahead_seconds ? `(${word("ahead")} ${clock.ahead_seconds} ${word("seconds")})` : "";
}

const look = () => refresh().catch((error) => show(error.message, true));

async function plan(work) {
  const error = byId("fault-error");
  error.hidden = true;
  try {
    await work();
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
  }
  await look();
}

async function readPicture(file) {
  const [code] = await new BarcodeDetector({ formats: ["qr_code"] }).detect(await createImageBitmap(file));
  if (!code) throw new Error(word("noCode"));
  byId("scan-text").value = code.rawValue;
}

function parameters() {
  let value;
  try {
    value = JSON.parse(byId("pay-parameters").value);
  } catch (error) {
    throw new Error(`${word("noJson")}: ${error.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error(word("noJson"));
  const text = (each) => (typeof each === "string" ? each : JSON.stringify(each));
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, text(each)]));
}

function onSubmit(id, work) {
  byId(id).addEventListener("submit", (event) => {
    event.preventDefault();
    work();
  });
}

function listen() {
  byId("language").onclick = () => {
    state.language = state.language === "zh" ? "en" : "zh";
    localStorage.setItem("language", state.language);
    translate();
    look();
  };
  byId("resident").onchange = () => { show(""); look(); };
  byId("provider").onchange = chooseApps;
  byId("login").onclick = () => attempt(async () => show(await call("POST", `${app()}/login`)));
  byId("proof").onclick = () => attempt(async () => show(await call("POST", `${app()}/phone-proof`)));
  byId("scan-image").onchange = (event) => attempt(() => readPicture(event.target.files[0]));
  byId("fault-where").oninput = limitFaults;
  byId("forget").onclick = () => plan(() => call("DELETE", "/faults"));
  for (const button of document.querySelectorAll("[data-advance]")) {
    button.onclick = () => attempt(() => call("POST", "/clock", { advance_seconds: Number(button.dataset.advance) }));
  }
  onSubmit("scan-form", () => attempt(() => scanned(byId("scan-text").value)));
  onSubmit("pay-form", () => attempt(async () => showBill(await call("POST", `${app()}/bills`, { parameters: parameters() }))));
  const pay = (confirmed) => attempt(async () => {
    byId("bill").hidden = true;
    const paying = call("POST", `${app()}/payments`, { parameters: parameters(), confirmed });
    waiting("pay")?.done(paying);
    show(await paying);
  });
  byId("confirm").onclick = () => pay(true);
  byId("refuse").onclick = () => pay(false);
  for (const id of ["pay-parameters", "resident", "app"]) byId(id).addEventListener("input", () => { byId("bill").hidden = true; waiting("pay")?.failed(new Error(word("left"))); });
  onSubmit("allow-form", () => attempt(async () => show(await call("POST", `${app()}/messages`, { template: byId("allow-template").value }))));
  onSubmit("fault-form", () => plan(() => call("POST", "/faults", {
    where: byId("fault-where").value, fault: byId("fault-kind").value, times: Number(byId("fault-times").value),
  })));
}

// Whose phone a link to a face check is for.
async function ownerOfAsked() {
  for (const { key } of asked ? state.residents : []) {
    const checks = await call("GET", `/phones/${encodeURIComponent(key)}/face-checks`);
    if (checks.some((each) => each.id === asked)) byId("resident").value = key;
  }
}

async function watch() {
  if (!document.hidden) await look();
  setTimeout(watch, 2000);
}

async function begin() {
  const paths = ["/residents", "/phones", "/registers", "/vehicles"];
  [state.residents, state.hosts, state.registers, state.vehicles] = await Promise.all(paths.map((path) => call("GET", path)));
  const name = (key) => state.residents.find((each) => each.key === key).name;
  options("resident", state.residents.map((each) => each.key), name);
  await ownerOfAsked();
  listen();
  translate();
  await watch();
}

begin().catch((error) => show(error.message, true));
