/** Authenticator apps, passkeys and recovery codes. */
import { useState } from "preact/hooks";
import type { Factor, FactorList } from "../../account/model";
import { create, hasPasskeys } from "../../account/passkeys";
import { proven } from "../../account/proof";
import { useResource } from "../../account/resource";
import { moment } from "../../format";
import { Dialog, IconButton } from "../../parts/controls";
import { call, json } from "../../session/api";
import { texts } from "../../texts";
import { Enrolment, type AddedTotp } from "./enrolment";
import { attempt, Loaded, Section } from "./section";

export function Factors() {
  const t = texts.value.accountView;
  const factors = useResource<FactorList>("v1/auth/factors");
  const [added, setAdded] = useState<AddedTotp | null>(null);
  const [codes, setCodes] = useState<readonly string[]>([]);
  const addApp = (): void => attempt(async () => setAdded(await proven(() => json<AddedTotp>("v1/auth/factors/totp", { method: "POST", body: {} }))));
  const addPasskey = (): void =>
    attempt(async () => {
      const made = await proven(async () => {
        const credential = await create();
        return json<{ recovery_codes: string[] }>("v1/auth/factors/passkeys", { body: { name: t.passkey, credential } });
      });
      setCodes(made.recovery_codes);
      await factors.reload();
    });
  const renew = (): void =>
    attempt(async () => {
      const made = await proven(() => json<{ recovery_codes: string[] }>("v1/auth/factors/recovery-codes", { method: "POST", body: {} }));
      setCodes(made.recovery_codes);
      await factors.reload();
    });
  const remove = (factor: Factor): void =>
    attempt(async () => {
      await proven(() => call(`v1/auth/factors/${factor.id}`, { method: "DELETE" }));
      await factors.reload();
    }, t.removed);
  return (
    <Section title={t.factors} hint={t.factorsHint}>
      <Loaded of={factors}>
        {({ items, recovery_codes_left }) => {
          const confirmed = items.filter((factor) => factor.confirmed);
          return (
            <>
              <ul class="entries">
                {confirmed.map((factor) => (
                  <li key={factor.id}>
                    <div><strong dir="auto">{factor.name ?? t.kinds[factor.kind]}</strong><span class="hint">{t.since(moment(factor.created_at))}</span></div>
                    <IconButton icon="trash" label={t.removeNamed(factor.name ?? t.kinds[factor.kind] ?? "")} onClick={() => remove(factor)} />
                  </li>
                ))}
              </ul>
              {confirmed.length > 0 && <p class="line">{t.codesLeft(recovery_codes_left)}</p>}
              <div class="buttons">
                <button type="button" onClick={addApp}>{t.addApp}</button>
                {hasPasskeys() && <button type="button" onClick={addPasskey}>{t.addPasskey}</button>}
                {confirmed.length > 0 && <button type="button" onClick={renew}>{t.newCodes}</button>}
              </div>
            </>
          );
        }}
      </Loaded>
      {added && (
        <Enrolment added={added} onClose={() => setAdded(null)} onConfirmed={(made) => { setAdded(null); setCodes(made); void factors.reload(); }} />
      )}
      {codes.length > 0 && <Codes codes={codes} onClose={() => setCodes([])} />}
    </Section>
  );
}

function Codes({ codes, onClose }: { codes: readonly string[]; onClose: () => void }) {
  const t = texts.value.accountView;
  return (
    <Dialog title={t.codesTitle} onClose={onClose}>
      <p>{t.codesText}</p>
      <ul class="codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>
      <div class="dialog-actions"><button type="button" class="primary" onClick={onClose}>{t.codesKept}</button></div>
    </Dialog>
  );
}
