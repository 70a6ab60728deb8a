// Sends calls with fetch, one after the other; resolves to their results. Runs in Node.js and in a browser.
async function send(call, url, options) {
  await new Promise((resolve) => setTimeout(resolve, call.pause_s * 1000));
  try {
    const response = await fetch(url + call.path, {
      method: call.method,
      headers: call.headers,
      body: call.body || undefined,
      ...options,
    });
    const text = await response.text();
    const retryAfter = response.headers.get("retry-after");
    const connection = response.headers.get("connection");
    const body = text.slice(0, 4000);
    return { name: call.name, pause_s: call.pause_s, status: response.status, text: body, retryAfter, connection };
  } catch (error) {
    const cause = error.cause ? `${error.cause.code} ${error.cause.message}` : "";
    return { name: call.name, pause_s: call.pause_s, error: String(error), cause };
  }
}
