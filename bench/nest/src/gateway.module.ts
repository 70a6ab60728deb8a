// The measured route, and a health check.
import { Controller, Get, Header, Module, Req } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { JwtModule } from '@nestjs/jwt';
import { ThrottlerModule } from '@nestjs/throttler';
import { createPublicKey } from 'node:crypto';
import { Account, AuthClient } from './auth.client';
import { AccountThrottlerGuard, TokenGuard } from './guards';
import { Principal, SignedInRequest } from './principal';
import { TokenCache } from './token.cache';

@Controller('v1/auth')
class MeController {
  constructor(private readonly auth: AuthClient) {}

  @Get('me')
  @Header('Cache-Control', 'no-store')
  me(@Req() request: SignedInRequest): Promise<Account> {
    const { accessToken } = request.principal as Principal;
    return this.auth.me(accessToken, request.ip, (request.headers['user-agent'] as string) ?? '');
  }
}

@Module({
  imports: [
    ThrottlerModule.forRoot([{ ttl: 60_000, limit: Number(process.env.LIMIT_PER_MINUTE) }]),
    JwtModule.registerAsync({ useFactory: verification }),
  ],
  controllers: [MeController],
  providers: [
    AuthClient,
    TokenCache,
    { provide: APP_GUARD, useClass: TokenGuard },
    { provide: APP_GUARD, useClass: AccountThrottlerGuard },
  ],
})
export class GatewayModule {}

async function verification() {
  const answer = await fetch(`${process.env.AUTH_URL}/.well-known/jwks.json`);
  const { keys } = (await answer.json()) as { keys: any[] };
  const publicKey = createPublicKey({ key: keys[keys.length - 1], format: 'jwk' });
  return {
    publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    verifyOptions: { algorithms: ['ES256' as const], issuer: process.env.AUTH_ISSUER, audience: 'tonegate' },
  };
}
