import type { Person, PersonProfile } from '@stoa/client';
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

/** Follows somebody, or no longer. */
export async function setFollowed(who: PersonProfile, followed: boolean): Promise<void> {
  await (followed ? house.follow(who.id) : house.unfollow(who.id));
  const more = Number(followed) - Number(who.followed);
  for (const key of [who.id, `@${who.handle}`]) {
    looked.get(key)?.set({ ...who, followed, followers: who.followers + more });
  }
  void following.refresh();
}

/** Everybody one may let in: those one follows and those who follow. */
export function acquaintances(): Person[] {
  const all = [...(ready(following.shown.value) ?? []), ...(ready(followers.shown.value) ?? [])];
  return [...new Map(all.map((p) => [p.id, p])).values()];
}
