/**
 * What a browser's encoded frames are outside of the seal and inside of it.
 * Outside, a frame is what packets of its payload type carry; inside it says
 * itself whether it is RED: `docs/protocol/keys.md`, section "Voices".
 */
import { parse, Repeater, write } from '../red.ts';
import type { Said } from './voice.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The payload types of a connection. `red` is missing where the browser knows none. */
export interface Types {
  opus: number;
  red: number | undefined;
}

/** An encoded frame, as far as it is looked at. */
export interface Frame {
  data: Bytes;
  type: number | undefined;
  /** In samples. */
  timestamp: number | undefined;
}

/** What one says, with copies of what one has said before. */
export class Sayings {
  readonly #repeater = new Repeater();

  /**
   * What is to be sealed for a frame, with the frames that were sent so many
   * frames before. Nothing, when there is nothing to send: a pause (DTX).
   */
  next({ data, type, timestamp }: Frame, types: Types, repeat: readonly number[]) {
    const frame = type !== undefined && type === types.red ? parse(data)?.frame : data;
    if (!frame?.length) return undefined;
    if (timestamp === undefined) return { payload: frame.slice(), redundant: false };
    const payload = this.#repeater.next(types.opus, timestamp, frame, repeat);
    // Without copies, RED is only a byte more.
    return repeat.length > 0
      ? { payload, redundant: true }
      : { payload: frame.slice(), redundant: false };
  }
}

/**
 * What the browser's decoder is given for what was said, by packets of a
 * payload type. Nothing, when it is malformed.
 */
export function played({ payload, redundant }: Said, type: number | undefined, types: Types) {
  const said = redundant ? parse(payload) : { type: types.opus, copies: [], frame: payload };
  if (!said) return undefined;
  if (types.red === undefined || type !== types.red) return said.frame.slice();
  // By the listener's own payload types: the speaker's mean nothing here.
  return write({ ...said, type: types.opus }) as Bytes;
}
