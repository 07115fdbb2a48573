import type { Notify, Person, PersonProfile, Suggestion } from '@stoa/client';
import { house } from './account.ts';
import { type Resource, ready, resource } from './resource.ts';

/** Whom I follow and who follows me; and single people, as they are looked at. */

export const following = resource<Person[]>(async () => (await house.following()).people);
export const followers = resource<Person[]>(async () => (await house.followers()).people);

const keptMax = 200;
const looked = new Map<string, Resource<PersonProfile>>();

/** A person by id, or by a handle with an `@`; whoever shows it calls `refresh`. */
export function person(id: string): Resource<PersonProfile> {
  let found = looked.get(id);
  if (!found) {
    found = resource(() => (id.startsWith('@') ? house.personByHandle(id) : house.person(id)));
    looked.set(id, found);
    const oldest = looked.keys().next().value;
    if (looked.size > keptMax && oldest !== undefined) looked.delete(oldest);
  }
  return found;
}

/** Follows somebody, and says how much one wants to be told of them; or follows them no longer. */
export async function setFollowed(
  who: PersonProfile,
  followed: boolean,
  notify: Notify = 'sometimes',
): Promise<void> {
  await (followed ? house.follow(who.id, notify) : house.unfollow(who.id));
  const more = Number(followed) - Number(who.followed);
  const { notify: _, ...rest } = who;
  const now = { ...rest, followed, ...(followed ? { notify } : {}) };
  for (const key of [who.id, `@${who.handle}`]) {
    looked.get(key)?.set({ ...now, followers: who.followers + (who.more_followers ? 0 : more) });
  }
  void following.refresh();
}

/** People whom I may want to follow. */
export const suggestions = resource<Suggestion[]>(async () => (await house.suggestions()).people);

/** Takes somebody out of the suggestions, for good; or because they are followed now. */
export async function settle({ person }: Suggestion, how: 'follow' | 'hide'): Promise<void> {
  await (how === 'follow' ? house.follow(person.id) : house.hideSuggestion(person.id));
  const rest = (ready(suggestions.shown.peek()) ?? []).filter((s) => s.person.id !== person.id);
  suggestions.set(rest);
  if (how === 'follow') void following.refresh();
}

/** Everybody one may let in: those one follows and those who follow. */
export function acquaintances(): Person[] {
  const all = [...(ready(following.shown.value) ?? []), ...(ready(followers.shown.value) ?? [])];
  return [...new Map(all.map((p) => [p.id, p])).values()];
}
