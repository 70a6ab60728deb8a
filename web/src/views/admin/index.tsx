/** Administration: how the system is, and its accounts, conversions, dead letters and audit log. Loaded when visited. */
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../../parts/icon";
import { texts } from "../../texts";
import { AuditLog } from "./audit";
import { AllConversions } from "./conversions";
import { DeadLetters } from "./dead_letters";
import { OverviewSection } from "./overview";
import { Users } from "./users";

export function AdminView() {
  const t = texts.value.admin;
  // The account whose conversions are shown; null for those of all.
  const [owner, setOwner] = useState<string | null>(null);
  useEffect(() => {
    document.title = `${t.title} – ${texts.value.title}`;
  }, [t]);
  return (
    <div class="account">
      <p><a class="back" href="#"><Icon name="back" />{texts.value.accountView.back}</a></p>
      <h2 class="view-title">{t.title}</h2>
      <OverviewSection />
      <Users showConversions={setOwner} />
      <AllConversions owner={owner} showAll={() => setOwner(null)} />
      <DeadLetters />
      <AuditLog />
    </div>
  );
}
