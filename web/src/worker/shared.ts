/**
 * Files that another app shares with the installed page (Web Share Target). They wait in a cache, because a person who
 * is signed out has to sign in first; the page asks before it sends them.
 */
const CACHE = "tonegate-shared";
const FIELD = "videos";

/** Whether a request is the form that the browser sends for `share_target` of the manifest. */
export function isShared({ method, url }: Request, base: string): boolean {
  return method === "POST" && url === new URL("share", base).href;
}

/** Keeps the files, in place of those of an earlier share, and leads to the page. */
export async function keepShared(request: Request): Promise<Response> {
  try {
    const files = (await request.formData()).getAll(FIELD).filter((each) => each instanceof File);
    await caches.delete(CACHE);
    const cache = await caches.open(CACHE);
    for (const [place, file] of files.entries()) {
      await cache.put(`shared/${place}?${new URLSearchParams({ name: file.name })}`, new Response(file));
    }
    return Response.redirect("./", 303);
  } catch {
    // Most likely the device has no room.
    return Response.redirect("./#share-failed", 303);
  }
}
