import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { texts } from "../texts";
import { Icon, type IconName } from "./icon";

export function IconButton({ icon, label, onClick, ...more }: { icon: IconName; label: string; onClick: () => void } & Omit<JSX.IntrinsicElements["button"], "icon" | "onClick">) {
  return (
    <button type="button" class="icon-button" aria-label={label} title={label} onClick={onClick} {...more}>
      <Icon name={icon} />
    </button>
  );
}

export interface InputProps {
  type?: "email" | "password" | "text" | "url";
  autocomplete?: string;
  autocapitalize?: "none";
  spellcheck?: boolean;
  required?: boolean;
  minLength?: number;
  maxLength?: number;
}

export interface FieldProps {
  label: string;
  value: string;
  onInput: (value: string) => void;
  hint?: string | undefined;
  error?: string | undefined;
  input?: InputProps;
}

/** A labelled input with its hint and its error. */
export function Field({ label, value, onInput, hint, error, input }: FieldProps) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input id={id} value={value} onInput={(event) => onInput(event.currentTarget.value)}
        aria-describedby={notes || undefined} aria-invalid={error ? true : undefined} {...(input as object)} />
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
      {error && <p class="error" id={`${id}-error`}>{error}</p>}
    </div>
  );
}

const SECRET: InputProps = { type: "password", autocapitalize: "none", spellcheck: false, required: true, maxLength: 128 };

export function PasswordField({ input, ...more }: FieldProps) {
  const [shown, show] = useState(false);
  const t = texts.value.signIn;
  return (
    <div class="password">
      <Field {...more} input={{ ...SECRET, ...input, ...(shown ? { type: "text" } : {}) }} />
      <IconButton icon="eye" label={shown ? t.hide : t.show} aria-pressed={shown} onClick={() => show(!shown)} />
    </div>
  );
}

export function Select({ label, value, choices, onChange, disabled = false }: { label: string; value: string; choices: readonly (readonly [string, string])[]; onChange: (value: string) => void; disabled?: boolean }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} disabled={disabled} onChange={(event) => onChange(event.currentTarget.value)}>
        {choices.map(([key, text]) => <option key={key} value={key}>{text}</option>)}
      </select>
    </div>
  );
}

export function Progress({ value, label }: { value: number | null; label: string }) {
  return <progress aria-label={label} {...(value === null ? {} : { value: Math.min(1, value) })} max={1} />;
}

/** A modal dialog of the browser: it keeps the focus and closes with Escape. */
export function Dialog({ title, onClose, children }: { title: string; onClose: () => void; children: ComponentChildren }) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onClose={onClose} onClick={(event) => event.target === dialog.current && onClose()}>
      <div class="dialog-body">
        <h2 id={id}>{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export function Spinner() {
  return <p class="spinner" role="status">{texts.value.loading}</p>;
}

/** A big message in place of content: nothing here, no network, a problem. */
export function Message({ title, text, icon = "wave", children }: { title: string; text: string; icon?: IconName; children?: ComponentChildren }) {
  return (
    <div class="message">
      <Icon name={icon} />
      <h2>{title}</h2>
      <p>{text}</p>
      {children}
    </div>
  );
}
