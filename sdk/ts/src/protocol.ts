/**
 * What a client and a node say to each other over the live WebSocket:
 * docs/protocol/signal.md describes it, and the shapes come from the node's own
 * OpenAPI document (`make types`). Here they get the names that the library
 * uses.
 */
import type { components } from './api.d.ts';

type Bodies = components['schemas'];

export type View = Bodies['RoomView'];
export type Participant = Bodies['RoomParticipant'];
export type Role = Participant['role'];
export type HandPolicy = View['hands'];
export type ChatPolicy = View['chat'];
export type Emoji = Bodies['SignalReact']['emoji'];
/** A link that is up. */
export type Pinning = Bodies['RoomPinning'];
export type Poll = Bodies['RoomPoll'];

/** The requests, by name, with their bodies. */
export type Requests = Required<Omit<Bodies['SignalRequest'], 'id'>>;

/** What a request is answered with: `done`, unless it is named here. */
export interface Answers {
  enter: Entered;
  offer: Bodies['SignalAnswer'];
  tend: Bodies['SignalTended'];
  itinerary: Itinerary;
}
export type Answer<K extends keyof Requests> = K extends keyof Answers
  ? Answers[K]
  : Bodies['SignalNone'];

export type Itinerary = Bodies['SignalItinerary'];
export type ToldWay = Bodies['SignalWay'];
export type Entered = Bodies['SignalEntered'];
export type Reply = Bodies['SignalReply'];

/** A number, the room, and one member that says what has happened. */
export type RoomEvent = Bodies['Event'];

/** What the node says of its own accord. Exactly one member is there. */
export type Notice = Bodies['SignalNotice'];
export type Cut = Bodies['SignalCut'];
export type Move = Bodies['SignalMove'];
export type Reactions = Bodies['SignalReactions'];
export type Said = Bodies['SignalSaid'];
/** How a poll stands. */
export type Tally = Bodies['SignalPoll'];
export type CutReason = Cut['why'];

export type Message = Reply | RoomEvent | Notice;
