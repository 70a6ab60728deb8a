/** Where videos are dropped, picked or pasted, and the options for them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { bytes } from "../format";
import { Icon } from "../parts/icon";
import { texts } from "../texts";
import { choose, fieldsOf, isSoundOnly, options } from "../uploads/options";
import { loadPresets, presets } from "../uploads/presets";
import type { Uploads } from "../uploads/queue";
import { OptionsForm } from "./options_form";

const ACCEPT = "video/*,audio/*,.mkv,.mka,.ts,.m2ts,.flv,.avi,.wmv,.mxf,.ogv,.opus,.flac";

export function DropZone({ uploads }: { uploads: Uploads }) {
  const t = texts.value.drop;
  const input = useRef<HTMLInputElement>(null);
  const send = (files: FileList | null | undefined): void => {
    if (files && files.length > 0) void uploads.add([...files], fieldsOf(options.value), isSoundOnly(options.value));
  };
  const over = useFilesOverPage(send);
  usePresets();
  return (
    <section class="drop" aria-labelledby="drop-title">
      <div class="drop-zone">
        <Icon name="wave" />
        <h2 id="drop-title">{t.title}</h2>
        <p>{t.text}</p>
        <button type="button" class="primary" onClick={() => input.current?.click()}><Icon name="upload" />{t.button}</button>
        {/* The button stands for it. */}
        <input ref={input} type="file" multiple accept={ACCEPT} hidden aria-hidden="true" tabIndex={-1}
          onChange={(event) => { send(event.currentTarget.files); event.currentTarget.value = ""; }} />
        {uploads.maxBytes.value !== null && <p class="hint">{t.limit(bytes(uploads.maxBytes.value))}</p>}
      </div>
      <OptionsForm chosen={options.value} onChange={choose} isForVideos />
      {over && <div class="drop-overlay" aria-hidden="true"><p>{t.overlay}</p></div>}
    </section>
  );
}

/** Those of the account that is signed in; without them one converts all the same. */
function usePresets(): void {
  useEffect(() => {
    loadPresets().catch(() => undefined);
    return () => {
      presets.value = null;
    };
  }, []);
}

/** True while files are dragged over the page; the whole page takes them, and pasted ones. */
function useFilesOverPage(send: (files: FileList | null | undefined) => void): boolean {
  const [over, setOver] = useState(false);
  const latest = useRef(send);
  latest.current = send;
  useEffect(() => {
    const hasFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const onOver = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent): void => {
      setOver(false);
      if (!hasFiles(event)) return;
      event.preventDefault();
      latest.current(event.dataTransfer?.files);
    };
    const onPaste = (event: ClipboardEvent): void => latest.current(event.clipboardData?.files);
    const controller = new AbortController();
    addEventListener("dragover", onOver, controller);
    addEventListener("dragleave", onLeave, controller);
    addEventListener("drop", onDrop, controller);
    addEventListener("paste", onPaste, controller);
    return () => controller.abort();
  }, []);
  return over;
}
