/**
 * The bodies of the HTTP API, as docs/protocol/http.md describes them. Nothing
 * else in the library writes these shapes down.
 */

export type Visibility = 'open' | 'social' | 'closed';

export interface Me {
  id: string;
  name: string;
  created: string;
  /** How many passkeys open this account. */
  passkeys: number;
  /** Whether there is a recovery code. */
  recovery: boolean;
}

export interface Person {
  id: string;
  name: string;
  since: string;
  /** I follow them. */
  followed: boolean;
  /** They follow me. */
  follows_me: boolean;
}

export interface CardPerson {
  id: string;
  name: string;
  moderator: boolean;
  /** I follow them. */
  followed: boolean;
}

export interface Card {
  id: string;
  title: string;
  visibility: Visibility;
  opened: string;
  /** At most the first five. */
  stage: CardPerson[];
  on_stage: number;
  listeners: number;
}

export interface Invitation {
  from?: { name: string };
  expires: string;
}

export interface Invite {
  id: string;
  /** There while the invite is open. */
  url?: string;
  state: 'open' | 'used' | 'revoked' | 'expired';
  expires: string;
  used_by?: Person;
}

export interface Invites {
  left: number;
  invites: Invite[];
}

export interface Session {
  id: string;
  created: string;
  seen: string;
  current: boolean;
}

export interface NewRoom {
  title: string;
  visibility: Visibility;
  /** People let in from the start. */
  invite?: string[];
}

export interface Ceremony<Options> {
  ceremony: string;
  options: Options;
}

export interface WithRecovery {
  me: Me;
  recovery_code: string;
}

export interface Grant {
  grant: string;
  expires: string;
}

export interface HouseInfo {
  name: string;
  version: string;
  invites_per_person: number;
}
