// A real OpenID Connect provider on loopback. Whoever types `ada@example.org` as login is ada, with that address
// verified; `unverified:ada@example.org` is somebody else who only says so; `nobody:ada` has no address at all.
import { generateKeyPairSync } from 'node:crypto';
import Provider from 'oidc-provider';

const { PORT, CLIENT_SECRET, CALLBACK, EC_CALLBACK } = process.env;
const issuer = `http://127.0.0.1:${PORT}`;

const jwk = (type, options, alg) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: 'jwk' }), use: 'sig', alg, kid: alg,
});

// Native applications may come back to any port of this machine (RFC 8252 §7.3).
const client = (client_id, callback, more) => ({
  client_id,
  client_secret: CLIENT_SECRET,
  application_type: 'native',
  redirect_uris: [callback],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  ...more,
});

const provider = new Provider(issuer, {
  clients: [
    client('tonegate', CALLBACK, { token_endpoint_auth_method: 'client_secret_basic' }),
    client('tonegate-ec', EC_CALLBACK, {
      token_endpoint_auth_method: 'client_secret_basic', id_token_signed_response_alg: 'ES256',
    }),
  ],
  jwks: { keys: [jwk('rsa', { modulusLength: 2048 }, 'RS256'), jwk('ec', { namedCurve: 'P-256' }, 'ES256')] },
  cookies: { keys: ['for tests only'] },
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      ...(id.startsWith('nobody:') ? {} : {
        email: id.split(':').at(-1), email_verified: !id.startsWith('unverified:'),
      }),
    }),
  }),
});

provider.listen(Number(PORT), '127.0.0.1');
