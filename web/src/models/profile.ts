import type { House, OwnProfile, ProfileChange, Versioned } from '@stoa/client';
import { Form } from './form.ts';

/** One's own profile while it is changed. */

export type Field = keyof ProfileChange;
export const fields = [
  'name',
  'handle',
  'pronouns',
  'bio',
  'links',
  'languages',
  'interests',
  'show_inviter',
  'findable',
] as const satisfies readonly Field[];

export const limits = {
  name: 60,
  handle: 24,
  pronouns: 30,
  bio: 300,
  links: 4,
  languages: 6,
  interests: 10,
};
export const linkLimits = { url: 200, text: 40 };

type Profiles = Pick<House, 'profile' | 'changeProfile'>;

export class ProfileForm extends Form<ProfileChange, OwnProfile> {
  constructor(house: Profiles, kept: Versioned<OwnProfile>) {
    super(
      {
        ...{ fields, typed, tidy, faults: { handle_taken: 'handle' } },
        load: () => house.profile(),
        save: (change, version) => house.changeProfile(change, version),
      },
      kept,
    );
  }
}

/** Forms by the person; one is kept, so that it is there when somebody comes back to it. */
let kept: { who: string; form: ProfileForm } | undefined;

export async function profileForm(who: string, house: Profiles): Promise<ProfileForm> {
  if (kept?.who === who) {
    const { form } = kept;
    if (form.changed.peek()) await form.refresh().catch(() => undefined);
    else await form.refresh();
    return form;
  }
  const form = new ProfileForm(house, await house.profile());
  kept = { who, form };
  return form;
}

export function forgetProfileForm(): void {
  kept = undefined;
}

function typed(profile: OwnProfile): ProfileChange {
  const { name, handle, pronouns, bio, links, languages } = profile;
  const { interests, show_inviter, findable } = profile;
  return { name, handle, pronouns, bio, links, languages, interests, show_inviter, findable };
}

/** As it is sent: without air around it, and without lines that say nothing. */
export function tidy(draft: ProfileChange): ProfileChange {
  return {
    ...draft,
    name: draft.name.trim(),
    handle: draft.handle.trim().replace(/^@/, '').toLowerCase(),
    pronouns: draft.pronouns.trim(),
    bio: draft.bio.replaceAll('\r\n', '\n').trim(),
    links: draft.links.flatMap(({ url, text = '' }) => {
      const [address, words] = [withScheme(url.trim()), text.trim()];
      if (!address && !words) return [];
      return [words ? { url: address, text: words } : { url: address }];
    }),
  };
}

const withScheme = (url: string) =>
  url && !/^[a-z][a-z0-9+.-]*:/i.test(url) ? `https://${url}` : url;
