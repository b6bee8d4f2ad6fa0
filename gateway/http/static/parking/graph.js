// The graph: questions, the session's tokens (in memory only), and a subscription by Server-Sent Events.
"use strict";

const tokens = { app: "", access: "", refresh: "" };

async function send(query, variables) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  if (tokens.access) headers.authorization = `Bearer ${tokens.access}`;
  const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  return response.json();
}

async function renew() {
  const query = "mutation ($app: String!, $token: String!) { refresh(app: $app, token: $token) { accessToken refreshToken } }";
  const given = { app: tokens.app, token: tokens.refresh };
  tokens.access = "";
  take((await send(query, given)).data?.refresh);
}

function take(given) {
  if (!given) throw new Error("SIGN_IN_NEEDED");
  tokens.access = given.accessToken;
  tokens.refresh = given.refreshToken;
}

async function ask(query, variables = {}) {
  let answer = await send(query, variables);
  if (answer.errors?.[0].extensions?.code === "TOKEN_REFUSED" && tokens.refresh) {
    await renew();
    answer = await send(query, variables);
  }
  if (answer.errors) throw new Error(answer.errors[0].message);
  return answer.data;
}

// Calls ``shown`` with each result until the subscription is complete or ``signal`` aborts it; a lost link begins again.
async function follow(query, variables, shown, signal) {
  let known = "";
  while (!signal.aborted) {
    try {
      const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${tokens.access}` };
      if (known) headers["last-event-id"] = known;
      const response = await fetch("/graphql/stream", { method: "POST", headers, body: JSON.stringify({ query, variables }), signal });
      if (response.status === 401) await renew();
      else if (response.ok) {
        for await (const event of events(response.body)) {
          if (event.event === "complete") return;
          if (event.event !== "next") continue;
          known = event.id;
          shown(JSON.parse(event.data));
        }
      } else if (response.status !== 429 && response.status < 500) return;
    } catch (error) {
      if (signal.aborted || error.message === "SIGN_IN_NEEDED") return;
    }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

async function* events(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    let end;
    while ((end = text.indexOf("\n\n")) >= 0) {
      const lines = text.slice(0, end).split("\n").map((line) => [line.split(":", 1)[0], line.slice(line.indexOf(":") + 1).trimStart()]);
      text = text.slice(end + 2);
      yield Object.fromEntries(lines);
    }
  }
}
