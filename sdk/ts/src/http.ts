/**
 * The bodies of the HTTP API. Their shapes come from the node's own OpenAPI
 * document (`make types`); here they get the names that the library uses.
 */
import type { components } from './api.d.ts';

type Bodies = components['schemas'];

/** Beside a name: the version of the picture, where there is one. `House.pictureURL` shows it. */
interface Pictured {
  picture?: string;
}
/** By what else somebody is known in a house, without the `@`. */
interface Handled {
  handle?: string;
}

export type Me = Bodies['Me'] & Pictured & Handled;
export type Person = Bodies['Person'] & Pictured & Handled;
export type CardPerson = Bodies['CardPerson'] & Pictured;
export type Card = Omit<Bodies['Card'], 'stage'> & { stage: CardPerson[] };
export type Visibility = Card['visibility'];
export type Audience = Bodies['Audience'];
export type NewRoom = Bodies['NewRoom'];
export type Grant = Bodies['Grant'];
export type NodeAt = Bodies['NodeAt'];
export type Invitation = Bodies['OpenInvite'];
export type Invite = Omit<Bodies['Invite'], 'used_by'> & { used_by?: Person };
export type Invites = Omit<Bodies['Invites'], 'invites'> & { invites: Invite[] };
export type Session = Bodies['Session'];
/** The key of a device, sealed for the next browser with the same passkey. */
export type KeyBackup = Bodies['KeyBackup'];
export type KeyBackups = Bodies['KeyBackups'];
export type WithRecovery = Bodies['Recovered'];
export type HouseInfo = Bodies['House'];

/** The options are those of WebAuthn, which the document leaves open. */
export type Ceremony<Options> = Bodies['Ceremony'] & { options: Options };

/** A link of somebody's: https, and what it is to be called. */
export interface ProfileLink {
  url: string;
  text?: string;
}

/** What somebody says of themselves. */
export interface SelfSaid {
  pronouns?: string;
  bio?: string;
  links?: ProfileLink[];
  /** BCP 47 tags. */
  languages?: string[];
}

/** Somebody, as whoever looks at them may see them. */
export interface PersonProfile extends Person, SelfSaid {
  following: number;
  followers: number;
  /** There if the person shows it, and whoever it was still is in the house. */
  invited_by?: { id: string; name: string };
}

/** What can be changed of a profile: all of it at once. */
export interface ProfileChange {
  name: string;
  /** Empty for none. */
  handle: string;
  pronouns: string;
  bio: string;
  links: ProfileLink[];
  languages: string[];
  show_inviter: boolean;
}

/** One's own profile. */
export interface OwnProfile extends ProfileChange {
  picture?: string;
  invited_by?: { id: string; name: string };
}

/** A profile, and the version it has: it is changed only as long as it still has that one. */
export interface Versioned<T> {
  value: T;
  version: string;
}

/** One kind of what a house keeps of somebody. */
export interface StoredClass {
  class: string;
  rows: number;
  bytes: number;
  oldest?: string;
  /** `account`, `days:N`, `room`, or `seen:N`: days after one was last seen. */
  keeps: string;
  until?: string;
  /** The rows as they are, the first hundred of them. */
  more: Record<string, unknown>[];
}

export interface Stored {
  classes: StoredClass[];
}

/** By what one shows that an account is one's own. */
export type Proof = { ceremony: string; credential: unknown } | { recovery_code: string };
