import { useState } from "preact/hooks";
import type { ManagedConversion } from "../../admin/model";
import { usePages } from "../../admin/pages";
import { STATUSES } from "../../conversions/model";
import { nameOf } from "../../conversions/name";
import { bytes, moment } from "../../format";
import { Select } from "../../parts/controls";
import { texts } from "../../texts";
import { Section } from "../account/section";
import { List } from "./list";

export function AllConversions({ owner, showAll }: { owner: string | null; showAll: () => void }) {
  const t = texts.value.admin;
  const states = texts.value.conversion.status as Record<string, string>;
  const [status, setStatus] = useState("");
  const filter = new URLSearchParams({ ...(owner !== null && { owner_id: owner }), ...(status !== "" && { status }) });
  const conversions = usePages<ManagedConversion>(`v1/admin/conversions?${filter}`);
  return (
    <Section title={t.conversions}>
      {owner !== null && (
        <div class="line"><span>{t.ofOneAccount}</span><button type="button" class="link" onClick={showAll}>{t.ofAll}</button></div>
      )}
      <Select label={texts.value.search.state} value={status} onChange={setStatus}
        choices={[["", texts.value.search.all], ...STATUSES.map((each) => [each, states[each] ?? each] as const)]} />
      <List pages={conversions}>
        {(conversion) => (
          <li key={conversion.id}>
            <div>
              <strong dir="auto">{nameOf(conversion)}</strong>
              <span class={conversion.error ? "error" : "hint"}>{detailsOf(conversion)}</span>
            </div>
          </li>
        )}
      </List>
    </Section>
  );
}

function detailsOf({ status, source, error, created_at }: ManagedConversion): string {
  const states = texts.value.conversion.status as Record<string, string>;
  const parts = [states[status] ?? status, source.size !== null && bytes(source.size), moment(created_at), error && `${error.code}: ${error.message}`];
  return parts.filter(Boolean).join(" · ");
}
