// A relying party's whole journey by npm's openid-client, which knows neither provider: each check is one sentence.
// Run as `node rp.mjs` with the configuration as JSON on standard input; prints [{name, error?}] as JSON.

import * as client from 'openid-client';
import * as jose from 'jose';
import { Browser, form } from './browser.mjs';

const given = JSON.parse(await new Response(process.stdin).text());
const { clients } = given;
const control = given.side === 'control' ? await (await import('./control.mjs')).start(clients) : undefined;
const issuer = control?.issuer ?? given.issuer;
const pages = control?.pages ?? new (await import('./yiwang.mjs')).default(given);

const ours = given.side === 'yiwang'; // we promise a few things that the standards leave open
const results = [];

async function check(name, work) {
  try {
    await work();
    results.push({ name });
  } catch (error) {
    const cause = error.cause?.body ?? error.cause?.message ?? error.cause ?? '';
    results.push({ name, error: `${error.message} ${typeof cause === 'string' ? cause : JSON.stringify(cause)}` });
  }
}

function same(found, expected, what = 'value') {
  if (found !== expected) throw new Error(`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(expected)}`);
}

function truth(found, what) {
  if (!found) throw new Error(what);
}

/** The error that a call of openid-client ends with. */
async function refusal(promise, ...errors) {
  const error = await promise.then(
    () => undefined,
    (thrown) => thrown,
  );
  truth(error, 'it was not refused');
  const found = error.error ?? error.cause?.[0]?.parameters?.error; // a challenge of a 401 has it in its header
  truth(errors.includes(found), `refused with ${found ?? error.message}, not with ${errors}`);
  return error;
}

const insecure = { execute: [client.allowInsecureRequests] };
const discover = (each, authentication, metadata = {}) =>
  client.discovery(new URL(issuer), each.id, metadata, authentication, insecure);

const a = await discover(clients.a, client.ClientSecretBasic(clients.a.secret));
const b = await discover(clients.b, client.ClientSecretBasic(clients.b.secret));
const as = a.serverMetadata();
const outside = [clients.a, clients.b, clients.agency].flatMap((each) => [each.back, each.left]);
const browser = new Browser(outside);

/** Build a request; `changed` values of undefined take a parameter away. */
async function request(config, each, changed = {}) {
  const verifier = client.randomPKCECodeVerifier();
  const parameters = {
    redirect_uri: each.back,
    scope: 'openid',
    state: client.randomState(),
    nonce: client.randomNonce(),
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...changed,
  };
  for (const name of Object.keys(parameters)) if (parameters[name] === undefined) delete parameters[name];
  const checks = {
    pkceCodeVerifier: verifier,
    expectedState: parameters.state,
    expectedNonce: parameters.nonce,
    idTokenExpected: true,
  };
  return { parameters, checks };
}

/** Send the browser there and sign in where that is asked for. */
async function visit(config, parameters, who = browser) {
  const page = await pages.signIn(who, await who.go(client.buildAuthorizationUrl(config, parameters)));
  truth(page.left, `no way back to the site: ${page.status} ${page.text}`);
  return page.left;
}

/** Have a code that is not used yet. */
async function code(config = a, each = clients.a, changed = {}) {
  const { parameters, checks } = await request(config, each, changed);
  return { url: await visit(config, parameters), checks };
}

/** A whole sign-in. */
async function tokens(config = a, each = clients.a, changed = {}) {
  const { url, checks } = await code(config, each, changed);
  return client.authorizationCodeGrant(config, url, checks);
}

const lasting = { scope: 'openid offline_access', prompt: 'consent' };
const once = (url, checks, config = a) => client.authorizationCodeGrant(config, url, checks);

/** The error that the provider answers the browser with. */
async function answeredError(config, each, changed, error) {
  const { parameters } = await request(config, each, changed);
  const { left, status, text } = await browser.go(client.buildAuthorizationUrl(config, parameters));
  truth(left, `no answer to the site: ${status} ${text}`);
  same(left.searchParams.get('error'), error, 'error');
  same(left.searchParams.get('state'), parameters.state, 'state');
  same(left.searchParams.get('iss'), issuer, 'iss');
  truth(!left.searchParams.has('code'), 'there is a code too');
}

// --- what the provider says of itself

await check('discovery: the issuer is the one that was asked', () => same(as.issuer, issuer, 'issuer'));
await check('discovery: iss comes with every answer', () =>
  same(as.authorization_response_iss_parameter_supported, true));
await check('discovery: code, S256, RS256, PAR and DPoP are there', () => {
  truth(as.response_types_supported.includes('code'), 'no code');
  truth(as.code_challenge_methods_supported.includes('S256'), 'no S256');
  truth(!as.code_challenge_methods_supported.includes('plain'), 'plain');
  truth(as.id_token_signing_alg_values_supported.includes('RS256'), 'no RS256');
  truth(as.pushed_authorization_request_endpoint, 'no PAR');
  truth(as.dpop_signing_alg_values_supported.includes('ES256'), 'no DPoP');
});
const jwks = await (await fetch(as.jwks_uri)).json();
await check('discovery: the keys are public and have names of their own', () => {
  same(new Set(jwks.keys.map((key) => key.kid)).size, jwks.keys.length, 'number of kids');
  truth(jwks.keys.every((key) => !key.d && !key.k), 'a private key');
});

// --- who is not signed in, and signing in

await check('prompt=none without a session is login_required', () =>
  answeredError(a, clients.a, { prompt: 'none' }, 'login_required'));

let first;
await check('a person signs in, and every part of the answer and of the ID token holds', async () => {
  first = await tokens();
  same(first.token_type, 'bearer', 'token_type');
  truth(first.expires_in <= 300, 'the access token lives too long');
});
const claims = first.claims();

await check('the ID token is signed by a published key with RS256', async () => {
  const keys = jose.createLocalJWKSet(jwks);
  const verified = await jose.jwtVerify(first.id_token, keys, { issuer, audience: clients.a.id, algorithms: ['RS256'] });
  truth(verified.protectedHeader.kid, 'no kid');
});
await check('the ID token lives for ten minutes at most', () => truth(claims.exp - claims.iat <= 600, 'too long'));
await check('at_hash, which is optional in this flow, is that of the access token', async () => {
  if (!ours && claims.at_hash === undefined) return;
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(first.access_token));
  same(claims.at_hash, jose.base64url.encode(new Uint8Array(digest).slice(0, 16)), 'at_hash');
});
await check('UserInfo knows the same subject', async () => {
  same((await client.fetchUserInfo(a, first.access_token, claims.sub)).sub, claims.sub);
});
await check('UserInfo answers 200 to a POST', async () => {
  const headers = new Headers({ authorization: `Bearer ${first.access_token}` });
  same((await fetch(as.userinfo_endpoint, { method: 'POST', headers })).status, 200, 'status');
});
await check('introspection: the token is active, and is this client\'s', async () => {
  const found = await client.tokenIntrospection(a, first.access_token);
  same(found.active, true, 'active');
  same(found.client_id, clients.a.id, 'client_id');
});
await check('prompt=none with a session is silent and is the same sign-in', async () => {
  const again = (await tokens(a, clients.a, { prompt: 'none', max_age: 10000 })).claims();
  same(again.sub, claims.sub, 'sub');
  same(again.auth_time, claims.auth_time ?? again.auth_time, 'auth_time');
});
await check('a second site is signed in to silently, and knows the person by another name', async () => {
  const other = await tokens(b, clients.b, { prompt: 'none' });
  truth(other.claims().sub !== claims.sub, 'the same subject');
});

// --- codes

await check('a code is good once, and its second use ends what the first one gave', async () => {
  const { url, checks } = await code();
  const made = await once(url, checks);
  await refusal(once(url, checks), 'invalid_grant');
  same((await client.tokenIntrospection(a, made.access_token)).active, false, 'active');
});
await check('of twenty redemptions at once no more than one leads to tokens that live', async () => {
  const { url, checks } = await code();
  const answers = await Promise.allSettled(Array.from({ length: 20 }, () => once(url, checks)));
  const good = answers.filter((each) => each.status === 'fulfilled').map((each) => each.value);
  const live = [];
  for (const each of good) if ((await client.tokenIntrospection(a, each.access_token)).active) live.push(each);
  truth(good.length >= 1, 'none succeeded');
  truth(live.length <= 1, `${live.length} live tokens`);
  if (ours) same(good.length, 1, 'successes');
});
await check('another client\'s code is worth nothing', async () => {
  const { url, checks } = await code();
  const stolen = new URL(clients.b.back);
  stolen.search = url.search;
  await refusal(once(stolen, checks, b), 'invalid_grant');
});
await check('a code with a wrong verifier is worth nothing', async () => {
  const { url, checks } = await code();
  const wrong = { ...checks, pkceCodeVerifier: client.randomPKCECodeVerifier() };
  await refusal(once(url, wrong), 'invalid_grant');
});
await check('a code without its verifier is worth nothing', async () => {
  const { url, checks } = await code();
  await refusal(once(url, { ...checks, pkceCodeVerifier: undefined }), 'invalid_grant', 'invalid_request');
});
await check('a code with another redirect URI is worth nothing', async () => {
  const { url, checks } = await code();
  const other = new URL(`${clients.a.back}/other`);
  other.search = url.search;
  await refusal(once(other, checks), 'invalid_grant');
});
await check('a wrong secret is invalid_client', async () => {
  const { url, checks } = await code();
  const wrong = await discover(clients.a, client.ClientSecretBasic('wrong'));
  const error = await refusal(once(url, checks, wrong), 'invalid_client');
  same(error.status, 401, 'status');
  truth(error.cause[0].parameters.realm, 'no realm (RFC 7617)');
});

// --- requests

const nothing = { code_challenge: undefined, code_challenge_method: undefined };
await check('PKCE cannot be left out', () => answeredError(a, clients.a, nothing, 'invalid_request'));
await check('PKCE cannot be plain', () =>
  answeredError(a, clients.a, { code_challenge_method: 'plain' }, 'invalid_request'));
await check('a redirect URI that is not registered ends on a page', async () => {
  const { parameters } = await request(a, clients.a, { redirect_uri: `${clients.a.back}/other` });
  const page = await browser.go(client.buildAuthorizationUrl(a, parameters));
  same(page.status, 400, 'status');
});
await check('an unknown client ends on a page', async () => {
  const { parameters } = await request(a, clients.a);
  const page = await browser.go(client.buildAuthorizationUrl(a, { ...parameters, client_id: 'nobody' }));
  truth(!page.left && page.status >= 400, 'no page');
});
await check('unknown parameters change nothing', async () => {
  same((await tokens(a, clients.a, { extra: 'foobar', display: 'popup', ui_locales: 'se en' })).claims().sub, claims.sub);
});
await check('another response type is refused', () =>
  answeredError(a, clients.a, { response_type: 'nonsense' }, 'unsupported_response_type'));
await check('form_post: the browser posts the answer, and nothing of it is in a URL', async () => {
  const { parameters, checks } = await request(a, clients.a, { response_mode: 'form_post' });
  const page = await browser.go(client.buildAuthorizationUrl(a, parameters));
  const { action, fields } = form(page);
  same(action, clients.a.back, 'action');
  const body = new URLSearchParams(fields);
  const callback = new Request(action, { method: 'POST', body });
  same((await once(callback, checks)).claims().sub, claims.sub, 'sub');
});
await check('the authorization endpoint takes a POST', async () => {
  const { parameters, checks } = await request(a, clients.a);
  const fields = { client_id: clients.a.id, response_type: 'code', ...parameters };
  const page = await pages.signIn(browser, await browser.go(as.authorization_endpoint, fields));
  truth(page.left, page.text);
  same((await once(page.left, checks)).claims().sub, claims.sub, 'sub');
});

// --- pushed requests

await check('a pushed request leads to a sign-in', async () => {
  const { parameters, checks } = await request(a, clients.a);
  const url = await client.buildAuthorizationUrlWithPAR(a, parameters);
  truth(url.searchParams.get('request_uri').startsWith('urn:'), 'no request_uri');
  const page = await pages.signIn(browser, await browser.go(url));
  same((await once(page.left, checks)).claims().sub, claims.sub, 'sub');
  const again = await browser.go(url);
  truth(!again.left?.searchParams.has('code'), 'the request URI gave a second code');
});
await check('a pushed request is judged when it is pushed', async () => {
  const { parameters } = await request(a, clients.a, { redirect_uri: `${clients.a.back}/other` });
  await refusal(client.buildAuthorizationUrlWithPAR(a, parameters), 'invalid_request', 'invalid_redirect_uri');
});
await check('a pushed request is its own client\'s', async () => {
  const url = await client.buildAuthorizationUrlWithPAR(a, (await request(a, clients.a)).parameters);
  url.searchParams.set('client_id', clients.b.id);
  const page = await browser.go(url);
  truth(!page.left?.searchParams.has('code'), 'another client used it');
});

// --- refresh tokens

await check('a refresh keeps who, when and for whom, and gives a new access token', async () => {
  const made = await tokens(a, clients.a, { ...lasting, max_age: 10000 });
  const before = made.claims();
  const refreshed = await client.refreshTokenGrant(a, made.refresh_token);
  const after = refreshed.claims();
  for (const name of ['iss', 'sub', 'aud', 'auth_time', 'sid']) same(after[name], before[name], name);
  truth(after.iat >= before.iat, 'an earlier iat');
  truth(refreshed.access_token !== made.access_token, 'the same access token');
  same((await client.fetchUserInfo(a, refreshed.access_token, claims.sub)).sub, claims.sub);
});
await check('a refresh whose answer was lost may be repeated at once, and gives the same refresh token', async () => {
  const made = await tokens(a, clients.a, lasting);
  const one = await client.refreshTokenGrant(a, made.refresh_token);
  const two = await client.refreshTokenGrant(a, made.refresh_token);
  same(two.refresh_token, one.refresh_token, 'refresh token');
});
await check('another client\'s refresh token is worth nothing', async () => {
  const made = await tokens(a, clients.a, lasting);
  await refusal(client.refreshTokenGrant(b, made.refresh_token), 'invalid_grant');
  truth((await client.refreshTokenGrant(a, made.refresh_token)).access_token, 'the owner has lost it');
});
await check('more scope than was granted is refused', async () => {
  const made = await tokens(a, clients.a, lasting);
  await refusal(client.refreshTokenGrant(a, made.refresh_token, { scope: 'openid profile' }), 'invalid_scope');
});
await check('a refresh token that is given back ends its whole family', async () => {
  const made = await tokens(a, clients.a, lasting);
  await client.tokenRevocation(a, made.refresh_token);
  await refusal(client.refreshTokenGrant(a, made.refresh_token), 'invalid_grant');
  same((await client.tokenIntrospection(a, made.access_token)).active, false, 'active');
});
await check('an access token that is given back is worth nothing', async () => {
  const made = await tokens();
  await client.tokenRevocation(a, made.access_token);
  same((await client.tokenIntrospection(a, made.access_token)).active, false, 'active');
});
await check('another client\'s token cannot be given back', async () => {
  const made = await tokens();
  await client.tokenRevocation(b, made.access_token).catch(() => undefined); // an answer may be either
  same((await client.tokenIntrospection(a, made.access_token)).active, true, 'active');
});

// --- an agency: keys instead of secrets, pushed requests, bound tokens

const key = await jose.importJWK(clients.agency.private, 'ES256');
const dpopKeys = await client.randomDPoPKeyPair('ES256');
const agency = await discover(clients.agency, client.PrivateKeyJwt({ key, kid: clients.agency.public.kid }), {
  id_token_signed_response_alg: 'ES256',
});
const DPoP = client.getDPoPHandle(agency, dpopKeys);
const bound = async () => {
  const { parameters, checks } = await request(agency, clients.agency, { ...lasting });
  const url = await client.buildAuthorizationUrlWithPAR(agency, parameters, { DPoP });
  const page = await pages.signIn(browser, await browser.go(url));
  truth(page.left, page.text);
  return { url: page.left, checks };
};
let agencys;
await check('private_key_jwt, PAR and DPoP: the tokens are bound', async () => {
  const { url, checks } = await bound();
  agencys = await client.authorizationCodeGrant(agency, url, checks, undefined, { DPoP });
  same(agencys.token_type, 'dpop', 'token_type');
  const { sub } = agencys.claims();
  same((await client.fetchUserInfo(agency, agencys.access_token, sub, { DPoP })).sub, sub);
});
await check('a bound token is worth nothing without its key', async () => {
  const headers = new Headers({ authorization: `Bearer ${agencys.access_token}` });
  same((await fetch(as.userinfo_endpoint, { headers })).status, 401, 'status');
  const other = client.getDPoPHandle(agency, await client.randomDPoPKeyPair('ES256'));
  const { sub } = agencys.claims();
  const error = await client.fetchUserInfo(agency, agencys.access_token, sub, { DPoP: other }).catch((thrown) => thrown);
  same(error.status ?? error.cause?.status, 401, 'status');
});
await check('a code that was bound when it was pushed is worth nothing with another key', async () => {
  const { url, checks } = await bound();
  const other = client.getDPoPHandle(agency, await client.randomDPoPKeyPair('ES256'));
  const redeemed = client.authorizationCodeGrant(agency, url, checks, undefined, { DPoP: other });
  await refusal(redeemed, 'invalid_grant', 'invalid_dpop_proof');
});
await check('a bound refresh token gives bound tokens, with its client\'s key alone', async () => {
  const refreshed = await client.refreshTokenGrant(agency, agencys.refresh_token, undefined, { DPoP });
  same(refreshed.token_type, 'dpop', 'token_type');
  await refusal(client.refreshTokenGrant(agency, agencys.refresh_token), 'invalid_request', 'invalid_dpop_proof', 'invalid_grant');
});
await check('an agency must push its requests', () =>
  answeredError(agency, clients.agency, {}, 'invalid_request'));

// --- signing in again, and out

let latest;
await check('prompt=login asks again, and the sign-in is a later one', async () => {
  const { parameters, checks } = await request(a, clients.a, { prompt: 'login', max_age: 10000 });
  const page = await browser.go(client.buildAuthorizationUrl(a, parameters));
  truth(pages.asksWho(page), 'nobody was asked');
  const { left } = await pages.signIn(browser, page);
  latest = await once(left, checks);
  truth(latest.claims().auth_time >= claims.iat, 'an earlier auth_time');
});

const hint = () => latest.id_token;
const staying = async (parameters, why) => {
  const url = client.buildEndSessionUrl(a, parameters);
  for (const [name, value] of Object.entries(parameters)) if (value === '') url.searchParams.delete(name);
  let page = await browser.go(url);
  truth(!page.left, `${why} leads to ${page.left}`);
  return page;
};
const back = { post_logout_redirect_uri: clients.a.left, state: 'some state' };
await check('logout: an address that is not registered is led to by nobody', () =>
  staying({ ...back, id_token_hint: hint(), post_logout_redirect_uri: 'https://evil.example/' }, 'a bad address'));
await check('logout: an unsigned hint leads nowhere', () => {
  const unsigned = `${jose.base64url.encode('{"alg":"none"}')}.${hint().split('.')[1]}.`;
  return staying({ ...back, id_token_hint: unsigned }, 'an unsigned hint');
});
await check('logout: a forged hint leads nowhere', async () => {
  const { privateKey } = await jose.generateKeyPair('RS256');
  const { kid } = jose.decodeProtectedHeader(hint());
  const forged = await new jose.SignJWT(jose.decodeJwt(hint())).setProtectedHeader({ alg: 'RS256', kid }).sign(privateKey);
  return staying({ ...back, id_token_hint: forged }, 'a forged hint');
});
await check('logout: without a hint the person is asked, and is still signed in', async () => {
  const page = await browser.go(as.end_session_endpoint);
  truth(!page.left && form(page), 'nobody was asked');
  truth((await tokens(a, clients.a, { prompt: 'none' })).access_token, 'signed out');
});
await check('logout: with a hint the browser is led back with its state, and is signed out everywhere', async () => {
  let page = await browser.go(client.buildEndSessionUrl(a, { ...back, id_token_hint: hint() }));
  if (!page.left) page = await pages.leave(browser, page);
  same(page.left?.href, `${clients.a.left}?state=some+state`.replace('+', page.left?.href.includes('%20') ? '%20' : '+'));
  await answeredError(a, clients.a, { prompt: 'none' }, 'login_required');
  await answeredError(b, clients.b, { prompt: 'none' }, 'login_required');
});

console.log(JSON.stringify(results));
control?.stop();
