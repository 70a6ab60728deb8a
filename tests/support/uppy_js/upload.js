// Uploads FILE with npm's Uppy and its tus plugin. Tells what happens in lines of JSON, and goes on after a pause when it
// is told to by a line on standard input.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import Uppy from '@uppy/core';
import Tus from '@uppy/tus';

const { ENDPOINT, TOKEN, FILE, METADATA, PAUSE_AT, CHUNK_SIZE } = process.env;
const say = (event, more = {}) => console.log(JSON.stringify({ event, ...more }));
let conversion = null;
let pauseAt = Number(PAUSE_AT);

const uppy = new Uppy().use(Tus, {
  endpoint: ENDPOINT,
  headers: { Authorization: `Bearer ${TOKEN}` },
  chunkSize: Number(CHUNK_SIZE) || Number.POSITIVE_INFINITY,
  retryDelays: [100, 500, 1000, 2000, 4000],
  onAfterResponse: (_, answer) => {
    conversion = answer.getHeader('Tonegate-Conversion-Id') ?? conversion;
  },
});

uppy.on('upload-progress', (file, progress) => {
  if (pauseAt && progress.bytesUploaded >= pauseAt) {
    pauseAt = 0;
    uppy.pauseAll();
    say('paused', { sent: progress.bytesUploaded });
  }
});
uppy.on('upload-error', (_, error) => {
  say('error', { message: String(error) });
  process.exit(1);
});
uppy.on('upload-success', (_, answer) => {
  say('success', { conversion, url: answer.uploadURL });
  process.exit(0);
});

// The tus client reads a Buffer in Node.js, where Uppy expects a File with its size.
const bytes = readFileSync(FILE);
const data = Object.assign(bytes, { size: bytes.length });

createInterface({ input: process.stdin }).on('line', () => uppy.resumeAll());
uppy.addFile({ name: basename(FILE), type: 'video/mp4', data, meta: JSON.parse(METADATA) });
uppy.upload();
