// Who is calling, as the request carries it after the guard.
export interface Principal {
  userId: string;
  email: string;
  roles: string[];
  accessToken: string;
  expiresAt: number; // Unix time in seconds
}

export interface SignedInRequest {
  headers: Record<string, string | string[] | undefined>;
  ip: string;
  principal?: Principal;
}
