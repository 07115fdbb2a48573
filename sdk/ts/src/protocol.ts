/**
 * What a client and a node say to each other over the live WebSocket, as
 * docs/protocol/signal.md describes it.
 */

import type { Problem } from './error.ts';
import type { Visibility } from './http.ts';

export type Role = 'listener' | 'speaker' | 'moderator';
export type HandPolicy = 'off' | 'followed' | 'everyone';

export interface Participant {
  who: string;
  name: string;
  role: Role;
  muted: boolean;
  /** Somebody on the stage follows this person. */
  followed: boolean;
  /** Numbers of the events that made it so, and thereby orders of standing. */
  entered: number;
  hand?: number;
  stage?: number;
  chair?: number;
  /** The connection is lost; the seat is held until then. */
  away_until?: string;
  /** There is an invitation to the stage, open until then. */
  asked_until?: string;
}

export interface View {
  seq: number;
  opened: string;
  ended?: true;
  title: string;
  visibility: Visibility;
  hands: HandPolicy;
  /** In the order they came in. */
  people: readonly Participant[];
}

type Nothing = Record<string, never>;
type Who = { who: string };

/** The requests, by name, with their bodies. */
export interface Requests {
  ping: Nothing;
  watch_hallway: Nothing;
  enter: { grant: string; previous?: string; since?: number };
  offer: { sdp: string };
  leave: Nothing;
  raise_hand: Nothing;
  lower_hand: Who;
  set_hands: { policy: HandPolicy };
  ask_up: Who;
  step_up: Nothing;
  decline: Nothing;
  step_down: Nothing;
  mute: Who;
  unmute: Nothing;
  move_down: Who;
  make_moderator: Who;
  remove: Who;
  let_in: Who;
  widen: { to: 'social' | 'open' };
  end: Nothing;
}

/** What a request is answered with: `done`, unless it is named here. */
export interface Answers {
  enter: Entered;
  offer: { sdp: string };
}
export type Answer<K extends keyof Requests> = K extends keyof Answers ? Answers[K] : Nothing;

export interface Entered {
  room: string;
  me: string;
  session: string;
  /** Absent when the events after `since` follow instead. */
  view?: View;
  /** The media connection of the previous session is still up at the node, and goes on. */
  media?: boolean;
}

/** The events of a room, by name, with their bodies. */
export interface Events {
  opened: {
    by: string;
    name: string;
    title: string;
    visibility: Visibility;
    at: string;
    until: string;
  };
  entered: { who: string; name: string; followed: boolean };
  returned: Who;
  went_away: Who & { until: string };
  left: Who & { why: 'left' | 'lost' | 'removed' };
  hand_raised: Who;
  hand_lowered: Who;
  hands_set: { policy: HandPolicy };
  asked_up: Who & { by: string; until: string };
  ask_over: Who & { why: 'declined' | 'expired' };
  stepped_up: Who;
  stepped_down: Who & { by: string };
  muted: Who & { by: string };
  unmuted: Who;
  made_moderator: Who;
  let_in: Who;
  widened: { to: Visibility };
  regrouped: { followed?: string[]; unfollowed?: string[] };
  ended: { why: 'moderator' | 'empty' };
}

/** A number, the room, and one member that says what has happened. */
export type RoomEvent = { seq: number; room: string } & Partial<Events>;

export type CutReason =
  | 'taken_over'
  | 'removed'
  | 'ended'
  | 'lost'
  | 'signed_out'
  | 'slow'
  | 'restart';

export interface Voices {
  room: string;
  /** Whose voice each receive-only audio section carries. */
  slots: (string | null)[];
  speaking: string[];
}

export interface Cut {
  room: string;
  why: CutReason;
}

export interface Reply {
  re: number;
  done?: Nothing;
  entered?: Entered;
  answer?: { sdp: string };
  problem?: Problem;
}

export interface Notice {
  hallway?: Nothing;
  voices?: Voices;
  cut?: Cut;
}

export type Message = Reply | RoomEvent | Notice;
