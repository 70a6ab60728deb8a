import { afterEach, expect, test, vi } from "vitest";
import { example, type OpenApi, type Operation, resolve } from "../src/reference/document";
import { curl, type Entry, formFields, prepare, type Prepared } from "../src/reference/request";
import { pretty, type Reply, send } from "../src/reference/reply";

const DOCUMENT: OpenApi = {
  paths: {},
  components: {
    schemas: {
      Person: {
        type: "object",
        required: ["email", "age", "tags"],
        properties: { email: { type: "string", format: "email" }, age: { type: "integer" }, tags: { type: "array", items: { type: "string" } }, note: { type: "string" } },
      },
      Change: { type: "object", properties: { title: { type: ["string", "null"] }, format: { type: "string", enum: ["mp3", "wav"] } } },
      Tree: { type: "object", required: ["child"], properties: { child: { $ref: "#/components/schemas/Tree" } } },
    },
  },
};
const OPERATION: Operation = {
  security: [{ bearer: [] }],
  parameters: [
    { name: "id", in: "path", required: true },
    { name: "q", in: "query" },
    { name: "limit", in: "query" },
    { name: "Range", in: "header" },
  ],
};
const REQUEST = { method: "GET", path: "v1/x", headers: [], body: null } satisfies Prepared;
const EMPTY: Entry = { parameters: {}, mediaType: null, text: "", fields: {}, file: null };
const FILE = new File(["x"], "it's.mp4", { type: "video/mp4" });

test("an example has the required fields, or all fields where none is required", () => {
  expect(example(DOCUMENT, { $ref: "#/components/schemas/Person" })).toEqual({ email: "me@example.org", age: 0, tags: [""] });
  expect(example(DOCUMENT, { oneOf: [{ type: "null" }, { $ref: "#/components/schemas/Change" }] })).toEqual({ title: "", format: "mp3" });
});

test("a schema that contains itself has an example that ends", () => {
  expect(JSON.stringify(example(DOCUMENT, { $ref: "#/components/schemas/Tree" })).length).toBeLessThan(200);
});

test("what stands beside alternatives is kept", () => {
  expect(resolve(DOCUMENT, { description: "a page", oneOf: [{ type: "string" }, { type: "null" }] })).toMatchObject({ type: "string", description: "a page" });
});

test("parameters are escaped in their places, and those without a value are left out", () => {
  const entry = { ...EMPTY, parameters: { "path-id": "a/b?c", "query-q": "1 & 2", "query-limit": "", "header-Range": "bytes=0-9" } };
  expect(prepare("get", "/v1/things/{id}", OPERATION, entry, "secret")).toEqual({
    method: "GET", path: "v1/things/a%2Fb%3Fc?q=1+%26+2", headers: [["Range", "bytes=0-9"], ["Authorization", "Bearer secret"]], body: null,
  });
});

test("a call that needs no token is sent without one", () => {
  expect(prepare("get", "/healthz", {}, EMPTY, "secret").headers).toEqual([]);
});

test("a body has its media type: a form the browser's own, a wildcard that of the file", () => {
  const typeOf = (entry: Partial<Entry>): string | undefined =>
    prepare("post", "/x", {}, { ...EMPTY, ...entry }, null).headers.find(([name]) => name === "Content-Type")?.[1];
  expect(typeOf({ mediaType: "application/json", text: "{}" })).toBe("application/json");
  expect(typeOf({ mediaType: "application/json", text: " " })).toBe(undefined);
  expect(typeOf({ mediaType: "multipart/form-data", file: FILE })).toBe(undefined);
  expect(typeOf({ mediaType: "video/*", file: FILE })).toBe("video/mp4");
  expect(typeOf({ mediaType: "audio/*", file: FILE })).toBe("application/octet-stream");
});

test("a form ends with its file", () => {
  const schema = { properties: { file: { type: "string", format: "binary" }, format: { type: "string" } } };
  expect(formFields(DOCUMENT, schema).map(([name]) => name)).toEqual(["format", "file"]);
  const { body } = prepare("post", "/x", {}, { ...EMPTY, mediaType: "multipart/form-data", fields: { format: "wav", title: "" }, file: FILE }, null);
  expect([...(body as FormData).keys()]).toEqual(["format", "file"]);
});

test("the command line is quoted for a shell and does not contain the token", () => {
  const entry = { ...EMPTY, mediaType: "multipart/form-data", fields: { title: "it's; $HOME" }, file: FILE };
  const line = curl(prepare("post", "/x", { security: [{ bearer: [] }] }, entry, "secret"), entry, "http://h/x?a='b'");
  expect(line).toBe(
    `curl -X POST 'http://h/x?a='\\''b'\\''' \\\n  -H "Authorization: Bearer $TOKEN" \\\n` +
      `  --form-string 'title=it'\\''s; $HOME' \\\n  -F 'file=@it'\\''s.mp4'`,
  );
});

test("JSON is indented, and what only claims to be JSON is shown as it is", () => {
  expect(pretty('{"a":1}', "application/problem+json")).toBe('{\n  "a": 1\n}');
  expect(pretty("{a", "application/json")).toBe("{a");
  expect(pretty('{"a":1}', "text/plain")).toBe('{"a":1}');
});

afterEach(() => vi.unstubAllGlobals());

/** Answers with an event stream of these parts, which ends with an error where `broken`. */
function streaming(parts: readonly string[], broken = false): void {
  let at = 0;
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const part = parts[at++];
      if (part !== undefined) controller.enqueue(new TextEncoder().encode(part));
      else if (broken) controller.error(new Error("cut off"));
      else controller.close();
    },
  });
  vi.stubGlobal("fetch", async () => new Response(body, { headers: { "Content-Type": "text/event-stream; charset=utf-8" } }));
}

test.each([false, true])("an event stream is shown as it grows, also when it is cut off (%s)", async (broken) => {
  streaming(["data: 1\n\n", "data: 2\n\n"], broken);
  const seen: Reply[] = [];
  const last = await send(REQUEST, new AbortController().signal, (reply) => seen.push(reply));
  expect(seen.map((reply) => reply.text)).toEqual(["", "data: 1\n\n", "data: 1\n\ndata: 2\n\n"]);
  expect(last.text).toBe("data: 1\n\ndata: 2\n\n");
});

test("an event stream that does not end is read no further than it can be shown", async () => {
  streaming(Array.from({ length: 1_000 }, () => "x".repeat(100_000)));
  const { text } = await send(REQUEST, new AbortController().signal, () => undefined);
  expect(text?.length).toBe(400_000);
});

test("the reason is shown when no response comes", async () => {
  vi.stubGlobal("fetch", async () => { throw new TypeError("Failed to fetch"); });
  const reply = await send(REQUEST, new AbortController().signal, () => undefined);
  expect(reply).toMatchObject({ status: "No response: Failed to fetch", kind: "bad", code: 0 });
});
