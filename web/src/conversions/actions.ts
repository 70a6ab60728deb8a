/** What can be done with a conversion. */
import { call, json } from "../session/api";
import { Problem } from "../session/problem";
import { localLink } from "./link";
import type { Conversion } from "./model";
import type { Conversions } from "./store";

const PLAY_S = 6 * 3600;
const SHARE_S = 30 * 24 * 3600;

export interface Link {
  url: string;
  expires_at: string;
}

export async function cancel(conversions: Conversions, id: string): Promise<void> {
  conversions.put(await json<Conversion>(`v1/conversions/${id}/cancel`, { method: "POST" }), true);
}

export async function retry(conversions: Conversions, id: string): Promise<void> {
  conversions.put(await json<Conversion>(`v1/conversions/${id}/retry`, { method: "POST" }), true);
}

/** Another conversion of the same stored video; `fields` are its options. */
export async function convertAgain(conversions: Conversions, id: string, fields: Record<string, string>): Promise<void> {
  conversions.put(await json<Conversion>("v1/conversions", { body: { source: id, ...fields } }), true);
}

/** Without a title it has the name of its file. */
export async function rename(conversions: Conversions, id: string, title: string | null): Promise<void> {
  conversions.put(await json<Conversion>(`v1/conversions/${id}`, { method: "PATCH", body: { title } }), true);
}

export async function remove(conversions: Conversions, id: string): Promise<void> {
  try {
    await call(`v1/conversions/${id}`, { method: "DELETE" });
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
  }
  conversions.drop(id);
}

/** A link to the audio for this page: without the host, which may be another one than this page was opened at. */
export async function mediaLink(id: string): Promise<string> {
  return localLink((await link(id, PLAY_S)).url);
}

/** By a link that the browser follows itself: the audio never goes through the memory of the page. */
export async function download(id: string): Promise<void> {
  follow(await mediaLink(id));
}

function follow(url: string): void {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = "";
  anchor.click();
}

/** As one ZIP, by a link like that of `download`. */
export async function downloadArchive(ids: readonly string[]): Promise<void> {
  const { url } = await json<Link>("v1/conversions/archive", { body: { ids } });
  follow(localLink(url));
}

/** A link to give to others. */
export async function shareLink(id: string): Promise<Link> {
  return link(id, SHARE_S);
}

/** Ends all links to the audio that were made so far, those in mails too. */
export async function endLinks(id: string): Promise<void> {
  await call(`v1/conversions/${id}/link`, { method: "DELETE" });
}

function link(id: string, seconds: number): Promise<Link> {
  return json<Link>(`v1/conversions/${id}/link`, { body: { expires_in: seconds } });
}
