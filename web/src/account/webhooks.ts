/** Webhooks and their deliveries, as the API has them. */
import { call, json } from "../session/api";
import { proven } from "./proof";

export const EVENTS = ["conversion.completed", "conversion.failed", "conversion.cancelled"] as const;
export type EventType = (typeof EVENTS)[number];

export interface Webhook {
  id: string;
  url: string;
  events: EventType[];
  status: "enabled" | "disabled";
  disabled_reason: "asked" | "gone" | "failing" | null;
  failing_since: string | null;
  created_at: string;
}

export interface Attempt {
  at: string;
  status: number | null;
  duration: number;
  error: string | null;
}

export interface Delivery {
  id: string;
  type: string;
  status: "pending" | "delivered" | "failed";
  created_at: string;
  next_attempt_at: string | null;
  attempts: Attempt[];
}

export interface DeliveryPage {
  items: Delivery[];
  next_cursor: string | null;
}

/** The signing secret of the new webhook, which is answered only once. */
export async function create(url: string, events: readonly EventType[]): Promise<string> {
  // All of them: also those of later versions.
  const body = { url, ...(events.length < EVENTS.length && { events }) };
  return (await proven(() => json<{ secret: string }>("v1/webhooks", { body }))).secret;
}

export async function newSecret(id: string): Promise<string> {
  return (await proven(() => json<{ secret: string }>(`v1/webhooks/${id}/secret`, { method: "POST" }))).secret;
}

export async function setStatus(id: string, status: Webhook["status"]): Promise<void> {
  await proven(() => call(`v1/webhooks/${id}`, { method: "PATCH", body: { status } }));
}

export async function remove(id: string): Promise<void> {
  await proven(() => call(`v1/webhooks/${id}`, { method: "DELETE" }));
}

export async function test(id: string): Promise<void> {
  await call(`v1/webhooks/${id}/test`, { method: "POST" });
}

export async function replay(id: string, delivery: string): Promise<void> {
  await call(`v1/webhooks/${id}/deliveries/${delivery}/replay`, { method: "POST" });
}

export function deliveries(id: string, cursor: string | null): Promise<DeliveryPage> {
  const query = new URLSearchParams({ limit: "20", ...(cursor && { cursor }) });
  return json<DeliveryPage>(`v1/webhooks/${id}/deliveries?${query}`);
}
