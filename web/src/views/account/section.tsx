import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { Declined } from "../../account/proof";
import type { Resource } from "../../account/resource";
import { explain } from "../../explain";
import { notify } from "../../notices";
import { Spinner } from "../../parts/controls";
import { texts } from "../../texts";

export function Section({ title, hint, children }: { title: string; hint?: string; children: ComponentChildren }) {
  const id = useId();
  return (
    <section class="panel" aria-labelledby={id}>
      <h3 id={id}>{title}</h3>
      {hint && <p class="hint">{hint}</p>}
      {children}
    </section>
  );
}

/** What is loaded, or that it is on its way, or why it did not come. */
export function Loaded<T>({ of, children }: { of: Resource<T>; children: (value: T) => ComponentChildren }) {
  const t = texts.value;
  if (of.value !== null) return <>{children(of.value)}</>;
  if (of.failure === null) return <Spinner />;
  return (
    <div class="inline-problem">
      <p class="error">{explain(of.failure, t)}</p>
      <button type="button" onClick={() => void of.reload()}>{t.retry}</button>
    </div>
  );
}

/** Does something and says how it went; says nothing when a proof was asked for and declined. */
export function attempt(act: () => Promise<void>, done?: string): void {
  act().then(
    () => done && notify(done),
    (error: unknown) => !(error instanceof Declined) && notify(explain(error, texts.value), "problem"),
  );
}
