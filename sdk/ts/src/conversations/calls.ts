/** The calls of docs/protocol/http.md about conversations. Devices are public keys in base64url. */
import type { House } from '../house.ts';
import type {
  Conversation,
  ConversationChange,
  ConversationItem,
  DevicePackages,
  KeyPackages,
  NewConversation,
  NewMessage,
} from '../http.ts';

type Asks = Pick<House, 'ask'>;
const at = (id: string, rest = '') => `conversations/${encodeURIComponent(id)}${rest}`;

/** Lets others write to a device; how many packages for one use it has then. */
export const addPackages = (house: Asks, packages: KeyPackages) =>
  house.ask<{ left: number }>('PUT', 'me/packages', packages);
export const countPackages = (house: Asks, device: string) =>
  house.ask<{ left: number }>('GET', `me/packages?device=${device}`);
/** Has nobody write to a device any more; it has no place in conversations from then on. */
export const forgetDevice = (house: Asks, device: string) =>
  house.ask<void>('DELETE', `me/packages?device=${device}`);
/** A package of each device of somebody. */
export const takePackages = (house: Asks, who: string) =>
  house.ask<DevicePackages>('POST', `people/${encodeURIComponent(who)}/packages`, {});

export const listConversations = (house: Asks) =>
  house.ask<{ conversations: Conversation[] }>('GET', 'conversations');
export const getConversation = (house: Asks, id: string) => house.ask<Conversation>('GET', at(id));
export const beginConversation = (house: Asks, begun: NewConversation) =>
  house.ask<Conversation>('POST', 'conversations', begun);
export const acceptConversation = (house: Asks, id: string) =>
  house.ask<void>('PUT', at(id, '/membership'));
export const leaveConversation = (house: Asks, id: string) => house.ask<void>('DELETE', at(id));
export const itemsOf = (house: Asks, id: string, device: string, after: number) =>
  house.ask<{ items: ConversationItem[] }>('GET', at(id, `/items?device=${device}&after=${after}`));
export const writeMessage = (house: Asks, id: string, message: NewMessage) =>
  house.ask<{ seq: number; at: string }>('POST', at(id, '/items'), message);
/** Takes a message back, with a sealed note that says so; at what time of the house. */
export const takeMessageBack = (house: Asks, id: string, seq: number, note: NewMessage) =>
  house.ask<{ seq: number; at: string }>('PUT', at(id, `/items/${seq}/taken-back`), note);
export const changeConversation = (house: Asks, id: string, change: ConversationChange) =>
  house.ask<{ seq: number }>('POST', at(id, '/changes'), change);
/** Has the house push nothing of what is there already: one has looked. */
export const seeConversation = (house: Asks, id: string) => house.ask<void>('PUT', at(id, '/seen'));
/** Says whether one wants to hear nothing of a conversation. */
export const silenceConversation = (house: Asks, id: string, silent: boolean) =>
  house.ask<void>('PUT', at(id, '/silence'), { silent });
export const readUpTo = (house: Asks, id: string, device: string, seq: number) =>
  house.ask<void>('PUT', at(id, '/read'), { device, seq });
