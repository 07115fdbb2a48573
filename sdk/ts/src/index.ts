/**
 * Join a Stoa room from a web page:
 *
 *     import { join } from '@stoa/client';
 *     const room = await join(location.href);
 *     room.voices.subscribe((who) => console.log(who.size, 'speak'));
 *
 * Sound plays by itself. State is in signals (`room.stage.value`,
 * `room.stage.subscribe(…)`), acts are methods that return promises, and what
 * goes wrong is a `StoaError`.
 */
import { House } from './house.ts';
import { Live } from './live.ts';
import type { Granted, Seat, SeatOptions } from './seat.ts';

export { backupInput } from './backup.ts';
export {
  type Device,
  type DeviceState,
  deviceState,
  forgetDevice,
  openBackedUpDevice,
  openDevice,
} from './device.ts';
export { asStoaError, type Problem, StoaError, type Violation } from './error.ts';
export { House } from './house.ts';
export type * from './http.ts';
export type { Way, WayHop } from './itinerary.ts';
export { fromText, toText } from './keys/messages.ts';
export type { Piece } from './keys/ring.ts';
export { Live, watchConversations, watchHallway, watchNews, watchPlans } from './live.ts';
export { canSeal, type Lock, noSealing, type SealedVoice, waiting } from './lock.ts';
export type { MediaState } from './media.ts';
export { newsSettings, notPushHere, ping, pushHere, seeNews, setNewsSettings } from './news.ts';
export type {
  ChatPolicy,
  CutReason,
  Emoji,
  HandPolicy,
  Itinerary,
  Participant,
  Pinning,
  Poll,
  Reactions,
  Role,
  RoomEvent,
  Tally,
  View,
} from './protocol.ts';
export { apply, emojis, hostOf, isOpen, isQuiet, mayRaise, onStage, queue } from './room.ts';
// The class itself is at '@stoa/client/seat', for those who load it when it is needed.
export type { Ending, Granted, Seat, SeatOptions, SeatState, Warning, Writing } from './seat.ts';
export { openShelf, type Shelf } from './shelf.ts';

export interface JoinOptions extends SeatOptions {
  /** Gets a grant for each entry; by default the session cookie's person asks for one. */
  grant?: () => Promise<string | Granted>;
}

/** Opens the live connection to a node. `stop` ends it. */
export function connect(house: House): Live {
  return new Live((deputy) => new WebSocket(deputy ? new House(deputy).liveURL : house.liveURL));
}

/** Enters the room with this address, `https://node/r/{room}`. `leave` ends it. */
export async function join(url: string | URL, options: JoinOptions = {}): Promise<Seat> {
  const address = new URL(url);
  const room = address.pathname.split('/').pop() ?? '';
  const house = new House(address);
  const live = connect(house);
  try {
    const grant = options.grant ?? (() => house.grant(room));
    const { Seat } = await import('./seat.ts');
    const seat = await Seat.take(live, room, grant, options);
    const forget = seat.state.subscribe((state) => {
      if (state !== 'over') return;
      live.stop();
      queueMicrotask(() => forget());
    });
    return seat;
  } catch (problem) {
    live.stop();
    throw problem;
  }
}
export { forgetSealed } from './sealed-shelf.ts';
