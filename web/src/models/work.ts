import { type ReadonlySignal, signal } from '@preact/signals';
import type { WayIn } from '@stoa/client';
import { house } from './account.ts';

/**
 * The work that an open house asks of who makes an account. It is done while they
 * think about their name, and anew after each attempt, since it is worth one.
 */
export class Work {
  readonly state: ReadonlySignal<'working' | 'done' | 'stuck'>;
  readonly #state = signal<'working' | 'done' | 'stuck'>('working');
  readonly #stop = new AbortController();
  #answer: Promise<WayIn>;

  constructor() {
    this.state = this.#state;
    this.#answer = this.#begin();
  }

  /** What it has come to, once. */
  async take(): Promise<WayIn> {
    if (this.#state.value === 'stuck') this.#answer = this.#begin();
    const answer = await this.#answer;
    this.#answer = this.#begin();
    return answer;
  }

  stop(): void {
    this.#stop.abort();
  }

  #begin(): Promise<WayIn> {
    this.#state.value = 'working';
    const answer = this.#work();
    answer.then(
      () => (this.#state.value = 'done'),
      () => (this.#state.value = 'stuck'),
    );
    return answer;
  }

  async #work(): Promise<WayIn> {
    const { workAside } = await import('@stoa/client/work');
    const task = await house.signUpWork();
    return { work: await workAside(task, this.#stop.signal) };
  }
}
