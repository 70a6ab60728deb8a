// The authenticated principal that the guard attaches to the request.
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
