/** Choosing a preset of the account, saving options as one, and deleting it. */
import { useState } from "preact/hooks";
import { explain } from "../explain";
import { notify } from "../notices";
import { Dialog, Field, IconButton, Select } from "../parts/controls";
import { texts } from "../texts";
import type { Options } from "../uploads/options";
import { presets, removePreset, savePreset, valuesOf } from "../uploads/presets";

/** Absent while there are none. */
export function PresetSelect({ chosen, onChange }: { chosen: Options; onChange: (change: Partial<Options>) => void }) {
  const t = texts.value.presets;
  const all = presets.value ?? [];
  if (all.length === 0) return null;
  const held = all.find(({ name }) => name === chosen.preset);
  const pick = (name: string): void => {
    const preset = all.find((each) => each.name === name);
    onChange(preset ? valuesOf(preset) : { preset: "" });
  };
  const remove = async (name: string): Promise<void> => {
    try {
      await removePreset(name);
      onChange({ preset: "" });
      notify(t.removed(name));
    } catch (error) {
      notify(explain(error, texts.value), "problem");
    }
  };
  return (
    <div class="presets">
      <Select label={t.label} value={held?.name ?? ""} onChange={pick} choices={[["", t.none], ...all.map(({ name }) => [name, name] as const)]} />
      {held && <IconButton icon="trash" label={t.remove(held.name)} onClick={() => void remove(held.name)} />}
    </div>
  );
}

export function SavePresetButton({ chosen, onSaved }: { chosen: Options; onSaved: (change: Partial<Options>) => void }) {
  const t = texts.value.presets;
  const [isOpen, setOpen] = useState(false);
  if (presets.value === null) return null;
  return (
    <>
      <button type="button" class="link" onClick={() => setOpen(true)}>{t.save}</button>
      {isOpen && <SavePreset chosen={chosen} onSaved={onSaved} onClose={() => setOpen(false)} />}
    </>
  );
}

const NAME = /^[A-Za-z0-9_-]{1,64}$/;

function SavePreset({ chosen, onSaved, onClose }: { chosen: Options; onSaved: (change: Partial<Options>) => void; onClose: () => void }) {
  const t = texts.value.presets;
  const [name, setName] = useState(chosen.preset);
  const [isDefault, setDefault] = useState(presets.value?.find((each) => each.name === chosen.preset)?.default ?? false);
  const [failure, setFailure] = useState<string | undefined>();
  const [busy, setBusy] = useState(false);
  const submit = async (): Promise<void> => {
    if (!NAME.test(name)) return setFailure(t.hint);
    setBusy(true);
    try {
      await savePreset(name, chosen, isDefault);
      onSaved({ preset: name });
      notify(t.saved(name));
      onClose();
    } catch (error) {
      setFailure(explain(error, texts.value));
      setBusy(false);
    }
  };
  return (
    <Dialog title={t.title} onClose={onClose}>
      <form noValidate onSubmit={(event) => { event.preventDefault(); if (!busy) void submit(); }}>
        <Field label={t.name} value={name} onInput={setName} hint={t.hint} error={failure === t.hint ? undefined : failure}
          input={{ autocomplete: "off", autocapitalize: "none", spellcheck: false, maxLength: 64 }} />
        {failure === t.hint && <p class="error" role="alert">{failure}</p>}
        <div class="checks"><label>
          <input type="checkbox" checked={isDefault} onChange={(event) => setDefault(event.currentTarget.checked)} />
          {t.isDefault}
        </label></div>
        <div class="dialog-actions">
          <button type="button" onClick={onClose}>{texts.value.cancel}</button>
          <button type="submit" class="primary" aria-disabled={busy}>{texts.value.save}</button>
        </div>
      </form>
    </Dialog>
  );
}
