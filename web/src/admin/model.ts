/** What the API tells administrators. */
import type { Account } from "../account/model";
import type { Conversion } from "../conversions/model";

export interface ManagedUser extends Account {
  disabled: boolean;
}

export interface ManagedConversion extends Conversion {
  owner_id: string;
}

export interface DeadLetter {
  id: string;
  status: "waiting" | "replayed" | "discarded";
  queue: string;
  reason: string;
  type: string;
  died_at: string;
  settled_at: string | null;
}

export interface AuditEntry {
  id: string;
  at: string;
  actor_id: string | null;
  action: string;
  subject_id: string | null;
  address: string | null;
  details: Record<string, unknown>;
}

export interface Hour {
  at: string;
  accepted: number;
  completed: number;
  failed: number;
}

export interface Overview {
  queued: number;
  converting: number;
  dead_letters: number;
  oldest_queued_at: string | null;
  hours: Hour[];
}

/** The state of the gateway and of what it depends on. */
export interface Readiness {
  status: string;
  checks: Record<string, string>;
}
