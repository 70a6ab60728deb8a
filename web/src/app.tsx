import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { isAdmin } from "./admin/role";
import { Message, Spinner } from "./parts/controls";
import { isOnline } from "./network";
import { route } from "./route";
import { epoch, refresh, state } from "./session/session";
import { texts } from "./texts";
import { ConfirmAddress } from "./views/confirm_address";
import { Home } from "./views/home";
import { Footer, Header, Notices } from "./views/frame";
import { Welcome } from "./views/welcome";

export function App() {
  const t = texts.value;
  return (
    <>
      <button type="button" class="skip" onClick={() => document.getElementById("content")?.focus()}>{t.skip}</button>
      <Header />
      {!isOnline.value && <p class="offline" role="status">{t.offline}</p>}
      <main id="content" tabIndex={-1}>
        <View />
      </main>
      <Footer />
      <Notices />
    </>
  );
}

function View() {
  switch (state.value) {
    case "starting":
      return <Spinner />;
    case "unreachable":
      return <Unreachable />;
    case "signed-out":
      return <Welcome />;
    case "signed-in": {
      const shown = route.value === "admin" && !isAdmin.value ? "" : route.value;
      return (
        <>
          {/* Stays while another view is open: uploads go on. */}
          <div hidden={shown !== ""}><Home key={epoch.value} /></div>
          <ConfirmAddress />
          {shown === "account" && <Lazy key={epoch.value} load={account} />}
          {shown === "admin" && <Lazy key={`admin ${epoch.value}`} load={admin} />}
        </>
      );
    }
  }
}

const account = async (): Promise<ComponentType> => (await import("./views/account")).AccountView;
const admin = async (): Promise<ComponentType> => (await import("./views/admin")).AdminView;

/** A view that is loaded when it is visited. */
function Lazy({ load }: { load: () => Promise<ComponentType> }) {
  const [View, setView] = useState<ComponentType | null>(null);
  useEffect(() => void load().then((view) => setView(() => view)), []);
  return View ? <View /> : <Spinner />;
}

const RETRY_MS = 5_000;

function Unreachable() {
  const t = texts.value;
  useEffect(() => {
    const timer = setInterval(() => void refresh().catch(() => undefined), RETRY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <Message title={t.unreachable.title} text={t.unreachable.text} icon="alert">
      <button type="button" onClick={() => void refresh().catch(() => undefined)}>{t.retry}</button>
    </Message>
  );
}
