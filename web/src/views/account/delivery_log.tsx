/** What was sent to a webhook, newest first, with the outcome of the latest attempt. */
import { useEffect, useState } from "preact/hooks";
import { deliveries, type Delivery, replay } from "../../account/webhooks";
import { explain } from "../../explain";
import { moment } from "../../format";
import { Spinner } from "../../parts/controls";
import { texts } from "../../texts";
import { attempt } from "./section";

const LOOK_MS = 2_000;

export function DeliveryLog({ webhook, isEnabled }: { webhook: string; isEnabled: boolean }) {
  const t = texts.value.webhooks;
  const [items, setItems] = useState<readonly Delivery[] | null>(null);
  const [cursor, setCursor] = useState<string | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const load = async (after: string | null): Promise<void> => {
    try {
      const page = await deliveries(webhook, after);
      setItems((held) => merged(held ?? [], page.items, after === null));
      if (after !== null || items === null) setCursor(page.next_cursor);
      setFailure(null);
    } catch (error) {
      setFailure(error);
    }
  };
  useEffect(() => void load(null), [webhook]);
  const isPending = items?.some(({ status }) => status === "pending") ?? false;
  // The first page again while something of it is on its way.
  useEffect(() => {
    if (!isPending) return undefined;
    const timer = setTimeout(() => void load(null), LOOK_MS);
    return () => clearTimeout(timer);
  }, [items, failure]);
  if (failure !== null && items === null) return <p class="error">{explain(failure, texts.value)}</p>;
  if (items === null) return <Spinner />;
  if (items.length === 0) return <p class="hint">{t.noDeliveries}</p>;
  const again = ({ id }: Delivery): void => attempt(() => replay(webhook, id).then(() => load(null)), t.replayed);
  return (
    <div class="deliveries">
      <ul class="entries">
        {items.map((delivery) => (
          <li key={delivery.id} data-state={delivery.status}>
            <div>
              <strong>{t.events[delivery.type] ?? delivery.type}</strong>
              <span class={delivery.status === "failed" ? "error" : "hint"}>{outcomeOf(delivery)}</span>
            </div>
            {isEnabled && delivery.status !== "pending" && <button type="button" onClick={() => again(delivery)}>{t.replay}</button>}
          </li>
        ))}
      </ul>
      {cursor !== null && <div class="buttons"><button type="button" onClick={() => void load(cursor)}>{t.older}</button></div>}
    </div>
  );
}

/** The newest page takes the place of what is held of it; an older one comes after all. */
function merged(held: readonly Delivery[], page: readonly Delivery[], isNewest: boolean): readonly Delivery[] {
  const ids = new Set(page.map(({ id }) => id));
  const rest = held.filter(({ id }) => !ids.has(id));
  return isNewest ? [...page, ...rest] : [...rest, ...page];
}

function outcomeOf({ status, created_at, next_attempt_at, attempts }: Delivery): string {
  const t = texts.value.webhooks;
  const last = attempts.at(-1);
  const parts = [moment(created_at), t.status[status]];
  if (last) parts.push([last.status === null ? null : `HTTP ${last.status}`, last.error === null ? null : (t.errors[last.error] ?? last.error)].filter(Boolean).join(", "));
  if (attempts.length > 1) parts.push(t.attempts(attempts.length));
  if (status === "pending" && attempts.length > 0 && next_attempt_at) parts.push(t.next(moment(next_attempt_at)));
  return parts.filter(Boolean).join(" · ");
}
