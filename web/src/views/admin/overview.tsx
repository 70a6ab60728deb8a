/** The queue, the last day as a chart, and the state of each part. */
import { useEffect, useState } from "preact/hooks";
import type { Overview } from "../../admin/model";
import { readiness } from "../../admin/readiness";
import { useResource } from "../../account/resource";
import { ago } from "../../format";
import { texts } from "../../texts";
import { Loaded, Section } from "../account/section";
import { HourChart } from "./hour_chart";

const LOOK_MS = 5_000;

export function OverviewSection() {
  const t = texts.value.admin;
  const overview = useResource<Overview>("v1/admin/overview");
  const [parts, setParts] = useState<Record<string, string>>({});
  useEffect(() => {
    const look = (): void => void readiness().then(setParts, () => setParts({}));
    const timer = setInterval(() => {
      if (document.hidden) return;
      void overview.reload();
      look();
    }, LOOK_MS);
    look();
    return () => clearInterval(timer);
  }, []);
  return (
    <Section title={t.overview}>
      <Loaded of={overview}>
        {({ queued, converting, dead_letters, oldest_queued_at, hours }) => (
          <>
            <dl class="figures">
              <div><dt>{t.queued}</dt><dd>{queued}</dd></div>
              <div><dt>{t.converting}</dt><dd>{converting}</dd></div>
              <div><dt>{t.deadLetters}</dt><dd class={dead_letters > 0 ? "error" : ""}>{dead_letters}</dd></div>
            </dl>
            {oldest_queued_at && <p class="hint">{t.oldest(ago(oldest_queued_at))}</p>}
            <HourChart hours={hours} />
          </>
        )}
      </Loaded>
      <ul class="parts" aria-label={t.parts}>
        {Object.entries(parts).map(([name, state]) => (
          <li key={name}><span class={state === "ok" ? "dot good" : "dot bad"} aria-hidden="true" />{name}: {state === "ok" ? t.good : state}</li>
        ))}
      </ul>
    </Section>
  );
}
