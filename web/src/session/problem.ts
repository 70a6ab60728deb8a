/** A refusal of the API (RFC 9457), or a request that got no response. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: Record<string, unknown>;
  readonly retryAfterS: number | null;

  constructor(status: number, body: Record<string, unknown>, retryAfterS: number | null = null) {
    super(typeof body["detail"] === "string" && body["detail"] ? body["detail"] : `HTTP ${status}`);
    this.status = status;
    this.code = typeof body["code"] === "string" ? body["code"] : "unknown";
    this.body = body;
    this.retryAfterS = retryAfterS;
  }
}

/** No response came: the network or the server is away. */
export class Unreachable extends Error {}

export async function problemOf(answer: Response): Promise<Problem> {
  const body: unknown = await answer.json().catch(() => ({}));
  const wait = Number(answer.headers.get("Retry-After"));
  return new Problem(
    answer.status,
    typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {},
    Number.isFinite(wait) && wait > 0 ? wait : null,
  );
}
