import type { Person } from '@stoa/client';
import { house } from './account.ts';
import { type Resource, ready, resource } from './resource.ts';

/** Whom I follow and who follows me; and single people, as they are looked at. */

export const following = resource<Person[]>(async () => (await house.following()).people);
export const followers = resource<Person[]>(async () => (await house.followers()).people);

const keptMax = 200;
const looked = new Map<string, Resource<Person>>();

/** A person by id; whoever shows it calls `refresh`. */
export function person(id: string): Resource<Person> {
  let found = looked.get(id);
  if (!found) {
    found = resource(() => house.person(id));
    looked.set(id, found);
    const oldest = looked.keys().next().value;
    if (looked.size > keptMax && oldest !== undefined) looked.delete(oldest);
  }
  return found;
}

/** Follows somebody, or no longer. */
export async function setFollowed(who: Person, followed: boolean): Promise<void> {
  await (followed ? house.follow(who.id) : house.unfollow(who.id));
  person(who.id).set({ ...who, followed });
  void following.refresh();
}

/** Everybody one may let in: those one follows and those who follow. */
export function acquaintances(): Person[] {
  const all = [...(ready(following.shown.value) ?? []), ...(ready(followers.shown.value) ?? [])];
  return [...new Map(all.map((p) => [p.id, p])).values()];
}
