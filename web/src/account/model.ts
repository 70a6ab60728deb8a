export interface Account {
  id: string;
  email: string;
  pending_email: string | null;
  email_verified: boolean;
  roles: string[];
  created_at: string;
}

export interface Session {
  id: string;
  created_at: string;
  last_used_at: string;
  user_agent: string | null;
  address: string | null;
  current: boolean;
}

export interface Factor {
  id: string;
  kind: "totp" | "passkey";
  name: string | null;
  confirmed: boolean;
  created_at: string;
  last_used_at: string | null;
}

export interface FactorList {
  items: Factor[];
  recovery_codes_left: number;
}

export interface ApiKey {
  id: string;
  name: string;
  hint: string;
  scopes: string[];
  created_at: string;
  expires_at: string | null;
  last_used_at: string | null;
}

export interface ActivityEvent {
  id: string;
  at: string;
  event: string;
  result: string;
  address: string | null;
  user_agent: string | null;
}

/** The browser and the system in a User-Agent, for people; the whole text where neither is known. */
export function deviceOf(userAgent: string | null): string {
  if (!userAgent) return "–";
  const browser = [["Edg", "Edge"], ["OPR", "Opera"], ["Firefox", "Firefox"], ["Chrome", "Chrome"], ["Safari", "Safari"]].find(([mark]) => userAgent.includes(`${mark}/`))?.[1];
  const system = [["iPhone", "iPhone"], ["iPad", "iPad"], ["Android", "Android"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]].find(([mark]) => userAgent.includes(mark!))?.[1];
  return [browser, system].filter(Boolean).join(", ") || userAgent.slice(0, 60);
}
