// The control: npm's oidc-provider, certified by the OpenID Foundation, with the clients and the choices of Yiwang.
// What passes here and fails at Yiwang is Yiwang's fault; what fails here is the checks' own.

import { createHash } from 'node:crypto';
import Provider from 'oidc-provider';
import * as jose from 'jose';
import { form } from './browser.mjs';

/** Start it on a free port; returns its issuer, how to stop it, and how people sign in. */
export async function start(clients) {
  const keys = await Promise.all(
    ['RS256', 'ES256'].map(async (alg) => {
      const { privateKey } = await jose.generateKeyPair(alg, { extractable: true });
      return { ...(await jose.exportJWK(privateKey)), alg, use: 'sig', kid: alg };
    }),
  );
  const { createServer } = await import('node:http');
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, configuration(clients, keys));
  server.on('request', provider.callback());
  return { issuer, stop: () => (server.closeAllConnections(), server.close()), pages: new Control() };
}

function configuration(clients, keys) {
  return {
    clients: [
      ...[clients.a, clients.b].map((each) => ({ ...common(each), client_secret: each.secret })),
      {
        ...common(clients.agency),
        token_endpoint_auth_method: 'private_key_jwt',
        token_endpoint_auth_signing_alg: 'ES256',
        id_token_signed_response_alg: 'ES256',
        require_pushed_authorization_requests: true,
        dpop_bound_access_tokens: true,
        jwks: { keys: [clients.agency.public] },
      },
    ],
    jwks: { keys },
    cookies: { keys: ['a secret of the control'], long: { sameSite: 'none' }, short: { sameSite: 'none' } },
    enableHttpPostMethods: true,
    subjectTypes: ['pairwise'],
    pairwiseIdentifier: (_, account, client) =>
      createHash('sha256').update(`${client.sectorIdentifier} ${account}`).digest('hex'),
    pkce: { required: () => true },
    scopes: ['openid', 'offline_access'],
    rotateRefreshToken: false,
    features: {
      devInteractions: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      pushedAuthorizationRequests: { enabled: true },
      dPoP: { enabled: true },
    },
    ttl: { AccessToken: 300, AuthorizationCode: 60, IdToken: 600, RefreshToken: 86400, Session: 3600, Grant: 86400, Interaction: 600 },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
    loadExistingGrant, // as at Yiwang, nobody is asked about `openid` alone
  };
}

function common(client) {
  return {
    client_id: client.id,
    redirect_uris: [client.back],
    post_logout_redirect_uris: [client.left],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    subject_type: 'pairwise',
  };
}

async function loadExistingGrant(ctx) {
  const { client, session, params, provider } = ctx.oidc;
  const known = ctx.oidc.result?.consent?.grantId || session.grantIdFor(client.clientId);
  const found = known && (await provider.Grant.find(known));
  if (found) return found;
  if (params.scope !== 'openid') return undefined;
  const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
  grant.addOIDCScope('openid');
  await grant.save();
  return grant;
}

class Control {
  async signIn(browser, page) {
    for (let steps = 0; steps < 8 && !page.left && form(page); steps++) {
      const { action, fields } = form(page);
      if (fields.prompt === 'login') {
        page = await browser.go(action, { ...fields, login: 'wang', password: 'any' });
      } else if (fields.prompt === 'consent') {
        page = await browser.go(action, fields);
      } else {
        return page;
      }
    }
    return page;
  }

  asksWho(page) {
    return form(page)?.fields.prompt === 'login';
  }

  async leave(browser, page) {
    const { action, fields } = form(page);
    return browser.go(action, { ...fields, logout: 'yes' });
  }
}
