/** Asks whether files that were shared with the page are to be sent: another site could have put them there. */
import { bytes } from "../format";
import { Icon } from "../parts/icon";
import { texts } from "../texts";
import { fieldsOf, isSoundOnly, options } from "../uploads/options";
import type { Uploads } from "../uploads/queue";
import { discardShared, sendShared, shareFailed, sharedFiles } from "../uploads/shared_files";

export function SharedFiles({ uploads }: { uploads: Uploads }) {
  const t = texts.value.shared;
  const files = sharedFiles.value;
  return (
    <>
      {shareFailed.value && (
        <section class="shared">
          <p class="error" role="alert">{t.failed}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => { shareFailed.value = false; }}>{t.close}</button>
          </div>
        </section>
      )}
      {files.length > 0 && (
        <section class="shared" aria-labelledby="shared-title">
          <h2 id="shared-title">{t.title(files.length)}</h2>
          <ul>
            {files.map(({ url, file }) => <li key={url}><bdi>{file.name}</bdi> <span class="hint">{bytes(file.size)}</span></li>)}
          </ul>
          <div class="dialog-actions">
            <button type="button" onClick={() => void discardShared()}>{t.discard}</button>
            <button type="button" class="primary" onClick={() => void sendShared(uploads, fieldsOf(options.value), isSoundOnly(options.value))}>
              <Icon name="upload" />{t.send}
            </button>
          </div>
        </section>
      )}
    </>
  );
}
