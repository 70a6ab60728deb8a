/** The account: its data, what opens it, and where it is open. Loaded when it is visited. */
import { useEffect } from "preact/hooks";
import { Icon } from "../../parts/icon";
import { texts } from "../../texts";
import { ActivitySection } from "./activity";
import { ApiKeys } from "./api_keys";
import { DeletionSection } from "./deletion";
import { Factors } from "./factors";
import { Identities } from "./identities";
import { PasswordSection } from "./password";
import { Profile } from "./profile";
import { ProofDialog } from "./proof_dialog";
import { Sessions } from "./sessions";
import { Webhooks } from "./webhooks";

export function AccountView() {
  const t = texts.value.accountView;
  useEffect(() => {
    document.title = `${t.title} – ${texts.value.title}`;
  }, [t]);
  return (
    <div class="account">
      <p><a class="back" href="#"><Icon name="back" />{t.back}</a></p>
      <h2 class="view-title">{t.title}</h2>
      <Profile />
      <PasswordSection />
      <Factors />
      <Identities />
      <Sessions />
      <ApiKeys />
      <Webhooks />
      <ActivitySection />
      <DeletionSection />
      <ProofDialog />
    </div>
  );
}
