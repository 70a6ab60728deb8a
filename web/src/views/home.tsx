/** Signed in: send videos, and have the results. */
import { effect } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { announceEnd, startPush } from "../conversions/notifications";
import { Selection } from "../conversions/selection";
import { Conversions } from "../conversions/store";
import { Watcher } from "../conversions/watcher";
import { route } from "../route";
import { json } from "../session/api";
import { texts } from "../texts";
import { Uploads } from "../uploads/queue";
import { ConversionList } from "./conversion_list";
import { DropZone } from "./drop_zone";
import { SharedFiles } from "./shared_files";
import { UploadList } from "./upload_list";

interface Account {
  id: string;
  email: string;
}

export function Home() {
  const conversions = useMemo(() => new Conversions(announceEnd), []);
  const selection = useMemo(() => new Selection(), []);
  const uploads = useMemo(() => new Uploads((id) => void conversions.renewOne(id).catch(() => undefined)), []);
  useEffect(() => {
    const watcher = new Watcher(conversions);
    watcher.start();
    void startPush();
    const stopUpdates = effect(() => {
      conversions.active;
      queueMicrotask(() => watcher.update());
    });
    let left = false;
    void json<Account>("v1/auth/me").then(({ id }) => (left ? undefined : uploads.start(id)), () => undefined);
    return () => {
      left = true;
      stopUpdates();
      watcher.stop();
      uploads.stop();
    };
  }, []);
  useTitle(conversions, uploads);
  const makeRoom = (): void => {
    selection.open();
    document.getElementById("conversions-title")?.scrollIntoView();
  };
  return (
    <div class="home">
      <SharedFiles uploads={uploads} />
      <DropZone uploads={uploads} />
      <UploadList uploads={uploads} makeRoom={makeRoom} />
      <ConversionList conversions={conversions} selection={selection} hidden={uploads.serverIds} />
    </div>
  );
}

/** How many are under way, in the title of the tab. */
function useTitle(conversions: Conversions, uploads: Uploads): void {
  useEffect(
    () =>
      effect(() => {
        if (route.value !== "") return;
        const count = conversions.active.length + uploads.items.value.length;
        document.title = count > 0 ? `(${count}) ${texts.value.title}` : texts.value.title;
      }),
    [],
  );
}
