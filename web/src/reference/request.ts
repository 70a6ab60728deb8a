/** What a form of the API reference sends, and the same as a command line. */
import { isBinary, type Operation, type Parameter, resolve, type OpenApi, type Schema } from "./document";

export interface Entry {
  /** By `keyOf` of the parameter. */
  parameters: Record<string, string>;
  /** The chosen media type; null without a body. */
  mediaType: string | null;
  /** A body of text, such as JSON. */
  text: string;
  /** Fields of a form other than its file. */
  fields: Record<string, string>;
  /** The body, or a part of the form. */
  file: File | null;
}

export interface Prepared {
  method: string;
  /** Relative to the page, which may be below a path. */
  path: string;
  headers: [string, string][];
  body: BodyInit | null;
}

export const FORM = "multipart/form-data";

export function keyOf(parameter: Parameter): string {
  return `${parameter.in}-${parameter.name}`;
}

/** The fields of a form, its files last: a server then knows all options when the first byte of a file comes. */
export function formFields(document: OpenApi, schema: Schema): [string, Schema][] {
  const fields = Object.entries(resolve(document, schema).properties ?? {}).map(
    ([name, each]): [string, Schema] => [name, resolve(document, each)],
  );
  return [...fields.filter(([, each]) => !isBinary(each)), ...fields.filter(([, each]) => isBinary(each))];
}

export function prepare(method: string, path: string, operation: Operation, entry: Entry, token: string | null): Prepared {
  const headers = given(operation, entry, "header");
  // A call that anybody may make is sent as anybody makes it.
  if (token && operation.security?.length) headers.push(["Authorization", `Bearer ${token}`]);
  const type = contentType(entry);
  if (type) headers.push(["Content-Type", type]);
  return { method: method.toUpperCase(), path: address(path, operation, entry), headers, body: bodyOf(entry) };
}

export function curl(prepared: Prepared, entry: Entry, url: string): string {
  const head = prepared.method === "HEAD" ? "curl --head" : `curl -X ${prepared.method}`;
  const shown = prepared.headers.map(([name, value]) =>
    // A command line ends up in histories and in reports: the token stays out of it.
    name === "Authorization" ? `-H "Authorization: Bearer $TOKEN"` : `-H ${quote(`${name}: ${value}`)}`,
  );
  return [`${head} ${quote(url)}`, ...shown, ...curlBody(entry)].join(" \\\n  ");
}

function address(path: string, operation: Operation, entry: Entry): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(entry.parameters[`path-${name}`] ?? ""));
  const query = new URLSearchParams(given(operation, entry, "query")).toString();
  return filled.slice(1) + (query && `?${query}`);
}

function given(operation: Operation, entry: Entry, place: Parameter["in"]): [string, string][] {
  return (operation.parameters ?? [])
    .filter((each) => each.in === place && entry.parameters[keyOf(each)])
    .map((each) => [each.name, entry.parameters[keyOf(each)] ?? ""]);
}

/** Null where the browser adds it, or where there is no body. */
function contentType(entry: Entry): string | null {
  const { mediaType, file } = entry;
  if (mediaType === null || mediaType === FORM || bodyOf(entry) === null) return null;
  if (!mediaType.endsWith("/*")) return mediaType;
  return file?.type.startsWith(mediaType.slice(0, -1)) ? file.type : "application/octet-stream";
}

function bodyOf({ mediaType, text, fields, file }: Entry): BodyInit | null {
  if (mediaType === null) return null;
  if (mediaType !== FORM) return isText(mediaType) ? text.trim() || null : file;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
  if (file) form.append("file", file);
  return form;
}

export function isText(mediaType: string): boolean {
  return /^text\/|[/+]json$/.test(mediaType);
}

function curlBody({ mediaType, text, fields, file }: Entry): string[] {
  if (mediaType === null) return [];
  const name = file?.name ?? "FILE";
  if (mediaType !== FORM) {
    if (isText(mediaType)) return text.trim() ? [`--data-raw ${quote(text.trim())}`] : [];
    return [`--data-binary ${quote(`@${name}`)}`];
  }
  const filled = Object.entries(fields).filter(([, value]) => value);
  return [...filled.map(([key, value]) => `--form-string ${quote(`${key}=${value}`)}`), `-F ${quote(`file=@${name}`)}`];
}

/** One word of a POSIX shell. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
