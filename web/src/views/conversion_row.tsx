/** One conversion: what it is, how far it is, what can be done with it. */
import { type Signal, useComputed } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { cancel, download, remove, retry } from "../conversions/actions";
import { type Conversion, hasVideo, isActive } from "../conversions/model";
import { nameOf } from "../conversions/name";
import type { Selection } from "../conversions/selection";
import type { Conversions } from "../conversions/store";
import { explain } from "../explain";
import { ago, bytes, date, duration, moment, percent } from "../format";
import { notify } from "../notices";
import { Dialog, IconButton, Progress } from "../parts/controls";
import { texts } from "../texts";
import { ConvertAgain } from "./convert_again";
import { Player } from "./player";
import { RenameForm } from "./rename_form";
import { ShareLink } from "./share_link";

interface Props {
  id: string;
  conversions: Conversions;
  /** The id of the one whose player is open. */
  playing: Signal<string | null>;
  selection: Selection;
}

export function ConversionRow({ id, conversions, playing, selection }: Props) {
  const held = conversions.get(id);
  const [asking, ask] = useState(false);
  const [sharing, setSharing] = useState(false);
  const [renaming, setRenaming] = useState(false);
  const [again, setAgain] = useState(false);
  const renameButton = useFocusBack(renaming);
  const isPlaying = useComputed(() => playing.value === id).value;
  if (!held) return null;
  const conversion = held.value;
  const t = texts.value.conversion;
  const name = nameOf(conversion);
  const act = (action: () => Promise<void>): void => void action().catch((error: unknown) => notify(explain(error, texts.value), "problem"));
  const { status } = conversion;
  if (renaming) {
    return (
      <li class="row" data-state={status} data-id={id}>
        <RenameForm conversion={conversion} conversions={conversions} name={name} onEnd={() => setRenaming(false)} />
      </li>
    );
  }
  if (selection.isOpen.value) return <SelectableRow conversion={conversion} name={name} conversions={conversions} selection={selection} />;
  return (
    <li class="row" data-state={status} data-id={id}>
      <div class="row-text">
        <p class="name" dir="auto" title={name}>{name}</p>
        <p class="meta"><Meta conversion={conversion} /></p>
      </div>
      <div class="actions">
        {status === "completed" && (
          <>
            <IconButton icon={isPlaying ? "close" : "play"} label={isPlaying ? t.hide : t.play} aria-expanded={isPlaying} onClick={() => { playing.value = isPlaying ? null : id; }} />
            <IconButton icon="download" label={t.download} onClick={() => act(() => download(id))} />
            <IconButton icon="link" label={t.link} onClick={() => setSharing(true)} />
          </>
        )}
        <IconButton icon="pencil" label={t.rename} ref={renameButton} onClick={() => setRenaming(true)} />
        {hasVideo(conversion) && <IconButton icon="options" label={texts.value.again.button} onClick={() => setAgain(true)} />}
        {isActive(conversion) && <IconButton icon="close" label={t.cancel} onClick={() => act(() => cancel(conversions, id))} />}
        {(status === "failed" || status === "cancelled") && <IconButton icon="retry" label={t.retry} onClick={() => act(() => retry(conversions, id))} />}
        {!isActive(conversion) && <IconButton icon="trash" label={t.remove} onClick={() => ask(true)} />}
      </div>
      {isActive(conversion) && <Progress value={status === "converting" ? conversion.progress : null} label={t.progress(name)} />}
      {isPlaying && status === "completed" && <Player id={id} name={name} length={conversion.result?.duration ?? 0} />}
      {asking && (
        <Dialog title={t.removeAsk(name)} onClose={() => ask(false)}>
          <p>{t.removeText}</p>
          <div class="dialog-actions">
            <button type="button" onClick={() => ask(false)}>{t.keep}</button>
            <button type="button" class="danger" onClick={() => act(async () => { await remove(conversions, id); notify(t.removed); })}>{t.remove}</button>
          </div>
        </Dialog>
      )}
      {again && <ConvertAgain id={id} name={name} conversions={conversions} onClose={() => setAgain(false)} />}
      {sharing && <ShareLink id={id} onClose={() => setSharing(false)} />}
    </li>
  );
}

/** With Shift all rows between this and the last chosen one are chosen. */
function SelectableRow({ conversion, name, conversions, selection }: { conversion: Conversion; name: string; conversions: Conversions; selection: Selection }) {
  const { id, status } = conversion;
  const isChosen = useComputed(() => selection.ids.value.has(id)).value;
  const choose = (event: MouseEvent & { currentTarget: HTMLInputElement }): void =>
    selection.choose(id, event.currentTarget.checked, event.shiftKey, conversions.shown.value.ids.value);
  return (
    <li class="row selectable" data-state={status} data-id={id}>
      <label>
        <input type="checkbox" checked={isChosen} onClick={choose} />
        <span class="row-text">
          <span class="name" dir="auto" title={name}>{name}</span>
          <span class="meta"><Meta conversion={conversion} /></span>
        </span>
      </label>
    </li>
  );
}

/** The button that has opened something gets the focus back when that is closed. */
function useFocusBack(isOpen: boolean) {
  const button = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(false);
  useEffect(() => {
    if (wasOpen.current && !isOpen) button.current?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);
  return button;
}

function Meta({ conversion }: { conversion: Conversion }) {
  const t = texts.value.conversion;
  const { status, error, result, source, options, created_at, expires_at } = conversion;
  if (status === "failed" && error) return <span class="error">{t.errors[error.code] ?? error.message}</span>;
  const parts = [options.format.toUpperCase()];
  if (status !== "completed") parts.unshift(t.status[status] ?? status);
  if (status === "converting") parts.splice(1, 0, percent(conversion.progress));
  if (result) parts.push(duration(result.duration), bytes(result.size));
  else if (source.size !== null) parts.push(bytes(source.size));
  return (
    <>
      {parts.map((part, index) => <span key={index}>{part}</span>)}
      <time dateTime={created_at} title={moment(created_at)}>{ago(created_at)}</time>
      {status === "completed" && expires_at && <span class="optional">{t.expires(date(expires_at))}</span>}
    </>
  );
}
