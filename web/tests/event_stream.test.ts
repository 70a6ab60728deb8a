import { expect, test } from "vitest";
import { eventOf, eventsOf } from "../src/conversions/event_stream";

const encoder = new TextEncoder();

function bodyOf(...pieces: string[]): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(encoder.encode(piece));
      controller.close();
    },
  });
}

async function read(...pieces: string[]): Promise<[string, string][]> {
  const found: [string, string][] = [];
  for await (const { event, data } of eventsOf(bodyOf(...pieces))) found.push([event, data]);
  return found;
}

test("events are read wherever the network cuts them", async () => {
  const text = 'id: 1\nevent: progress\ndata: {"a":1}\n\n: still here\n\nevent: completed\r\ndata: {}\r\n\r\n';
  const whole = await read(text);
  expect(whole).toEqual([["progress", '{"a":1}'], ["completed", "{}"]]);
  for (let cut = 1; cut < text.indexOf("\r"); cut += 1) expect(await read(text.slice(0, cut), text.slice(cut))).toEqual(whole);
});

test("an event that is cut off is no event", async () => {
  expect(await read("event: completed\ndata: {}\n")).toEqual([]);
});

test("comments have no data, and several lines of it are one", () => {
  expect(eventOf(": comment")).toBeNull();
  expect(eventOf("data: a\ndata:b")?.data).toBe("a\nb");
});
