/** Fields of the forms of the API reference. Ids are given: each form is a tree of its own. */
import type { ComponentChild } from "preact";
import type { Schema } from "./document";

/** More optional fields than this are folded. */
const MOST_SHOWN = 6;

export function FieldGroup({ title, required, optional }: { title: string; required: ComponentChild[]; optional: ComponentChild[] }) {
  const folds = optional.length > MOST_SHOWN;
  const shown = folds ? required : [...required, ...optional];
  return (
    <>
      {shown.length > 0 && <div class="fields">{shown}</div>}
      {folds && (
        <details>
          <summary>{title} ({optional.length})</summary>
          <div class="fields">{optional}</div>
        </details>
      )}
    </>
  );
}

interface FieldProps {
  id: string;
  name: string;
  schema: Schema;
  value: string;
  required?: boolean;
  place?: string;
  description?: string | undefined;
  onInput: (value: string) => void;
}

export function ValueField({ id, name, schema, value, required = false, place, description, onInput }: FieldProps) {
  const hint = [description || schema.description, limits(schema)].filter(Boolean).join(" ");
  const common = { id, required, "aria-describedby": hint ? `${id}-hint` : undefined };
  const choices = schema.type === "boolean" ? ["true", "false"] : schema.enum?.map(String);
  return (
    <div class="field">
      <label for={id}><code>{name}</code>{place && ` ${place}`}{required && ", required"}</label>
      {choices ? (
        <select {...common} value={value} onChange={(event) => onInput(event.currentTarget.value)}>
          <option value="">{required ? "" : "not sent"}</option>
          {choices.map((each) => <option key={each} value={each}>{each}</option>)}
        </select>
      ) : (
        <input {...common} type="text" value={value} autocomplete="off" autocapitalize="none" spellcheck={false}
          inputMode={schema.type === "integer" ? "numeric" : undefined} onInput={(event) => onInput(event.currentTarget.value)} />
      )}
      {hint && <p class="hint" id={`${id}-hint`}>{hint}</p>}
    </div>
  );
}

export function FileField({ id, name, required, onChoose }: { id: string; name: string; required: boolean; onChoose: (file: File | null) => void }) {
  return (
    <div class="field">
      <label for={id}><code>{name}</code> file{required && ", required"}</label>
      <input id={id} type="file" required={required} onChange={(event) => onChoose(event.currentTarget.files?.[0] ?? null)} />
    </div>
  );
}

function limits(schema: Schema): string {
  return schema.default === undefined || schema.default === null ? "" : `Default: ${String(schema.default)}.`;
}
