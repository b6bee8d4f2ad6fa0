// A web page on the phone's screen, and what it may ask the host app for: docs/sandbox.md, "The bridge".
"use strict";

const opened = { frame: null, origin: "", asked: null };

// The address that a scan leads to: a link's own, or the one by which a rule for links has opened a mini-program.
function addressOf(options) {
  const query = new URLSearchParams(options.query);
  const address = options.url ?? query.get("qrCode") ?? query.get("q");
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol) ? new URL(address) : null;
}

function openPage(address) {
  closePage();
  if (address.origin === location.origin) return; // framed, our own pages could take the sandbox attribute away
  opened.origin = address.origin;
  opened.frame = make("iframe", "", { src: address.href, title: word("page"), allow: "geolocation", referrerPolicy: "no-referrer" });
  opened.frame.sandbox = "allow-scripts allow-same-origin allow-forms allow-downloads";
  byId("page-origin").textContent = address.origin;
  byId("page").append(opened.frame);
  byId("page").hidden = false;
}

function closePage() {
  leave();
  opened.frame?.remove();
  opened.frame = null;
  byId("page").hidden = true;
}

// Has the person do something at the phone for the page; whatever it asked before is left.
function person(kind) {
  leave();
  byId(`${kind}-details`).open = true;
  byId(`${kind}-details`).scrollIntoView({ block: "nearest" });
  byId("leave").hidden = kind !== "scan"; // the cashier has a button of its own
  return new Promise((done, failed) => { opened.asked = { kind, done, failed }; });
}

// Returns what waits for this, if the page does, and ends the waiting.
function waiting(kind) {
  if (opened.asked?.kind !== kind) return null;
  const { asked } = opened;
  opened.asked = null;
  byId("leave").hidden = true;
  byId(`${kind}-details`).open = false;
  return asked;
}

function leave() {
  if (!opened.asked) return;
  byId("bill").hidden = true;
  waiting(opened.asked.kind).failed(new Error(word("left")));
}

const DEEDS = {
  hello: () => {
    const { lacks } = state.hosts.find((each) => each.provider === byId("provider").value);
    const can = [["login", "login"], ["payments", "pay"]].filter(([deed]) => !lacks.includes(deed)).map(([, ask]) => ask);
    return { provider: byId("provider").value, app: byId("app").value, can: [...can, "scan"] };
  },
  login: () => call("POST", `${app()}/login`),
  pay: async ({ parameters: given }) => {
    leave();
    byId("pay-parameters").value = JSON.stringify(given);
    showBill(await call("POST", `${app()}/bills`, { parameters: parameters() }));
    return person("pay");
  },
  scan: () => person("scan"),
};

const isAsk = (data) => data?.yiwang === 1 && typeof data.id === "string" && data.id.length <= 64 && Object.hasOwn(DEEDS, data.ask);

addEventListener("message", async ({ source, origin, data }) => {
  const { frame } = opened;
  if (!frame || source !== frame.contentWindow || origin !== opened.origin || !isAsk(data)) return;
  let answer;
  try {
    answer = { answer: await DEEDS[data.ask](data) };
  } catch (error) {
    answer = { error: error.message };
  }
  if (opened.frame === frame) frame.contentWindow.postMessage({ yiwang: 1, id: data.id, ...answer }, origin);
});

// What a scan gave: the page's, if it has asked for one; else whatever it leads to.
async function scanned(text) {
  const asked = waiting("scan");
  if (asked) {
    asked.done({ text });
    return;
  }
  const options = await call("POST", `${host()}/scans`, { text });
  show(options);
  const address = addressOf(options);
  if (address) openPage(address);
}

// The browser itself holds the frame to the addresses of this page's policy.
document.addEventListener("securitypolicyviolation", ({ effectiveDirective, blockedURI }) => {
  if (effectiveDirective !== "frame-src") return;
  closePage();
  show(`${word("notAllowed")} ${blockedURI}`, true);
});
byId("page-close").onclick = closePage;
byId("leave").onclick = leave;
for (const id of ["resident", "provider", "app"]) byId(id).addEventListener("change", closePage);
