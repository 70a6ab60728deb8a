/** Webhooks: create, test, disable and delete them, and see what was sent. */
import { useState } from "preact/hooks";
import { useResource } from "../../account/resource";
import { create, EVENTS, type EventType, newSecret, remove, setStatus, test, type Webhook } from "../../account/webhooks";
import { moment } from "../../format";
import { Dialog, Field, IconButton } from "../../parts/controls";
import { texts } from "../../texts";
import { DeliveryLog } from "./delivery_log";
import { attempt, Loaded, Section } from "./section";

export function Webhooks() {
  const t = texts.value.webhooks;
  const webhooks = useResource<{ items: Webhook[] }>("v1/webhooks");
  const [secret, setSecret] = useState<string | null>(null);
  return (
    <Section title={t.title} hint={t.hint}>
      <Loaded of={webhooks}>
        {({ items }) => (
          <ul class="entries">
            {items.map((webhook) => <Entry key={webhook.id} webhook={webhook} changed={webhooks.reload} showSecret={setSecret} />)}
          </ul>
        )}
      </Loaded>
      <NewWebhook created={(made) => { setSecret(made); void webhooks.reload(); }} />
      {secret !== null && (
        <Dialog title={t.secretTitle} onClose={() => setSecret(null)}>
          <p>{t.secretText}</p>
          <input class="shared" readOnly value={secret} aria-label={t.secretTitle} onFocus={(event) => event.currentTarget.select()} />
          <div class="dialog-actions"><button type="button" class="primary" onClick={() => setSecret(null)}>{t.secretKept}</button></div>
        </Dialog>
      )}
    </Section>
  );
}

function Entry({ webhook, changed, showSecret }: { webhook: Webhook; changed: () => Promise<void>; showSecret: (secret: string) => void }) {
  const t = texts.value.webhooks;
  const { id, url, status } = webhook;
  const [log, setLog] = useState(0);
  const [asking, ask] = useState(false);
  const act = (action: () => Promise<void>, done?: string): void => attempt(() => action().then(changed), done);
  const sendTest = (): void => attempt(() => test(id).then(() => setLog((shown) => shown + 1)), t.tested);
  return (
    <li class="webhook">
      <div>
        <strong dir="ltr">{url}</strong>
        <span class="hint">{webhook.events.map((each) => t.events[each] ?? each).join(" · ")}</span>
        <span class={status === "enabled" && webhook.failing_since === null ? "hint" : "error"}>{stateOf(webhook)}</span>
      </div>
      <IconButton icon="trash" label={texts.value.accountView.removeNamed(url)} onClick={() => ask(true)} />
      <div class="buttons">
        <button type="button" aria-expanded={log > 0} onClick={() => setLog(log > 0 ? 0 : 1)}>{t.deliveries}</button>
        {status === "enabled" && <button type="button" onClick={sendTest}>{t.test}</button>}
        <button type="button" onClick={() => act(() => setStatus(id, status === "enabled" ? "disabled" : "enabled"))}>
          {status === "enabled" ? t.disable : t.enable}
        </button>
        <button type="button" onClick={() => attempt(async () => showSecret(await newSecret(id)))}>{t.newSecret}</button>
      </div>
      {log > 0 && <DeliveryLog key={log} webhook={id} isEnabled={status === "enabled"} />}
      {asking && (
        <Dialog title={t.removeAsk} onClose={() => ask(false)}>
          <p>{t.removeText}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => ask(false)}>{texts.value.cancel}</button>
            <button type="button" class="danger" onClick={() => { ask(false); act(() => remove(id), texts.value.accountView.removed); }}>{t.remove}</button>
          </div>
        </Dialog>
      )}
    </li>
  );
}

function stateOf({ status, disabled_reason, failing_since }: Webhook): string {
  const t = texts.value.webhooks;
  if (status === "disabled") return t.disabled[disabled_reason ?? "asked"];
  return failing_since === null ? t.enabled : t.failingSince(moment(failing_since));
}

function NewWebhook({ created }: { created: (secret: string) => void }) {
  const t = texts.value.webhooks;
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<readonly EventType[]>(EVENTS);
  const toggle = (event: EventType): void => setEvents(EVENTS.filter((each) => (each === event) !== events.includes(each)));
  const add = (): void =>
    attempt(async () => {
      created(await create(url.trim(), events));
      setUrl("");
    });
  return (
    <form class="inline-form" onSubmit={(event) => { event.preventDefault(); add(); }}>
      <Field label={t.url} value={url} onInput={setUrl} hint={t.urlHint}
        input={{ type: "url", required: true, maxLength: 2048, autocomplete: "off", spellcheck: false }} />
      <fieldset class="checks">
        <legend>{t.when}</legend>
        {EVENTS.map((each) => (
          <label key={each}>
            <input type="checkbox" checked={events.includes(each)} onChange={() => toggle(each)} />{t.events[each]}
          </label>
        ))}
      </fieldset>
      <div class="buttons"><button type="submit" disabled={events.length === 0}>{t.add}</button></div>
    </form>
  );
}
