/** The link relative to the page. Below a path the page has the same one as the link. */
export function localLink(url: string): string {
  return url.slice(url.lastIndexOf("/v1/") + 1);
}
