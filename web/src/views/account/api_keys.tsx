import { useState } from "preact/hooks";
import type { ApiKey } from "../../account/model";
import { proven } from "../../account/proof";
import { useResource } from "../../account/resource";
import { moment } from "../../format";
import { Dialog, Field, IconButton } from "../../parts/controls";
import { call, json } from "../../session/api";
import { texts } from "../../texts";
import { attempt, Loaded, Section } from "./section";

export function ApiKeys() {
  const t = texts.value.accountView;
  const keys = useResource<{ items: ApiKey[] }>("v1/auth/api-keys");
  const [name, setName] = useState("");
  const [made, setMade] = useState<string | null>(null);
  const add = (): void =>
    attempt(async () => {
      const { key } = await proven(() => json<{ key: string }>("v1/auth/api-keys", { body: { name } }));
      setMade(key);
      setName("");
      await keys.reload();
    });
  const remove = (key: ApiKey): void =>
    attempt(async () => {
      await proven(() => call(`v1/auth/api-keys/${key.id}`, { method: "DELETE" }));
      await keys.reload();
    }, t.removed);
  return (
    <Section title={t.keys} hint={t.keysHint}>
      <Loaded of={keys}>
        {({ items }) => (
          <ul class="entries">
            {items.map((key) => (
              <li key={key.id}>
                <div>
                  <strong dir="auto">{key.name}</strong>
                  <span class="hint">{key.last_used_at ? t.lastUsed(moment(key.last_used_at)) : t.since(moment(key.created_at))}</span>
                </div>
                <IconButton icon="trash" label={t.removeNamed(key.name)} onClick={() => remove(key)} />
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      <form class="inline-form" onSubmit={(event) => { event.preventDefault(); add(); }}>
        <Field label={t.keyName} value={name} onInput={setName} input={{ required: true, maxLength: 100, autocomplete: "off" }} />
        <div class="buttons"><button type="submit">{t.addKey}</button></div>
      </form>
      {made !== null && (
        <Dialog title={t.keyTitle} onClose={() => setMade(null)}>
          <p>{t.keyText}</p>
          <input class="shared" readOnly value={made} aria-label={t.keyTitle} onFocus={(event) => event.currentTarget.select()} />
          <div class="dialog-actions"><button type="button" class="primary" onClick={() => setMade(null)}>{t.codesKept}</button></div>
        </Dialog>
      )}
    </Section>
  );
}
