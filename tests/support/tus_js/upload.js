// Uploads FILE with npm's tus-js-client. Tells what happens in lines of JSON, and goes on after a pause when it is told
// to by a line on standard input.
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { PassThrough } from 'node:stream';
import { Upload } from 'tus-js-client';

const { ENDPOINT, TOKEN, FILE, METADATA, PAUSE_AT, CHUNK_SIZE, PARALLEL, DEFERRED } = process.env;
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
let conversion = null;
let pauseAt = Number(PAUSE_AT);

// A stream that is not a file's has an unknown size.
const source = DEFERRED ? createReadStream(FILE).pipe(new PassThrough()) : createReadStream(FILE);
const upload = new Upload(source, {
  endpoint: ENDPOINT,
  headers: { Authorization: `Bearer ${TOKEN}` },
  metadata: JSON.parse(METADATA),
  chunkSize: CHUNK_SIZE ? Number(CHUNK_SIZE) : Number.POSITIVE_INFINITY,
  parallelUploads: Number(PARALLEL),
  uploadLengthDeferred: Boolean(DEFERRED),
  retryDelays: [100, 500, 1000, 2000, 4000],
  onAfterResponse: (_, answer) => {
    conversion = answer.getHeader('Tonegate-Conversion-Id') ?? conversion;
  },
  onProgress: async (sent) => {
    if (pauseAt && sent >= pauseAt) {
      pauseAt = 0;
      await upload.abort();
      say('paused', { sent, url: upload.url });
    }
  },
  onSuccess: () => {
    say('success', { conversion, url: upload.url });
    process.exit(0);
  },
  onError: (error) => {
    say('error', { message: String(error) });
    process.exit(1);
  },
});

createInterface({ input: process.stdin }).on('line', () => upload.start());
upload.start();
