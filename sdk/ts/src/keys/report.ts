/**
 * A report: sealed frames and the keys of just their windows, sealed to
 * moderators. `docs/protocol/keys.md`, section "Reports"; `sdk/go/report` is
 * the same in Go, and opens it.
 */
import { join, numbers } from './bytes.ts';
import { sealTo } from './letters.ts';
import type { Shown } from './ring.ts';

type Bytes = Uint8Array<ArrayBuffer>;

const version = 1;
const label = 'stoa 1 report';
const textMax = 2000; // bytes of UTF-8
const windowsMax = 3;
const framesMax = 750;
const frameMax = 1400; // bytes
const moderatorsMax = 8;
const keyNameLength = 8;

/** Of whom it is, from which room, when, and what the reporter says of it. */
export interface About {
  room: Bytes;
  who: Bytes;
  /** Milliseconds since 1970. */
  time: number;
  text: string;
}

/** The text, cut where it would be too long, between characters. */
function cut(text: string): Bytes {
  const bytes = new TextEncoder().encode(text);
  let end = Math.min(bytes.length, textMax);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.slice(0, end);
}

/** What moderators read. Of too much, the newest stays. */
export function writeReport({ room, who, time, text }: About, shown: Shown): Bytes {
  const said = cut(text);
  const windows = shown.windows.slice(-windowsMax);
  const frames = shown.frames.filter(({ length }) => length <= frameMax).slice(-framesMax);
  return join(
    ...[Uint8Array.of(version), room, who, shown.cert],
    ...[numbers([time, 8], [said.length, 2]), said],
    numbers([windows.length, 1]),
    ...windows.flatMap(({ kid, key }) => [numbers([kid, 8]), key]),
    numbers([frames.length, 2]),
    ...frames.flatMap((frame) => [numbers([frame.length, 2]), frame]),
  );
}

/** Seals a report to moderators' keys (X25519). Fails when one of them is no key. */
export async function sealReport(report: Bytes, moderators: readonly Bytes[]): Promise<Bytes> {
  if (moderators.length === 0 || moderators.length > moderatorsMax) {
    throw new RangeError('a report is sealed to 1 to 8 moderators');
  }
  const key = crypto.getRandomValues(new Uint8Array(16)); // for this report alone
  const entries = await Promise.all(
    moderators.map(async (to) => {
      const name = new Uint8Array(await crypto.subtle.digest('SHA-256', to)).slice(
        0,
        keyNameLength,
      );
      const { enc, sealed } = await sealTo(to, label, key);
      return join(name, enc, sealed);
    }),
  );
  const head = join(Uint8Array.of(version, moderators.length), ...entries);
  const gcm = await crypto.subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt']);
  const how = { name: 'AES-GCM', iv: new Uint8Array(12), additionalData: head };
  return join(head, new Uint8Array(await crypto.subtle.encrypt(how, gcm, report)));
}
