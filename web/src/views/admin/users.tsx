import { useState } from "preact/hooks";
import type { ManagedUser } from "../../admin/model";
import { usePages } from "../../admin/pages";
import { date } from "../../format";
import { Dialog, Field } from "../../parts/controls";
import { call } from "../../session/api";
import { texts } from "../../texts";
import { attempt, Section } from "../account/section";
import { List } from "./list";

interface Change {
  user: ManagedUser;
  body: { roles?: string[]; disabled?: boolean };
  question: string;
}

export function Users({ showConversions }: { showConversions: (owner: string) => void }) {
  const t = texts.value.admin;
  const [typed, setTyped] = useState("");
  const [searched, search] = useState("");
  const [asked, ask] = useState<Change | null>(null);
  const users = usePages<ManagedUser>(`v1/admin/users?email=${encodeURIComponent(searched)}`);
  const change = ({ user, body }: Change): void => {
    ask(null);
    attempt(async () => {
      await call(`v1/admin/users/${user.id}`, { method: "PATCH", body });
      await users.reload();
    }, t.changed);
  };
  return (
    <Section title={t.users}>
      <form class="inline-form" onSubmit={(event) => { event.preventDefault(); search(typed.trim()); }}>
        <Field label={t.searchUsers} value={typed} onInput={setTyped} input={{ maxLength: 254, autocomplete: "off", spellcheck: false }} />
        <div class="buttons"><button type="submit">{t.search}</button></div>
      </form>
      <List pages={users}>
        {(user) => (
          <li key={user.id} class="webhook">
            <div>
              <strong dir="auto">{user.email}</strong>
              <span class={user.disabled ? "error" : "hint"}>{stateOf(user)}</span>
            </div>
            <div class="buttons">
              <button type="button" onClick={() => showConversions(user.id)}>{t.showConversions}</button>
              <button type="button" onClick={() => ask(disabling(user))}>{user.disabled ? t.enable : t.disable}</button>
              <button type="button" onClick={() => ask(promotion(user))}>{user.roles.includes("admin") ? t.demote : t.promote}</button>
            </div>
          </li>
        )}
      </List>
      {asked !== null && (
        <Dialog title={asked.question} onClose={() => ask(null)}>
          <p dir="auto">{asked.user.email}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => ask(null)}>{texts.value.cancel}</button>
            <button type="button" class="danger" onClick={() => change(asked)}>{t.confirm}</button>
          </div>
        </Dialog>
      )}
    </Section>
  );
}

function stateOf({ disabled, roles, email_verified, created_at }: ManagedUser): string {
  const t = texts.value.admin;
  const parts = [disabled && t.disabled, roles.includes("admin") && t.administrator, !email_verified && t.unverified, t.since(date(created_at))];
  return parts.filter(Boolean).join(" · ");
}

function disabling(user: ManagedUser): Change {
  const t = texts.value.admin;
  return { user, body: { disabled: !user.disabled }, question: user.disabled ? t.enableAsk : t.disableAsk };
}

function promotion(user: ManagedUser): Change {
  const t = texts.value.admin;
  const isAdmin = user.roles.includes("admin");
  const roles = isAdmin ? user.roles.filter((role) => role !== "admin") : [...user.roles, "admin"];
  return { user, body: { roles }, question: isAdmin ? t.demoteAsk : t.promoteAsk };
}
