/** The form that tries one call. */
import { useRef, useState } from "preact/hooks";
import { check, hasToken, token } from "./authorization";
import { example, isBinary, type OpenApi, type Operation, type Parameter, resolve, type Schema } from "./document";
import { FieldGroup, FileField, ValueField } from "./fields";
import { type Reply, send } from "./reply";
import { curl, type Entry, FORM, formFields, isText, keyOf, prepare } from "./request";
import { ReplyView } from "./reply_view";

export interface CallProps {
  id: string;
  document: OpenApi;
  method: string;
  path: string;
  operation: Operation;
}

export function CallForm({ id, document, method, path, operation }: CallProps) {
  const [entry, setEntry] = useState(() => initial(document, operation));
  const [reply, setReply] = useState<Reply | null>(null);
  const [running, setRunning] = useState<AbortController | null>(null);
  const busy = useRef(false);
  const button = useRef<HTMLButtonElement>(null);
  const change = (changed: Partial<Entry>): void => setEntry((before) => ({ ...before, ...changed }));

  const submit = async (): Promise<void> => {
    if (busy.current) return;
    busy.current = true;
    const controller = new AbortController();
    setRunning(controller);
    setReply(null);
    try {
      const sent = operation.security?.length ? await token() : null;
      const got = await send(prepare(method, path, operation, entry, sent), controller.signal, setReply);
      setReply(got);
      if (got.code === 401) check(sent);
    } catch (error) {
      const status = controller.signal.aborted ? "Stopped before a response came." : `Not sent: ${String(error)}`;
      setReply({ status, code: 0, kind: "bad", headers: [], text: null, body: null, took: 0 });
    } finally {
      busy.current = false;
      setRunning(null);
    }
  };
  const stop = (): void => {
    running?.abort();
    button.current?.focus(); // the button that stops is about to go
  };
  return (
    <form class="call" aria-label={`Try ${method.toUpperCase()} ${path}`} onSubmit={(event) => { event.preventDefault(); void submit(); }}>
      <h3>Try it</h3>
      <Parameters id={id} document={document} operation={operation} entry={entry} change={change} />
      <Body id={id} document={document} operation={operation} entry={entry} change={change} />
      <div class="buttons">
        <button ref={button} type="submit" class={method === "delete" ? "danger" : "primary"} aria-disabled={running !== null}>Send</button>
        {running && <button type="button" onClick={stop}>Stop</button>}
      </div>
      <CommandLine id={id} {...{ method, path, operation, entry }} />
      <ReplyView id={id} reply={reply} isRunning={running !== null} />
    </form>
  );
}

interface PartProps {
  id: string;
  document: OpenApi;
  operation: Operation;
  entry: Entry;
  change: (changed: Partial<Entry>) => void;
}

function Parameters({ id, document, operation, entry, change }: PartProps) {
  const field = (each: Parameter) => (
    <ValueField key={keyOf(each)} id={`${id}-${keyOf(each)}`} name={each.name} place={`in ${each.in}`}
      schema={resolve(document, each.schema ?? {})} value={entry.parameters[keyOf(each)] ?? ""}
      required={each.required ?? false} description={each.description}
      onInput={(value) => change({ parameters: { ...entry.parameters, [keyOf(each)]: value } })} />
  );
  const all = operation.parameters ?? [];
  return (
    <FieldGroup title="Optional parameters" required={all.filter((each) => each.required).map(field)}
      optional={all.filter((each) => !each.required).map(field)} />
  );
}

function FormBody({ id, document, entry, change, schema }: PartProps & { schema: Schema }) {
  const names = resolve(document, schema).required ?? [];
  const field = ([name, each]: [string, Schema]) => {
    const required = names.includes(name);
    return isBinary(each) ? (
      <FileField key={name} id={`${id}-body-${name}`} name={name} required={required} onChoose={(file) => change({ file })} />
    ) : (
      <ValueField key={name} id={`${id}-body-${name}`} name={name} place="in form" schema={each} required={required}
        value={entry.fields[name] ?? ""} onInput={(value) => change({ fields: { ...entry.fields, [name]: value } })} />
    );
  };
  const all = formFields(document, schema);
  return (
    <FieldGroup title="Optional form fields" required={all.filter(([name]) => names.includes(name)).map(field)}
      optional={all.filter(([name]) => !names.includes(name)).map(field)} />
  );
}

function Body(props: PartProps) {
  const { id, document, operation, entry, change } = props;
  const content = operation.requestBody?.content ?? {};
  const { mediaType } = entry;
  if (mediaType === null) return null;
  const types = Object.keys(content);
  const choose = (type: string): void => change({ mediaType: type, text: startOf(document, operation, type), fields: {}, file: null });
  return (
    <>
      {types.length > 1 && (
        <div class="field">
          <label for={`${id}-type`}>Body as</label>
          <select id={`${id}-type`} value={mediaType} onChange={(event) => choose(event.currentTarget.value)}>
            {types.map((type) => <option key={type} value={type}>{type}</option>)}
          </select>
        </div>
      )}
      {mediaType === FORM && <FormBody {...props} schema={content[mediaType]?.schema ?? {}} />}
      {mediaType !== FORM && isText(mediaType) && (
        <div class="field">
          <label for={`${id}-body`}>Body, <code>{mediaType}</code></label>
          <textarea id={`${id}-body`} rows={Math.min(16, entry.text.split("\n").length + 1)} spellcheck={false} value={entry.text}
            onInput={(event) => change({ text: event.currentTarget.value })} />
        </div>
      )}
      {mediaType !== FORM && !isText(mediaType) && (
        <FileField key={mediaType} id={`${id}-body`} name="Body" required={false} onChoose={(file) => change({ file })} />
      )}
    </>
  );
}

function CommandLine({ id, method, path, operation, entry }: Omit<CallProps, "document"> & { entry: Entry }) {
  const prepared = prepare(method, path, operation, entry, hasToken() ? "TOKEN" : null);
  const line = curl(prepared, entry, new URL(prepared.path, location.href).href);
  return (
    <details class="curl">
      <summary>As a command line</summary>
      <pre id={`${id}-curl`} role="group" aria-label="Command line" tabIndex={0}>{line}</pre>
    </details>
  );
}

function initial(document: OpenApi, operation: Operation): Entry {
  const mediaType = Object.keys(operation.requestBody?.content ?? {})[0] ?? null;
  const parameters: Record<string, string> = {};
  for (const each of operation.parameters ?? []) {
    const only = each.required ? resolve(document, each.schema ?? {}).enum?.[0] : undefined;
    if (only !== undefined) parameters[keyOf(each)] = String(only);
  }
  return { parameters, mediaType, text: mediaType ? startOf(document, operation, mediaType) : "", fields: {}, file: null };
}

function startOf(document: OpenApi, operation: Operation, mediaType: string): string {
  if (!isText(mediaType)) return "";
  return JSON.stringify(example(document, operation.requestBody?.content[mediaType]?.schema ?? {}), null, 2);
}
