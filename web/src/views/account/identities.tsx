/** Sign-in providers that are linked to the account; nothing where there are none. */
import { useEffect } from "preact/hooks";
import { proven } from "../../account/proof";
import { useResource } from "../../account/resource";
import { ago } from "../../format";
import { IconButton } from "../../parts/controls";
import { call } from "../../session/api";
import { loadProviders, providers } from "../../session/providers";
import { texts } from "../../texts";
import { attempt, Section } from "./section";

interface Identity {
  id: string;
  provider: string | null;
  issuer: string;
  last_used_at: string;
}

export function Identities() {
  const t = texts.value.accountView;
  const linked = useResource<{ items: Identity[] }>("v1/auth/identities");
  useEffect(() => void loadProviders().catch(() => undefined), []);
  const items = linked.value?.items ?? [];
  if (items.length === 0 && providers.value.length === 0) return null;
  const nameOf = ({ provider, issuer }: Identity): string => providers.value.find(({ name }) => name === provider)?.title ?? provider ?? issuer;
  const unlink = (id: string): void =>
    attempt(async () => {
      await proven(() => call(`v1/auth/identities/${id}`, { method: "DELETE" }));
      await linked.reload();
    }, t.removed);
  return (
    <Section title={t.identities} hint={t.identitiesHint}>
      <ul class="entries">
        {items.map((each) => (
          <li key={each.id}>
            <div>
              <strong>{nameOf(each)}</strong>
              <span class="hint">{t.lastUsed(ago(each.last_used_at))}</span>
            </div>
            <IconButton icon="trash" label={t.removeNamed(nameOf(each))} onClick={() => unlink(each.id)} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
