import { type ActivityEvent, deviceOf } from "../../account/model";
import { useResource } from "../../account/resource";
import { moment } from "../../format";
import { texts } from "../../texts";
import { Loaded, Section } from "./section";

export function ActivitySection() {
  const t = texts.value.accountView;
  const activity = useResource<{ items: ActivityEvent[] }>("v1/auth/activity?limit=10");
  return (
    <Section title={t.activity} hint={t.activityHint}>
      <Loaded of={activity}>
        {({ items }) => (
          <ul class="entries">
            {items.map((event) => (
              <li key={event.id}>
                <div>
                  <strong class={event.result === "succeeded" ? "" : "error"}>
                    {t.events[event.event] ?? event.event.replaceAll("_", " ")}{event.result === "succeeded" ? "" : ` (${t.refused})`}
                  </strong>
                  <span class="hint">{[moment(event.at), event.address, event.user_agent && deviceOf(event.user_agent)].filter(Boolean).join(" · ")}</span>
                </div>
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}
