import { deviceOf, type Session } from "../../account/model";
import { proven } from "../../account/proof";
import { useResource } from "../../account/resource";
import { ago } from "../../format";
import { IconButton } from "../../parts/controls";
import { call } from "../../session/api";
import { texts } from "../../texts";
import { attempt, Loaded, Section } from "./section";

export function Sessions() {
  const t = texts.value.accountView;
  const sessions = useResource<{ items: Session[] }>("v1/auth/sessions");
  const end = (...ended: Session[]): void =>
    attempt(async () => {
      for (const { id } of ended) await proven(() => call(`v1/auth/sessions/${id}`, { method: "DELETE" }));
      await sessions.reload();
    }, t.sessionsEnded);
  return (
    <Section title={t.sessions} hint={t.sessionsHint}>
      <Loaded of={sessions}>
        {({ items }) => {
          const others = items.filter(({ current }) => !current);
          return (
            <>
              <ul class="entries">
                {items.map((session) => (
                  <li key={session.id}>
                    <div>
                      <strong>{deviceOf(session.user_agent)}</strong>
                      <span class="hint">{[session.address, session.current ? t.thisOne : ago(session.last_used_at)].filter(Boolean).join(" · ")}</span>
                    </div>
                    {!session.current && <IconButton icon="close" label={t.endSession(deviceOf(session.user_agent))} onClick={() => end(session)} />}
                  </li>
                ))}
              </ul>
              {others.length > 0 && <div class="buttons"><button type="button" onClick={() => end(...others)}>{t.endOthers}</button></div>}
            </>
          );
        }}
      </Loaded>
    </Section>
  );
}
