import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import {
  asStoaError,
  type House,
  type OwnProfile,
  type ProfileChange,
  type StoaError,
  type Versioned,
} from '@stoa/client';

/** One's own profile while it is changed: what is typed, what is wrong, what others have saved. */

export type Field = keyof ProfileChange;
export const fields = [
  'name',
  'handle',
  'pronouns',
  'bio',
  'links',
  'languages',
  'show_inviter',
  'findable',
] as const satisfies readonly Field[];

export const limits = { name: 60, handle: 24, pronouns: 30, bio: 300, links: 4, languages: 6 };
export const linkLimits = { url: 200, text: 40 };

/** What came of saving. */
export type Saved = 'saved' | 'invalid' | 'changed_meanwhile';

type Profiles = Pick<House, 'profile' | 'changeProfile'>;

/**
 * A profile that is being changed. It knows the version that it began with, so
 * that nothing is overwritten that has not been seen; and what is typed stays
 * until it is saved or discarded.
 */
export class ProfileForm {
  /** What is typed. */
  readonly draft: ReadonlySignal<ProfileChange>;
  /** What is saved, as far as it is known. */
  readonly base: ReadonlySignal<OwnProfile>;
  readonly changed: ReadonlySignal<boolean>;
  /** What is wrong: by field, or by place, such as `links[1].url`. */
  readonly problems: ReadonlySignal<ReadonlyMap<string, string>>;
  /** Fields for which something else was saved elsewhere than is typed here. */
  readonly newer: ReadonlySignal<ReadonlySet<Field>>;
  readonly saving: ReadonlySignal<boolean>;

  readonly #draft;
  readonly #base;
  readonly #problems = signal<ReadonlyMap<string, string>>(new Map());
  readonly #newer = signal<ReadonlySet<Field>>(new Set());
  readonly #saving = signal(false);
  readonly #house: Profiles;
  #version: string;

  constructor(house: Profiles, { value, version }: Versioned<OwnProfile>) {
    this.#house = house;
    this.#version = version;
    this.#base = signal(value);
    this.#draft = signal(typed(value));
    this.base = this.#base;
    this.draft = this.#draft;
    this.problems = this.#problems;
    this.newer = this.#newer;
    this.saving = this.#saving;
    this.changed = computed(() => fields.some((field) => this.#touched(field)));
  }

  /** Takes what somebody types. What was wrong with that field is not said any more. */
  type(change: Partial<ProfileChange>): void {
    this.#draft.value = { ...this.#draft.peek(), ...change };
    const touched = Object.keys(change);
    const about = (place: string) => touched.some((field) => fieldOf(place) === field);
    if ([...this.#problems.peek().keys()].some(about)) {
      this.#problems.value = new Map([...this.#problems.peek()].filter(([place]) => !about(place)));
    }
  }

  /** Takes for a field what was saved elsewhere. */
  take(field: Field): void {
    this.type({ [field]: this.#base.peek()[field] });
    this.#newer.value = new Set([...this.#newer.peek()].filter((f) => f !== field));
  }

  discard(): void {
    this.#draft.value = typed(this.#base.peek());
    this.#problems.value = new Map();
    this.#newer.value = new Set();
  }

  /** Saves all of it, or nothing; throws what is neither a field's fault nor another's change. */
  async save(): Promise<Saved> {
    const sent = tidy(this.#draft.peek());
    this.#draft.value = sent;
    this.#problems.value = new Map();
    this.#saving.value = true;
    try {
      const { value, version } = await this.#house.changeProfile(sent, this.#version);
      this.#version = version;
      this.#base.value = value;
      this.#newer.value = new Set();
      // What was typed meanwhile stays.
      if (this.#draft.peek() === sent) this.#draft.value = typed(value);
      return 'saved';
    } catch (thrown) {
      const problem = asStoaError(thrown);
      if (problem.code === 'changed_meanwhile') {
        await this.refresh();
        return 'changed_meanwhile';
      }
      const found = places(problem);
      if (found.size === 0) throw problem;
      this.#problems.value = found;
      return 'invalid';
    } finally {
      this.#saving.value = false;
    }
  }

  /**
   * Looks what is saved now. Fields that nobody has touched here follow; in the
   * others what is typed stays, and `newer` names those that were saved otherwise.
   */
  async refresh(): Promise<void> {
    const { value, version } = await this.#house.profile();
    const before = this.#base.peek();
    const draft = { ...this.#draft.peek() };
    const newer = new Set(this.#newer.peek());
    for (const field of fields) {
      if (!this.#touched(field)) Object.assign(draft, { [field]: value[field] });
      else if (!same(value[field], before[field])) newer.add(field);
      if (same(tidy(draft)[field], value[field])) newer.delete(field);
    }
    this.#version = version;
    this.#base.value = value;
    this.#draft.value = draft;
    this.#newer.value = newer;
  }

  #touched(field: Field): boolean {
    return !same(tidy(this.#draft.value)[field], tidy(typed(this.#base.value))[field]);
  }
}

/** Warns before the page is closed while something is not saved; returns how to stop. */
export function guard(form: ProfileForm): () => void {
  const ask = (event: BeforeUnloadEvent) => event.preventDefault();
  const stop = effect(() => {
    if (form.changed.value) addEventListener('beforeunload', ask);
    else removeEventListener('beforeunload', ask);
  });
  return () => {
    stop();
    removeEventListener('beforeunload', ask);
  };
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
  const { name, handle, pronouns, bio, links, languages, show_inviter, findable } = profile;
  return { name, handle, pronouns, bio, links, languages, show_inviter, findable };
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

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** `body.links[1].url`, or `body.links.1.url`, as `links[1].url`. */
function placeOf(location: string): string {
  return location.replace(/^body\.?/, '').replace(/\.(\d+)(?=\.|$)/g, '[$1]');
}

export const fieldOf = (place: string) => /^[a-z_]+/.exec(place)?.[0] ?? '';

function places(problem: StoaError): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { location = '', message } of problem.errors) {
    const place = placeOf(location);
    if ((fields as readonly string[]).includes(fieldOf(place)) && !found.has(place)) {
      found.set(place, message);
    }
  }
  if (problem.code === 'handle_taken' && found.size === 0) found.set('handle', problem.title);
  return found;
}
