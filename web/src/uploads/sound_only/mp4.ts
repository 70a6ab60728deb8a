/**
 * An MP4 or MOV file without its pictures, except the first and the last of each track. Everything else stays byte by byte:
 * tracks with their edit lists and flags, tags, chapters, covers. Only the places of the data are new.
 */
import { box, boxesIn, boxesOf, type Box } from "./boxes";
import { Mp4Track } from "./mp4_track";
import { Unfit } from "./outcome";
import { LARGEST_BYTES, Sink } from "./sink";
import type { Source } from "./source";

const LARGEST_MOVIE_BYTES = 64 * 1024 * 1024;
const FRAGMENTS = new Set(["moof", "mfra", "sidx", "ssix", "styp", "mvex"]);
const DATA = "mdat";
const PADDING = new Set(["free", "skip", "wide"]);
const KNOWN = new Set(["ftyp", "moov", "udta", "uuid", "pdin", DATA, ...PADDING]);

/** A chunk that is kept: the place of its track in the file, its own in the track. */
interface Piece {
  track: number;
  chunk: number;
  at: number;
  size: number;
}

export async function soundOfMp4(source: Source): Promise<Blob[]> {
  const top = await boxesOf(source);
  checkTop(top);
  const movie = top.find(({ name }) => name === "moov")!;
  if (movie.end - movie.at > LARGEST_MOVIE_BYTES) throw new Unfit("large");
  const content = await source.copy(movie.content, movie.end - movie.content);
  const tracks = tracksOf(content);
  if (!tracks.some(({ isSound }) => isSound)) throw new Unfit("mute");
  if (tracks.some(({ end }) => end > source.size)) throw new Unfit("damaged");
  if (!tracks.some(({ isShortened }) => isShortened)) throw new Unfit("little");
  const pieces = piecesOf(tracks);
  const length = pieces.reduce((sum, { size }) => sum + size, 0);
  if (length > LARGEST_BYTES) throw new Unfit("large");

  const sink = new Sink();
  const others = top.filter(({ name }) => name !== "moov" && name !== DATA && !PADDING.has(name));
  if (others.reduce((sum, { at, end }) => sum + end - at, 0) > LARGEST_MOVIE_BYTES) throw new Unfit("large");
  for (const each of others) if (each.name === "ftyp") sink.add(await source.copy(each.at, each.end - each.at));
  for (const each of others) if (each.name !== "ftyp") sink.add(await source.copy(each.at, each.end - each.at));
  const size = movieAt(content, tracks, placesOf(pieces, tracks, 0)).length;
  sink.add(movieAt(content, tracks, placesOf(pieces, tracks, sink.size + size + 8)));
  sink.add(dataHeader(length));
  for (const { at, size: bytes } of pieces) sink.add(await source.view(at, bytes));
  return sink.finish();
}

function checkTop(top: readonly Box[]): void {
  const names = top.map(({ name }) => name);
  if (names.some((name) => FRAGMENTS.has(name))) throw new Unfit("fragmented");
  if (names.filter((name) => name === "moov").length !== 1) throw new Unfit("damaged");
  if (!names.every((name) => KNOWN.has(name))) throw new Unfit("unusual");
}

function tracksOf(movie: Uint8Array): Mp4Track[] {
  const boxes = boxesIn(movie, 0, movie.length);
  if (boxes.some(({ name }) => FRAGMENTS.has(name))) throw new Unfit("fragmented");
  if (boxes.some(({ name }) => name === "pssh")) throw new Unfit("protected");
  if (boxes.some(({ name }) => name === "cmov")) throw new Unfit("unusual");
  return boxes.filter(({ name }) => name === "trak").map((each) => new Mp4Track(movie.subarray(each.content, each.end)));
}

/** All chunks that are kept, in the order of the file. */
function piecesOf(tracks: readonly Mp4Track[]): Piece[] {
  return tracks
    .flatMap(({ chunks }, track) => chunks.map(({ at, size }, chunk) => ({ track, chunk, at, size })))
    .sort((one, other) => one.at - other.at || one.track - other.track || one.chunk - other.chunk);
}

/** The new places of each track's chunks, the first at `begin`. */
function placesOf(pieces: readonly Piece[], tracks: readonly Mp4Track[], begin: number): number[][] {
  const places = tracks.map(({ chunks }) => new Array<number>(chunks.length).fill(0));
  let at = begin;
  for (const { track, chunk, size } of pieces) {
    places[track]![chunk] = at;
    at += size;
  }
  return places;
}

function movieAt(movie: Uint8Array, tracks: readonly Mp4Track[], places: readonly number[][]): Uint8Array {
  let track = 0;
  const parts = boxesIn(movie, 0, movie.length).map(({ name, at, end }) => {
    if (name !== "trak") return movie.subarray(at, end);
    track += 1;
    return box("trak", tracks[track - 1]!.at(places[track - 1]!));
  });
  return box("moov", ...parts);
}

function dataHeader(length: number): Uint8Array {
  const header = box(DATA);
  new DataView(header.buffer).setUint32(0, header.length + length);
  return header;
}
