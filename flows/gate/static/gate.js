"use strict";
// The page of a site's box: shows what /events tells, and sends what cameras, scanners and terminals would.

const TEXTS = {
  zh: {
    token: "岗亭口令", enter: "进入", state: "状态", lanes: "车道", try: "模拟", lane: "车道", plate: "车牌（空：未识别）",
    colour: "颜色", blue: "蓝", green: "绿", yellow: "黄", black: "黑", comes: "来车", code: "码的内容", show: "出示",
    yuan: "现金（元）", paid: "已收款", reason: "原因（英文小写）", open: "手动抬杆", events: "最近事件",
    inside: "场内车辆", queue: "待上传", keys: "密钥表", revocations: "吊销表", snapshot: "计费数据", clock: "时钟偏差",
    cloud: "云端", up: "在线", down: "离线", none: "无", known: "已有", unknown: "未知", ago: "前", cut: "切断云端", mend: "恢复云端",
    enterLane: "入口", exitLane: "出口", failOpen: "故障放行", failClosed: "故障不放行", waits: "有车等候",
    decision: { open: "放行", pay: "请缴费", deny: "拒绝", booth: "请联系岗亭" },
    reasons: {
      enter: "进场", barred: "禁止入场", unread: "未识别", again: "重复识别", receipt: "已预付（凭证）", nothing_due: "无需缴费",
      in_grace: "缴费后限时离场", by_mandate: "离场后自动扣款", pays_later: "先离场后付费", released_unpaid: "未缴放行", permit: "许可车辆",
      to_pay: "待缴费", no_entry: "无进场记录", ambiguous_plate: "车牌不确定", fee_unknown: "费用未知", expired: "码已过期",
      replay: "码已使用", revoked: "码已吊销", wrong_purpose: "用途不符", bad_signature: "签名无效", not_a_code: "不是有效的码",
      online_only: "需联网核验", list_too_old: "吊销表过旧", unknown_key: "未知密钥", too_early: "码未生效", malformed: "格式错误",
    },
  },
  en: {
    token: "Booth's token", enter: "Enter", state: "State", lanes: "Lanes", try: "Try", lane: "Lane", plate: "Plate (empty: unread)",
    colour: "Colour", blue: "blue", green: "green", yellow: "yellow", black: "black", comes: "A car comes", code: "Text of a code", show: "Show it",
    yuan: "Cash (yuan)", paid: "Taken", reason: "Reason (a-z)", open: "Lift by hand", events: "Last events",
    inside: "Vehicles inside", queue: "Not sent yet", keys: "Key set", revocations: "Revocations", snapshot: "Terms", clock: "Clock offset",
    cloud: "Cloud", up: "up", down: "down", none: "none", known: "here", unknown: "not known", ago: "ago", cut: "Cut the cloud", mend: "Mend the line",
    enterLane: "entry", exitLane: "exit", failOpen: "fails open", failClosed: "fails closed", waits: "a vehicle waits",
    decision: { open: "Open", pay: "Please pay", deny: "Refused", booth: "Ask the booth" },
    reasons: {},
  },
};

const $ = (id) => document.getElementById(id);
let language = navigator.language.startsWith("zh") ? "zh" : "en";
let token = new URLSearchParams(location.hash.slice(1)).get("token") || sessionStorage.getItem("gate-token") || "";
let status = null;

const t = (name) => TEXTS[language][name] ?? name;
const why = (reason) => TEXTS[language].reasons[reason] ?? reason.replaceAll("_", " ");
const yuan = (fen) => `¥${Math.trunc(fen / 100)}.${String(fen % 100).padStart(2, "0")}`;
const time = (at) => new Date(at).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB", { hour12: false });

function element(name, text = "", className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function texts() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  $("language").textContent = language === "zh" ? "English" : "中文";
  $("language").lang = language === "zh" ? "en" : "zh-CN";
  for (const each of document.querySelectorAll("[data-t]")) each.textContent = t(each.dataset.t);
  if (status) draw();
}

function age(seconds) {
  if (seconds === null) return t("none");
  return seconds < 120 ? `${seconds} s ${t("ago")}` : `${Math.round(seconds / 60)} min ${t("ago")}`;
}

function draw() {
  const { cloud } = status;
  $("lot").textContent = (language === "zh" ? status.lot_zh : status.lot_en || status.lot_zh) || "Yiwang gate";
  $("link").hidden = !status.simulated;
  $("link").textContent = t(cloud.cut ? "mend" : "cut");
  const clock = cloud.clock_offset_ms === null ? t("unknown") : `${cloud.clock_offset_ms} ms${cloud.clock_known ? "" : " !"}`;
  const facts = [
    ["cloud", cloud.up ? t("up") : t("down")], ["queue", status.queue], ["inside", status.inside], ["clock", clock],
    ["snapshot", status.snapshot ? t("known") : t("none")], ["keys", age(status.keys_age)], ["revocations", age(status.revocations_age)],
  ];
  $("state").replaceChildren(...facts.map(([name, value]) => {
    const row = element("div");
    row.append(element("dt", t(name)), element("dd", String(value)));
    return row;
  }));
  if (cloud.problem) $("state").title = cloud.problem;
  $("lanes").replaceChildren(...status.lanes.map(drawLane));
  $("events").replaceChildren(...status.recent.map((each) => {
    const row = element("li");
    const amount = each.amount_fen ? ` ${yuan(each.amount_fen)}` : "";
    row.append(element("span", time(each.at)), element("span", each.lane), element("span", each.plate ?? ""),
      element("span", `${t("decision")[each.decision]}: ${why(each.reason)}${amount}`, `${each.decision}-text`));
    return row;
  }));
  for (const select of document.querySelectorAll("select[name=lane]")) {
    const names = status.lanes.map((lane) => lane.name);
    if (names.join() === [...select.options].map((each) => each.value).join()) continue;
    select.replaceChildren(...names.map((name) => new Option(name, name)));
  }
}

function drawLane(lane) {
  const box = element("article", "", "lane");
  box.append(element("h3", `${lane.name} · ${t(`${lane.direction}Lane`)} · ${t(lane.fail_open ? "failOpen" : "failClosed")}`));
  const last = lane.last;
  const open = last && last.decision === "open" && Date.parse(status.now) - Date.parse(last.at) < 8000;
  box.append(element("div", "", open ? "arm open" : "arm"));
  if (!last) return box;
  box.append(element("div", t("decision")[last.decision], `${last.decision}-text`));
  if (last.amount_fen) box.append(element("div", yuan(last.amount_fen), "amount"));
  box.append(element("div", [last.plate, why(last.reason), lane.waiting ? t("waits") : ""].filter(Boolean).join(" · ")));
  if (last.message) box.append(element("div", last.message));
  return box;
}

async function send(path, body) {
  $("problem").textContent = "";
  const answer = await fetch(path, {
    method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "application/json" }, body: JSON.stringify(body),
  });
  if (!answer.ok) {
    const { message = answer.statusText, fix = "" } = await answer.json();
    $("problem").textContent = `${message}. ${fix}`;
  }
}

function onSubmit(id, path, body) {
  $(id).addEventListener("submit", (event) => {
    event.preventDefault();
    const values = Object.fromEntries(new FormData(event.target));
    send(`/lanes/${encodeURIComponent(values.lane)}/${path}`, { id: crypto.randomUUID?.() ?? null, ...body(values) })
      .catch((error) => { $("problem").textContent = String(error); });
  });
}

// EventSource cannot send the token, so the stream is read here.
async function listen() {
  for (;;) {
    try {
      const answer = await fetch("/events", { headers: { authorization: `Bearer ${token}` } });
      $("token-form").hidden = answer.ok;
      if (answer.status === 401) return;
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let rest = ""; ;) {
        const { value, done } = await reader.read();
        if (done) break;
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        if (parts.length) {
          status = JSON.parse(parts.at(-1).slice("data: ".length));
          draw();
        }
      }
    } catch (error) {
      $("problem").textContent = String(error);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

function enter(given) {
  token = given;
  sessionStorage.setItem("gate-token", token);
  history.replaceState(null, "", location.pathname);
  listen();
}

$("language").addEventListener("click", () => { language = language === "zh" ? "en" : "zh"; texts(); });
$("link").addEventListener("click", () => send("/link", { cut: !status.cloud.cut }));
$("token-form").addEventListener("submit", (event) => { event.preventDefault(); enter($("token").value); });
onSubmit("car", "plates", ({ plate, colour }) => ({ plate, colour }));
onSubmit("code", "codes", ({ text }) => ({ text: text.trim() }));
onSubmit("cash", "payments", ({ yuan: given }) => {
  const [whole, part = ""] = given.split(".");
  return { amount_fen: Number(whole) * 100 + Number(part.padEnd(2, "0")) };
});
onSubmit("hand", "open", ({ reason }) => ({ reason }));
texts();
if (token) enter(token); else $("token-form").hidden = false;
