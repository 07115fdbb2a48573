import type { House } from './house.ts';
import type { NewsSettings, PushTo, ToldNow } from './http.ts';

/** What one does with one's news: calls beside `house.news`, for those who show them. */

/** I have seen a piece, and all before it. */
export const seeNews = (house: House, upTo: string) =>
  house.ask<void>('PUT', 'me/news/seen', { up_to: upTo });

/** How I am told. */
export const newsSettings = (house: House) => house.versioned<ToldNow>('GET', 'me/news/settings');

/** Says how I want to be told, if I have not meanwhile. */
export const setNewsSettings = (house: House, settings: NewsSettings, version: string) =>
  house.versioned<ToldNow>('PUT', 'me/news/settings', settings, { 'if-match': version });

/** Has this browser be pushed to, in the language of the house object. */
export const pushHere = (house: House, to: PushTo) => house.ask<void>('PUT', 'me/push', to);
export const notPushHere = (house: House) => house.ask<void>('DELETE', 'me/push');

/** Asks somebody who follows me into a room that I am in. */
export const ping = (house: House, room: string, person: string) =>
  house.ask<void>('POST', `rooms/${encodeURIComponent(room)}/pings`, { person });
