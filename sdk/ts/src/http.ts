/**
 * The bodies of the HTTP API. Their shapes come from the node's own OpenAPI
 * document (`make types`); here they get the names that the library uses.
 */
import type { components } from './api.d.ts';

type Bodies = components['schemas'];

export type Me = Bodies['Me'];
export type Person = Bodies['Person'];
export type Card = Bodies['Card'];
export type CardPerson = Bodies['CardPerson'];
/** For what a room is shown to me. */
export type CardWhy = Bodies['CardWhy'];
export type Cards = Bodies['Cards'];
/** Which rooms of the hallway one wants to see. */
export interface Choice {
  /** BCP 47, of which only the language counts. */
  language?: string;
  topic?: string;
  club?: string;
  /** With somebody on the stage whom I follow. */
  followed?: boolean;
}
export type Visibility = Card['visibility'];
export type Audience = Bodies['Audience'];
export type NewRoom = Bodies['NewRoom'];
export type Grant = Bodies['Grant'];
export type NodeAt = Bodies['NodeAt'];
export type Invitation = Bodies['OpenInvite'];
/** What a house asks to compute of who has no invite. */
export type Work = Bodies['Work'];
/** How somebody comes in: by the code of an invite, or by work that is done. */
export type WayIn = { invite: string } | { work: Bodies['Worked'] };
export type Invite = Bodies['Invite'];
export type Invites = Bodies['Invites'];
export type Session = Bodies['Session'];
/** The key of a device, sealed for the next browser with the same passkey. */
export type KeyBackup = Bodies['KeyBackup'];
export type KeyBackups = Bodies['KeyBackups'];
export type WithRecovery = Bodies['Recovered'];
export type HouseInfo = Bodies['House'];

/** The options are those of WebAuthn, which the document leaves open. */
export type Ceremony<Options> = Bodies['Ceremony'] & { options: Options };

/** How one stands to private discovery; its calls are in `@stoa/client/discovery`. */
export type Discovery = Bodies['Discovery'];

/** What the node knows of a conversation. */
export type Conversation = Bodies['Conversation'];
export type ConversationItem = Bodies['ConversationItem'];
export type NewConversation = Bodies['NewConversation'];
export type ConversationChange = Bodies['NewChange'];
export type NewMessage = Bodies['NewText'];
export type KeyPackages = Bodies['KeyPackages'];
export type DevicePackages = Bodies['DevicePackages'];

/** Somebody, as whoever looks at them may see them. */
export type PersonProfile = Bodies['Profile'];
/** What somebody says of themselves. */
export type SelfSaid = Pick<PersonProfile, 'pronouns' | 'bio' | 'links' | 'languages'>;
/** What can be changed of a profile: all of it at once. */
export type ProfileChange = Bodies['NewProfile'];
/** One's own profile. */
export type OwnProfile = Bodies['OwnProfile'];

/** A profile, and the version it has: it is changed only as long as it still has that one. */
export interface Versioned<T> {
  value: T;
  version: string;
}

/** A club as a list shows it. */
export type ClubCard = Bodies['ClubCard'];
/** A club with all that one may see of it. */
export type Club = Bodies['Club'];
/** What a club says of itself: all of it at once. */
export type NewClub = Bodies['NewClub'];
export type ClubLists = Bodies['ClubLists'];
export type ListedClubs = Bodies['ListedClubs'];
/** How one stands to a club. */
export type Standing = ClubCard['standing'];
export type ClubRole = Bodies['ClubRole']['role'];
export type ClubLead = Bodies['ClubLead'];
export type ClubMember = Bodies['ClubMember'];
export type ClubMembers = Bodies['ClubMembers'];
/** Somebody who has asked, is nominated or invited. */
export type ClubWaiting = Bodies['ClubWaiting'];
export type ClubBarred = Bodies['ClubMemberBarred'];
export type ProfileClub = Bodies['ProfileClub'];

/** How loud one wants to be told of somebody whom one follows. */
export type Notify = Bodies['Loudness']['notify'];
/** Somebody whom one might want to follow, and why. */
export type Suggestion = Bodies['Suggestion'];

/** Somebody whom I have muted or blocked. */
export type Blocked = Bodies['Blocked'];
export type BlockLevel = Blocked['level'];

/** One kind of what a house keeps of somebody. */
export type StoredClass = Bodies['StoredClass'];
export type Stored = Bodies['Stored'];
export type Found = Bodies['Found'];

/** A room to come. */
export type Plan = Bodies['Plan'];
export type PlanHost = Bodies['PlanHost'];
/** What hosts want of a plan: all of it at once. */
export type PlanChange = Omit<Bodies['NewPlan'], 'visibility'> & { visibility: Plan['visibility'] };
/** Which of the plans that one may see. */
export type Which = 'for_me' | 'clubs' | 'all';
/** What those who go to a plan are told of it. */
export type PlanNews = Bodies['SignalPlan'];

/** Something that one is told. */
export type NewsPiece = Bodies['Piece'];
export type NewsKind = NewsPiece['kind'];
/** Something that is reported, and why. */
export type NamedThing = Bodies['NamedThing'];
export type ThingKind = NamedThing['kind'];
export type ReportReason = Bodies['WrittenReport']['reason'];
export type MyReport = Bodies['MyReport'];
/** What was decided, as whom it concerns reads it, and as wardens do. */
export type MyDecision = Bodies['MyDecision'];
export type QueueDecision = Bodies['QueueDecision'];
export type NewDecision = Bodies['NewDecision'];
export type DecisionWhat = NewDecision['what'];
/** What there is to judge. */
export type Queue = Bodies['Queue'];
export type QueueItem = Bodies['QueueEntry'];
export type QueueEntry = Bodies['FullQueueEntry'];
export type QueueLog = Bodies['QueueLog'];
/** What is done to my account, of which one does not choose how to be told. */
export type SecurityKind = Extract<NewsKind, `security_${string}`>;
export type ChosenKind = Exclude<NewsKind, SecurityKind>;
export type NewsPage = Bodies['News'];
/** What is new, as it comes: a piece, and how many are not seen. */
export type News = Bodies['SignalNews'];
/** How one is told of a kind. */
export type NewsWay = 'off' | 'here' | 'push';
/** How one wants to be told. */
export type NewsSettings = Omit<Bodies['NewsSettings'], 'kinds'> & {
  kinds: Record<ChosenKind, NewsWay>;
};
/** The same, and whether this browser is pushed to. */
export type ToldNow = NewsSettings & { push?: Bodies['PushHere'] };
export type PushTo = Bodies['Subscription'];
/** Where I read mail, and what I want to have there. */
export type MyAddress = Bodies['MyAddress'];
export type AddressNews = MyAddress['news'];

/** By what one shows that an account is one's own. */
export type Proof = { ceremony: string; credential: unknown } | { recovery_code: string };
