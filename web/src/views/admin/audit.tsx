import type { AuditEntry } from "../../admin/model";
import { usePages } from "../../admin/pages";
import { moment } from "../../format";
import { texts } from "../../texts";
import { Section } from "../account/section";
import { List } from "./list";

export function AuditLog() {
  const t = texts.value.admin;
  const entries = usePages<AuditEntry>("v1/admin/audit");
  return (
    <Section title={t.audit} hint={t.auditHint}>
      <List pages={entries}>
        {(entry) => (
          <li key={entry.id}>
            <div>
              <strong>{entry.action.replaceAll("_", " ")}</strong>
              <span class="hint" dir="auto">{detailsOf(entry)}</span>
            </div>
          </li>
        )}
      </List>
    </Section>
  );
}

function detailsOf({ at, actor_id, address, details }: AuditEntry): string {
  const named = Object.entries(details).map(([name, value]) => `${name.replaceAll("_", " ")}: ${String(value)}`);
  return [moment(at), actor_id === null ? texts.value.admin.commandLine : actor_id, address, ...named].filter(Boolean).join(" · ");
}
