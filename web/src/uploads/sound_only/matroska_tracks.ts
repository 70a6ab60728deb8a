/** The tracks of a Matroska file: which are pictures, and whether its sound may be taken out (RFC 9559, 5.1.4). */
import { elementsIn, unsigned } from "./ebml";
import { Unfit } from "./outcome";

const [ENTRY, NUMBER, TYPE, CODEC, ENCODINGS, ENCODING, ENCRYPTION] = [0xae, 0xd7, 0x83, 0x86, 0x6d80, 0x6240, 0x5035];
const [PICTURE, SOUND] = [1, 2];
/** Codecs of sound for which equal results are proven by tests. */
const PROVEN = /^(A_AAC(\/.*)?|A_OPUS|A_VORBIS|A_MPEG\/L3|A_FLAC|A_AC3|A_EAC3)$/;

/** The numbers of the tracks of pictures. */
export function readTracks(content: Uint8Array): Set<number> {
  const pictures = new Set<number>();
  let sounds = 0;
  for (const entry of elementsIn(content).filter(({ id }) => id === ENTRY)) {
    const parts = elementsIn(entry.bytes);
    const partOf = (wanted: number): Uint8Array => parts.find(({ id }) => id === wanted)?.bytes ?? new Uint8Array();
    if (isEncrypted(partOf(ENCODINGS))) throw new Unfit("protected");
    const type = unsigned(partOf(TYPE));
    if (type === PICTURE) pictures.add(unsigned(partOf(NUMBER)));
    if (type !== SOUND) continue;
    sounds += 1;
    if (!PROVEN.test(new TextDecoder().decode(partOf(CODEC)).replace(/\0+$/, ""))) throw new Unfit("codec");
  }
  if (sounds === 0) throw new Unfit("mute");
  return pictures;
}

function isEncrypted(encodings: Uint8Array): boolean {
  return elementsIn(encodings).some(({ id, bytes }) => id === ENCODING && elementsIn(bytes).some((each) => each.id === ENCRYPTION));
}
