/** The node's answer as it is applied here. Nothing in this file knows a browser. */
import type { Types } from './keys/frames.ts';

/** How a speaker is to send, as the notice `voices` says. */
export interface Manner {
  /** Milliseconds of sound in a packet. */
  frameMS: number;
  /** So many frames later each frame is sent again. */
  repeat: readonly number[];
  /** All packets are of one length and come without a pause, so that nobody sees words in them. */
  even: boolean;
}

/** The payload types of the first section, the microphone's, which are those of all. */
export function typesOf(answer: string): Types {
  const [, microphone = ''] = sections(answer);
  const typeOf = (codec: string) => {
    const found = new RegExp(`^a=rtpmap:(\\d+) ${codec}/48000/2\\r?$`, 'm').exec(microphone);
    return found ? Number(found[1]) : undefined;
  };
  return { opus: typeOf('opus') ?? -1, red: typeOf('red') };
}

/**
 * The same answer, but the microphone's packets are as `how` says and, where
 * there is a payload type for it, are RED: a browser sends what stands first,
 * as often as it is told so.
 */
export function spoken(
  answer: string,
  how: Pick<Manner, 'frameMS' | 'even'>,
  red: number | undefined,
): string {
  const [session = '', microphone = '', ...slots] = sections(answer);
  const lines = microphone
    .split('\r\n')
    .filter((line) => line !== '' && !/^a=(max)?ptime:/.test(line))
    .map((line) => (how.even ? line.replace(/^(a=fmtp:.*)usedtx=1/, '$1usedtx=0;cbr=1') : line));
  if (red !== undefined) {
    const [, media = '', types = ''] = /^(m=audio \S+ \S+)((?: \d+)+)$/.exec(lines[0] ?? '') ?? [];
    const others = types.split(' ').filter((type) => type !== '' && Number(type) !== red);
    lines[0] = [media, red, ...others].join(' ');
  }
  lines.push(`a=ptime:${how.frameMS}`, '');
  return [session, lines.join('\r\n'), ...slots].join('');
}

/** The session's lines, then those of each section. */
function sections(sdp: string): string[] {
  return sdp.split(/^(?=m=)/m);
}
