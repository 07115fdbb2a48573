import { computed, effect, type ReadonlySignal, signal } from '@preact/signals';
import { asStoaError, type StoaError, type Versioned } from '@stoa/client';

/** Something that is changed in a form: what is typed, what is wrong, what others have saved. */

/** What came of saving. */
export type Saved = 'saved' | 'invalid' | 'changed_meanwhile';

/** What a form is of: `Kept` is how it is kept, `Typed` what of it can be changed. */
export interface FormOf<Typed extends object, Kept> {
  fields: readonly (keyof Typed & string)[];
  typed(kept: Kept): Typed;
  /** As it is sent: without air around it, and without lines that say nothing. */
  tidy(draft: Typed): Typed;
  load(): Promise<Versioned<Kept>>;
  save(change: Typed, version: string): Promise<Versioned<Kept>>;
  /** Problems that are a field's fault by their code. */
  faults?: Readonly<Record<string, keyof Typed & string>>;
}

/**
 * Something that is being changed. The form knows the version that it began with,
 * so that nothing is overwritten that has not been seen; and what is typed stays
 * until it is saved or discarded.
 */
export class Form<Typed extends object, Kept> {
  /** What is typed. */
  readonly draft: ReadonlySignal<Typed>;
  /** What is saved, as far as it is known. */
  readonly base: ReadonlySignal<Kept>;
  readonly changed: ReadonlySignal<boolean>;
  /** What is wrong: by field, or by place, such as `links[1].url`. */
  readonly problems: ReadonlySignal<ReadonlyMap<string, string>>;
  /** Fields for which something else was saved elsewhere than is typed here. */
  readonly newer: ReadonlySignal<ReadonlySet<keyof Typed & string>>;
  readonly saving: ReadonlySignal<boolean>;

  readonly #draft;
  readonly #base;
  readonly #problems = signal<ReadonlyMap<string, string>>(new Map());
  readonly #newer = signal<ReadonlySet<keyof Typed & string>>(new Set());
  readonly #saving = signal(false);
  readonly #of: FormOf<Typed, Kept>;
  #version: string;

  constructor(of: FormOf<Typed, Kept>, { value, version }: Versioned<Kept>) {
    this.#of = of;
    this.#version = version;
    this.#base = signal(value);
    this.#draft = signal(of.typed(value));
    this.base = this.#base;
    this.draft = this.#draft;
    this.problems = this.#problems;
    this.newer = this.#newer;
    this.saving = this.#saving;
    this.changed = computed(() => of.fields.some((field) => this.#touched(field)));
  }

  /** Takes what somebody types. What was wrong with that field is not said any more. */
  type(change: Partial<Typed>): void {
    this.#draft.value = { ...this.#draft.peek(), ...change };
    const touched = Object.keys(change);
    const about = (place: string) => touched.some((field) => fieldOf(place) === field);
    if ([...this.#problems.peek().keys()].some(about)) {
      this.#problems.value = new Map([...this.#problems.peek()].filter(([place]) => !about(place)));
    }
  }

  /** Takes for a field what was saved elsewhere. */
  take(field: keyof Typed & string): void {
    const kept = this.#of.typed(this.#base.peek());
    this.type({ [field]: kept[field] } as unknown as Partial<Typed>);
    this.#newer.value = new Set([...this.#newer.peek()].filter((f) => f !== field));
  }

  discard(): void {
    this.#draft.value = this.#of.typed(this.#base.peek());
    this.#problems.value = new Map();
    this.#newer.value = new Set();
  }

  /** Saves all of it, or nothing; throws what is neither a field's fault nor another's change. */
  async save(): Promise<Saved> {
    const sent = this.#of.tidy(this.#draft.peek());
    this.#draft.value = sent;
    this.#problems.value = new Map();
    this.#saving.value = true;
    try {
      const { value, version } = await this.#of.save(sent, this.#version);
      this.#version = version;
      this.#base.value = value;
      this.#newer.value = new Set();
      // What was typed meanwhile stays.
      if (this.#draft.peek() === sent) this.#draft.value = this.#of.typed(value);
      return 'saved';
    } catch (thrown) {
      const problem = asStoaError(thrown);
      if (problem.code === 'changed_meanwhile') {
        await this.refresh();
        return 'changed_meanwhile';
      }
      const found = this.#places(problem);
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
    const { value, version } = await this.#of.load();
    const { fields, typed, tidy } = this.#of;
    const [before, now] = [typed(this.#base.peek()), typed(value)];
    const draft = { ...this.#draft.peek() };
    const newer = new Set(this.#newer.peek());
    for (const field of fields) {
      if (!this.#touched(field)) Object.assign(draft, { [field]: now[field] });
      else if (!same(now[field], before[field])) newer.add(field);
      if (same(tidy(draft)[field], now[field])) newer.delete(field);
    }
    this.#version = version;
    this.#base.value = value;
    this.#draft.value = draft;
    this.#newer.value = newer;
  }

  #touched(field: keyof Typed & string): boolean {
    const { typed, tidy } = this.#of;
    return !same(tidy(this.#draft.value)[field], tidy(typed(this.#base.value))[field]);
  }

  #places(problem: StoaError): ReadonlyMap<string, string> {
    const found = new Map<string, string>();
    for (const { location = '', message } of problem.errors) {
      const place = placeOf(location);
      const known = (this.#of.fields as readonly string[]).includes(fieldOf(place));
      if (known && !found.has(place)) found.set(place, message);
    }
    const fault = this.#of.faults?.[problem.code];
    if (fault && found.size === 0) found.set(fault, problem.title);
    return found;
  }
}

/** Any form, for those who only show what is wrong in it. */
export type AnyForm = Pick<Form<object, unknown>, 'problems' | 'changed' | 'saving' | 'discard'>;

/** Warns before the page is closed while something is not saved; returns how to stop. */
export function guard(form: AnyForm): () => void {
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

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

/** `body.links[1].url`, or `body.links.1.url`, as `links[1].url`. */
function placeOf(location: string): string {
  return location.replace(/^body\.?/, '').replace(/\.(\d+)(?=\.|$)/g, '[$1]');
}

export const fieldOf = (place: string) => /^[a-z_]+/.exec(place)?.[0] ?? '';
