/** A response as it came: status, header fields and body. */
import { useEffect, useState } from "preact/hooks";
import type { Reply } from "./reply";

export function ReplyView({ id, reply, isRunning }: { id: string; reply: Reply | null; isRunning: boolean }) {
  return (
    <>
      <p role="status" class={reply ? `reply-status ${reply.kind}` : "reply-status"}>
        {reply ? summary(reply) : isRunning ? "Waiting for a response…" : ""}
      </p>
      {reply !== null && reply.headers.length > 0 && (
        <details>
          <summary>Header fields ({reply.headers.length})</summary>
          <dl class="headers">
            {reply.headers.map(([name, value], place) => <div key={place}><dt>{name}</dt><dd>{value}</dd></div>)}
          </dl>
        </details>
      )}
      {reply?.text && <pre class="reply" id={`${id}-reply`} role="group" aria-label="Body of the response" tabIndex={0}>{reply.text}</pre>}
      {reply?.body && reply.body.size > 0 && <SaveLink body={reply.body} headers={reply.headers} />}
    </>
  );
}

function summary({ status, body, took, code }: Reply): string {
  if (code === 0) return status;
  return [status, `${Math.round(took)} ms`, ...(body ? [`${body.size} bytes`] : [])].join(", ");
}

function SaveLink({ body, headers }: { body: Blob; headers: [string, string][] }) {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    const made = URL.createObjectURL(body);
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [body]);
  return url && <p><a href={url} download={nameOf(headers)}>Save the body</a></p>;
}

function nameOf(headers: [string, string][]): string {
  const disposition = headers.find(([name]) => name === "content-disposition")?.[1] ?? "";
  return /filename="([^"]+)"/.exec(disposition)?.[1] ?? "response";
}
