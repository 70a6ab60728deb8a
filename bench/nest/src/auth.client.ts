// Calls to auth_service over keep-alive connections.
import { Injectable, OnModuleDestroy, UnauthorizedException, ServiceUnavailableException } from '@nestjs/common';
import { Pool } from 'undici';
import { Principal } from './principal';

export interface Account {
  id: string;
  email: string;
  roles: string[];
  email_verified: boolean;
  created_at: string;
}

const service = process.env.AUTH_URL as string;
const credentials = `Basic ${Buffer.from(`gateway:${process.env.AUTH_INTROSPECTION_SECRET}`).toString('base64')}`;

@Injectable()
export class AuthClient implements OnModuleDestroy {
  private readonly pool = new Pool(service, { connections: 256, keepAliveTimeout: 5_000, headersTimeout: 10_000 });

  // Introspects a token (RFC 7662); null if it is not active.
  async introspect(token: string): Promise<Principal | null> {
    const { statusCode, body } = await this.pool.request({
      method: 'POST',
      path: '/internal/introspect',
      headers: { authorization: credentials, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    });
    const said = (await body.json()) as any;
    if (statusCode !== 200) throw new ServiceUnavailableException();
    if (!said.active) return null;
    const { sub, email, roles, access_token, exp } = said;
    return { userId: sub, email, roles, accessToken: access_token, expiresAt: exp };
  }

  async me(accessToken: string, address: string, agent: string): Promise<Account> {
    const { statusCode, body } = await this.pool.request({
      method: 'GET',
      path: '/v1/auth/me',
      headers: {
        accept: 'application/json',
        authorization: `Bearer ${accessToken}`,
        'tonegate-gateway-authorization': credentials,
        'tonegate-client-address': address,
        'user-agent': agent,
      },
    });
    const answer = (await body.json()) as Account;
    if (statusCode === 401) throw new UnauthorizedException();
    if (statusCode !== 200) throw new ServiceUnavailableException();
    return answer;
  }

  async onModuleDestroy(): Promise<void> {
    await this.pool.close();
  }
}
