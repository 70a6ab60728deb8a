/**
 * Files that another app shares with the installed page (Web Share Target). They wait in a cache, because a person who
 * is signed out has to sign in first; the page asks before it sends them. Any site can send such a form, so that what
 * it fills is bounded.
 */
// As in uploads/shared_files.ts, which is no part of the service worker: that is one file.
const CACHE = "tonegate-shared";
const FIELD = "videos";
const MOST_FILES = 20;
/** Of the room that the browser gives to this site: uploads that are under way need some too. */
const SHARE_OF_ROOM = 0.5;

/** Whether a request is the form that the browser sends for `share_target` of the manifest. */
export function isShared({ method, mode, url }: Request, base: string): boolean {
  return method === "POST" && mode === "navigate" && url === new URL("share", base).href;
}

/** Keeps the files, in place of those of an earlier share, and leads to the page. */
export async function keepShared(request: Request): Promise<Response> {
  try {
    const files = (await request.formData()).getAll(FIELD).filter((each) => each instanceof File);
    // One at a time: the form that comes last is the one that is kept.
    if (files.length > 0) await navigator.locks.request(CACHE, () => keep(files));
    return Response.redirect("./", 303);
  } catch {
    return Response.redirect("./#share-failed", 303);
  }
}

async function keep(files: readonly File[]): Promise<void> {
  const cache = await caches.open(CACHE);
  const earlier = await cache.keys();
  await refuseTooMuch(files);
  const share = `shared/${crypto.randomUUID()}`;
  const names = files.map((file, place) => `${share}/${place}?${new URLSearchParams({ name: file.name, at: `${Date.now()}` })}`);
  try {
    for (const [place, file] of files.entries()) await cache.put(names[place]!, new Response(file));
  } catch (error) {
    for (const name of names) await cache.delete(name);
    throw error;
  }
  for (const each of earlier) await cache.delete(each);
}

/** Throws where the files are too many, or larger than what may be stored. */
async function refuseTooMuch(files: readonly File[]): Promise<void> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  const size = files.reduce((sum, each) => sum + each.size, 0);
  if (files.length > MOST_FILES || size > (quota - usage) * SHARE_OF_ROOM) throw new Error("too much");
}
