/** Asks whether files that were shared with the page are to be sent: another site could have put them there. */
import { bytes } from "../format";
import { Icon } from "../parts/icon";
import { texts } from "../texts";
import { fieldsOf, options } from "../uploads/options";
import type { Uploads } from "../uploads/queue";
import { forgetShared, shareFailed, sharedFiles } from "../uploads/shared_files";

export function SharedFiles({ uploads }: { uploads: Uploads }) {
  const t = texts.value.shared;
  const files = sharedFiles.value;
  if (shareFailed.value) return <p class="error" role="alert">{t.failed}</p>;
  if (files.length === 0) return null;
  const send = (): void => {
    void uploads.add(files, fieldsOf(options.value)).then(forgetShared);
  };
  return (
    <section class="shared" aria-labelledby="shared-title">
      <h2 id="shared-title">{t.title(files.length)}</h2>
      <ul>
        {files.map(({ name, size }, place) => <li key={place}><bdi>{name}</bdi> <span class="hint">{bytes(size)}</span></li>)}
      </ul>
      <div class="dialog-actions">
        <button type="button" onClick={() => void forgetShared()}>{t.discard}</button>
        <button type="button" class="primary" onClick={send}><Icon name="upload" />{t.send}</button>
      </div>
    </section>
  );
}
