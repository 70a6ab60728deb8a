// Authentication, then the rate limit per account, in the same order as in Tonegate's gateway.
import { CanActivate, ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { ThrottlerGuard } from '@nestjs/throttler';
import { Principal, SignedInRequest } from './principal';
import { TokenCache } from './token.cache';

const BEARER = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i;

@Injectable()
export class TokenGuard implements CanActivate {
  constructor(private readonly tokens: TokenCache) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const request = context.switchToHttp().getRequest<SignedInRequest>();
    const match = BEARER.exec((request.headers.authorization as string) ?? '');
    if (!match) throw new UnauthorizedException();
    const principal = this.tokens.whose(match[1]);
    return principal instanceof Promise ? principal.then((asked) => admit(request, asked)) : admit(request, principal);
  }
}

function admit(request: SignedInRequest, principal: Principal | null): boolean {
  if (!principal) throw new UnauthorizedException();
  request.principal = principal;
  return true;
}

@Injectable()
export class AccountThrottlerGuard extends ThrottlerGuard {
  protected async getTracker(request: Record<string, any>): Promise<string> {
    return (request as SignedInRequest).principal?.userId ?? request.ip;
  }
}
