/** Uploads of this tab, with speed and time left. */
import { useRef } from "preact/hooks";
import { bytes, duration, percent } from "../format";
import { IconButton, Progress } from "../parts/controls";
import { Icon } from "../parts/icon";
import { notify } from "../notices";
import { texts } from "../texts";
import type { Texts } from "../texts/en";
import type { Refused, Uploads } from "../uploads/queue";
import type { Upload } from "../uploads/upload";

/** `makeRoom` leads to where files can be deleted. */
export function UploadList({ uploads, makeRoom }: { uploads: Uploads; makeRoom: () => void }) {
  const t = texts.value.upload;
  const [items, refused] = [uploads.items.value, uploads.refused.value];
  if (items.length === 0 && refused.length === 0) return null;
  return (
    <section aria-labelledby="uploads-title">
      <h2 id="uploads-title" class="section-title">{t.list}</h2>
      {refused.length > 0 && (
        <div class="refused" role="alert">
          <Icon name="alert" />
          <ul>{refused.map((each, index) => <li key={index}><bdi>{reasonOf(each, t, uploads.maxBytes.value)}</bdi></li>)}</ul>
          <IconButton icon="close" label={texts.value.dismiss} onClick={() => uploads.forgetRefused()} />
        </div>
      )}
      <ul class="rows">{items.map((upload) => <UploadRow key={upload.kept.id} upload={upload} uploads={uploads} makeRoom={makeRoom} />)}</ul>
    </section>
  );
}

function reasonOf({ name, reason }: Refused, t: Texts["upload"], limit: number | null): string {
  return reason === "empty" ? t.empty(name) : t.tooLarge(name, bytes(limit ?? 0));
}

function UploadRow({ upload, uploads, makeRoom }: { upload: Upload; uploads: Uploads; makeRoom: () => void }) {
  const t = texts.value.upload;
  const state = upload.state.value;
  const canPause = state === "preparing" || state === "sending" || state === "reconnecting" || state === "waiting";
  return (
    <li class="row" data-state={state}>
      <div class="row-text">
        <p class="name" dir="auto" title={upload.name}>{upload.name}</p>
        <p class="meta"><UploadMeta upload={upload} /></p>
        <SoundLine upload={upload} />
      </div>
      <div class="actions">
        {canPause && <IconButton icon="pause" label={t.pause} onClick={() => upload.pause()} />}
        {state === "paused" && <IconButton icon="play" label={t.resume} onClick={() => upload.resume()} />}
        {state === "failed" && <IconButton icon="retry" label={texts.value.retry} onClick={() => upload.resume()} />}
        {upload.failure.value?.code === "too_large" && <button type="button" onClick={makeRoom}>{t.makeRoom}</button>}
        {state === "needs-file" && <FilePicker upload={upload} />}
        <IconButton icon="close" label={t.cancel} onClick={() => void uploads.cancel(upload)} />
      </div>
      <Progress value={upload.size > 0 ? upload.sent.value / upload.size : 0} label={texts.value.conversion.progress(upload.name)} />
    </li>
  );
}

function UploadMeta({ upload }: { upload: Upload }) {
  const t = texts.value.upload;
  const state = upload.state.value;
  if (state === "failed") return <span class="error">{failureOf(upload, t)}</span>;
  const words = { waiting: t.waiting, preparing: t.preparing, sending: t.sending, paused: t.paused, reconnecting: t.reconnecting, "needs-file": t.needsFile, elsewhere: t.waiting, done: t.done }[state];
  const [sent, speed] = [upload.sent.value, upload.speed.value];
  const parts = [words];
  if (state === "sending" || state === "paused") parts.push(percent(sent / upload.size), t.of(bytes(sent), bytes(upload.size)));
  else parts.push(bytes(upload.size));
  if (state === "sending" && speed !== null && speed > 0) {
    parts.push(t.speed(bytes(speed)), t.left(duration((upload.size - sent) / speed)));
  }
  return <>{parts.map((part, index) => <span key={index}>{part}</span>)}</>;
}

/** What of a video is sent, and why not its sound alone. */
function SoundLine({ upload }: { upload: Upload }) {
  const t = texts.value.upload;
  if (upload.state.value === "preparing") return null;
  const { video, whole } = upload.kept;
  const line = video ? t.soundOnly(bytes(upload.size), bytes(video.size)) : whole && t.reasons[whole] && t.whole(t.reasons[whole]);
  return line ? <p class="meta">{line}</p> : null;
}

function failureOf(upload: Upload, t: Texts["upload"]): string {
  const failure = upload.failure.value;
  switch (failure?.code) {
    case "too_large":
      return t.quota;
    case "unsupported_media_type":
      return t.unsupported;
    case "rate_limited":
      return t.many;
    default:
      return failure?.detail || t.failed;
  }
}

function FilePicker({ upload }: { upload: Upload }) {
  const t = texts.value.upload;
  const input = useRef<HTMLInputElement>(null);
  const take = (file: File | undefined): void => {
    if (file && !upload.accept(file)) notify(t.wrongFile(upload.name), "problem");
  };
  return (
    <>
      <button type="button" onClick={() => input.current?.click()}>{t.choose}</button>
      <input ref={input} type="file" hidden aria-hidden="true" tabIndex={-1} onChange={(event) => take(event.currentTarget.files?.[0])} />
    </>
  );
}
