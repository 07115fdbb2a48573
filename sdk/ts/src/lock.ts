/** How a room is sealed, as far as one who is inside can know. */
import { StoaError } from './error.ts';
import type { Trust } from './keys/voice.ts';

export interface Lock {
  /** `waiting`: no key has come yet, so that nothing is heard and nothing is said. */
  state: 'waiting' | 'sealed';
  /** Which secret is in use, counted from 1; 0 while there is none. */
  epoch: number;
  /** Since when, by the clock of who has announced it. */
  since: Date | undefined;
  /** How many have the key now, oneself included. */
  holders: number;
  /** Who lets others in: a person on the stage. */
  steward: string | undefined;
  /** I do. */
  tending: boolean;
  /** Nothing is played before it is proven to be its speaker's. */
  proven: boolean;
  /** Six groups of five digits, the same for all who share the key; empty while waiting. */
  code: string;
  /** Who may speak, by slots. */
  voices: readonly SealedVoice[];
}

export interface SealedVoice {
  who: string;
  /** The public key of the device that they speak by, base64url. */
  device: string;
  /** What their signatures say of what was heard; `unheard` when nothing was. */
  trust: Trust | 'unheard';
}

export const waiting: Lock = {
  ...{ state: 'waiting', epoch: 0, since: undefined, holders: 0, steward: undefined },
  ...{ tending: false, proven: false, code: '', voices: [] },
};

/**
 * Whether this browser can seal and open what is said: encoded transforms in a
 * worker, Ed25519 and X25519. One that cannot does not come in; there is no
 * clear mode.
 */
export async function canSeal(): Promise<boolean> {
  if (!globalThis.RTCRtpScriptTransform || !globalThis.crypto?.subtle) return false;
  try {
    await Promise.all([
      crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify']),
      crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits']),
    ]);
    return true;
  } catch {
    return false;
  }
}

/** Why such a browser is not let in. */
export const noSealing = () =>
  new StoaError({ code: 'no_sealing', title: 'This browser cannot seal what is said', status: 0 });
