// The graph: questions, the session's tokens (in memory only), and a subscription by Server-Sent Events.

export const tokens = { app: "", access: "", refresh: "" };
let ahead = 0; // the server's clock, in milliseconds before this phone's
const OVER = new Set(["TOKEN_REFUSED", "SESSION_ENDED"]);
const SIGN_IN = `mutation ($app: String!, $code: String!) {
  signIn(app: $app, code: $code, device: "Web") { accessToken refreshToken } }`;
const OWNER = "{ me { identities { id } } }";
let renewing = null; // two questions at once renew once: a refresh token is good for one time

/** Return the server's time, in milliseconds. */
export const now = () => Date.now() + ahead;

/** What the graph has refused, or `NETWORK`: nothing was heard of it. */
export class Refused extends Error {
  constructor(code, message, extensions = {}) {
    super(message);
    this.code = code;
    this.extensions = extensions;
  }
}

async function send(query, variables, access) {
  const headers = { "content-type": "application/json", accept: "application/json" };
  if (access) headers.authorization = `Bearer ${access}`;
  try {
    const response = await fetch("/graphql", { method: "POST", headers, body: JSON.stringify({ query, variables }) });
    const date = Date.parse(response.headers.get("date"));
    if (date) ahead = date - Date.now();
    return await response.json();
  } catch (error) {
    throw new Refused("NETWORK", error.message);
  }
}

/** Have the refresh token give a new access token; where it is refused, nobody is signed in any more. Throws Refused. */
function renew() {
  renewing ??= renewed().finally(() => { renewing = null; });
  return renewing;
}

async function renewed() {
  const query = "mutation ($app: String!, $token: String!) { refresh(app: $app, token: $token) { accessToken refreshToken } }";
  const answer = tokens.refresh ? await send(query, { app: tokens.app, token: tokens.refresh }) : {};
  const isRefused = answer.errors?.[0].extensions?.code === "REFRESH_REFUSED";
  keep((isRefused ? {} : read(answer))?.refresh); // another error, as of a database that is away, ends no sign-in
}

function keep(given) {
  tokens.access = given?.accessToken ?? "";
  tokens.refresh = given ? given.refreshToken ?? tokens.refresh : ""; // null: the one that one has goes on
}

/** Keeps the tokens that the graph has given. */
export function take(given) {
  keep(given);
  if (!given) throw new Refused("SIGN_IN_NEEDED", "SIGN_IN_NEEDED");
}

function read(answer) {
  if (!answer.errors) return answer.data;
  const [{ message, extensions }] = answer.errors;
  throw new Refused(extensions?.code ?? "", message, extensions);
}

/** Sign in by a host app's code; return the ids of the account's ways in, of which one at least stays, whatever else becomes of
 * it. Nothing is kept before they are known: the page would be one resident's, and show what another did. Throws Refused. */
export async function signInBy(app, code) {
  const given = read(await send(SIGN_IN, { app, code })).signIn; // as nobody: a token that is over would have it refused
  const { me } = read(await send(OWNER, {}, given.accessToken));
  tokens.app = app;
  keep(given);
  return me.identities.map(({ id }) => id);
}

/** Return the data of an answer. Throws Refused, `SIGN_IN_NEEDED` too where a sign-in is over. */
export async function ask(query, variables = {}) {
  const { access } = tokens;
  let answer = await send(query, variables, access);
  if (access && OVER.has(answer.errors?.[0].extensions?.code)) {
    if (access === tokens.access) await renew();
    answer = await send(query, variables, tokens.access); // without one it still says what is public
  }
  return read(answer);
}

/** Calls `shown` with each result until the subscription is complete or `signal` aborts it; a lost link begins again. The last
 * result is an error `SIGN_IN_NEEDED` if the sign-in is over meanwhile. */
export async function follow(query, variables, shown, signal) {
  let known = "";
  while (!signal.aborted) {
    const { access } = tokens;
    try {
      const headers = { "content-type": "application/json", accept: "text/event-stream", authorization: `Bearer ${access}` };
      if (known) headers["last-event-id"] = known;
      const response = await fetch("/graphql/stream", { method: "POST", headers, body: JSON.stringify({ query, variables }), signal });
      let isOver = response.status === 401;
      if (response.ok) {
        for await (const event of events(response.body)) {
          if (event.event === "complete") return;
          if (event.event !== "next") continue;
          const result = JSON.parse(event.data);
          isOver = OVER.has(result.errors?.[0].extensions?.code); // ended elsewhere: the token itself would still be good
          if (isOver) break;
          known = event.id;
          shown(result);
        }
      } else if (!isOver && response.status !== 429 && response.status < 500) return;
      if (isOver && access === tokens.access) await renew();
      if (isOver && !tokens.access) return void shown({ errors: [{ message: "", extensions: { code: "SIGN_IN_NEEDED" } }] });
    } catch (error) {
      if (signal.aborted) return;
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
