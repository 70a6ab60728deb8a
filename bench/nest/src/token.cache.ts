// Introspection cache with a TTL of a few seconds; keys are digests, so that tokens are not stored.
import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import { AuthClient } from './auth.client';
import { Principal } from './principal';

const REMEMBERED_MS = 5_000;
const MOST = 10_000;

interface Verdict {
  principal: Principal | null;
  forgetAt: number;
}

@Injectable()
export class TokenCache {
  private readonly verdicts = new Map<string, Verdict>();
  private readonly flights = new Map<string, Promise<Principal | null>>();

  constructor(
    private readonly jwt: JwtService,
    private readonly auth: AuthClient,
  ) {}

  // Returns a promise only if the token is not cached.
  whose(token: string): Principal | null | Promise<Principal | null> {
    const digest = createHash('sha256').update(token).digest('base64');
    const known = this.verdicts.get(digest);
    if (known && known.forgetAt > Date.now()) return known.principal;
    let flight = this.flights.get(digest);
    if (!flight) {
      flight = this.ask(digest, token).finally(() => this.flights.delete(digest));
      this.flights.set(digest, flight);
    }
    return flight;
  }

  private async ask(digest: string, token: string): Promise<Principal | null> {
    const principal = (await this.isSigned(token)) ? await this.auth.introspect(token) : null;
    this.verdicts.delete(digest);
    if (this.verdicts.size >= MOST) this.verdicts.delete(this.verdicts.keys().next().value as string);
    this.verdicts.set(digest, { principal, forgetAt: Date.now() + REMEMBERED_MS });
    return principal;
  }

  private async isSigned(token: string): Promise<boolean> {
    try {
      await this.jwt.verifyAsync(token);
      return true;
    } catch {
      return false;
    }
  }
}
