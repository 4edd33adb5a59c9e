// SPDX-License-Identifier: MIT
//
// node provider.js FOLDER: the npm package oidc-provider of FOLDER/node_modules on a port of 127.0.0.1
// that it says. It can be changed while it runs, its sessions staying:
//
//   POST /control/configure  JSON: any of clients, accounts (claims by login), algorithm (a new key for
//                            it), outage (paths that answer 503), idTokenClaims (profile in the ID token)
//   GET  /control/requests   how often each path was asked for
//
// The login page takes any password.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { pathToFileURL } from 'node:url';

const { default: Provider } = await import(
  pathToFileURL(`${process.argv[2]}/node_modules/oidc-provider/lib/index.js`)
);

const state = {
  clients: [], accounts: {}, outage: [], algorithm: 'RS256', idTokenClaims: true, lifetime: 600,
};
const requests = {};
const cookieKeys = [randomBytes(32).toString('hex')];
let keys = [];
let answer;
let issuer;

function makeKey(algorithm) {
  const kinds = {
    ES256: ['ec', { namedCurve: 'P-256' }],
    EdDSA: ['ed25519', {}],
  };
  const [kind, options] = kinds[algorithm] || ['rsa', { modulusLength: 2048 }];
  const jwk = generateKeyPairSync(kind, options).privateKey.export({ format: 'jwk' });
  return { ...jwk, kid: randomBytes(8).toString('hex'), use: 'sig', alg: algorithm };
}

function makeProvider() {
  const provider = new Provider(issuer, {
    clients: state.clients.map((client) => ({
      id_token_signed_response_alg: state.algorithm,
      ...client,
    })),
    jwks: { keys },
    cookies: { keys: cookieKeys },
    pkce: { required: () => true },
    conformIdTokenClaims: !state.idTokenClaims,
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name', 'preferred_username'],
      groups: ['groups', 'realm_access'],
    },
    scopes: ['openid', 'groups'],
    acrValues: ['urn:example:gold'],
    ttl: { AccessToken: state.lifetime, Grant: 3600, Interaction: 600, Session: 3600, IdToken: 600 },
    features: {
      devInteractions: { enabled: true },
      backchannelLogout: { enabled: true },
      rpInitiatedLogout: { enabled: true },
    },
    findAccount: (ctx, id) => (state.accounts[id]
      ? { accountId: id, claims: () => ({ ...state.accounts[id], sub: id }) }
      : undefined),
  });
  for (const event of ['server_error', 'backchannel.error', 'grant.error']) {
    provider.on(event, (...parts) => {
      const error = parts.find((part) => part instanceof Error);
      console.log(event, error && error.message, error && error.error_detail);
    });
  }
  return provider.callback();
}

function configure(change) {
  Object.assign(state, change);
  if (change.algorithm) {
    keys = [makeKey(change.algorithm)];
  }
  answer = makeProvider();
}

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return JSON.parse(Buffer.concat(parts).toString());
}

async function serve(request, response) {
  const path = request.url.split('?')[0];
  if (path === '/control/requests') {
    response.end(JSON.stringify(requests));
  } else if (path === '/control/configure') {
    configure(await read(request));
    response.end('{}');
  } else {
    requests[path] = (requests[path] || 0) + 1;
    if (state.outage.includes(path)) {
      response.writeHead(503).end();
    } else {
      answer(request, response);
    }
  }
}

const server = createServer(serve);
server.listen(0, '127.0.0.1', () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  configure({ algorithm: 'RS256' });
  console.log(`listening on 127.0.0.1:${server.address().port}`);
});
