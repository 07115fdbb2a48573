import { computed, effect, signal } from '@preact/signals';
import {
  asStoaError,
  connect,
  House,
  type Live,
  type Me,
  type Problem,
  type StoaError,
} from '@stoa/client';
import { t } from '../words/index.ts';
import { say } from './notices.ts';
import { language } from './settings.ts';

/** Who is here, and the two ways to ask the node: its HTTP API and the live connection. */

export type Account =
  | { kind: 'unknown' }
  | { kind: 'unreachable' }
  | { kind: 'out' }
  /** Kept out of the house: there is little that one may still do. */
  | { kind: 'suspended'; problem: Problem }
  | { kind: 'in'; me: Me };

export const house = new House(location.href);
effect(() => {
  house.language = language.value;
});

export const account = signal<Account>({ kind: 'unknown' });
/** One's own id; empty for who is not signed in. */
export const myID = computed(() => (account.value.kind === 'in' ? account.value.me.id : ''));
/** There while somebody is signed in. */
export const live = signal<Live | undefined>(undefined);

const retryEvery = 3_000;

/** Finds out who is here; keeps trying while the node cannot be reached. */
export async function recognise(): Promise<void> {
  try {
    signedIn(await house.me());
  } catch (thrown) {
    const problem = asStoaError(thrown);
    if (problem.code === 'not_signed_in') {
      signedOut();
    } else if (problem.code === 'suspended') {
      seen(problem);
    } else {
      account.value = { kind: 'unreachable' };
      setTimeout(recogniseAgain, retryEvery);
    }
  }
}

export function recogniseAgain(): void {
  if (account.peek().kind === 'unreachable') void recognise();
}

export function signedIn(me: Me): void {
  if (!live.peek()) {
    live.value = connect(house);
    live.value.listen({ dismissed: () => void house.me().catch(turnedOut) });
  }
  account.value = { kind: 'in', me };
}

function turnedOut(thrown: unknown): void {
  const was = account.peek().kind;
  seen(thrown);
  if (was === 'in' && account.peek().kind === 'out') say(t().over.signed_out.join(' '));
}

export function signedOut(): void {
  live.peek()?.stop();
  live.value = undefined;
  account.value = { kind: 'out' };
}

export async function signOut(): Promise<void> {
  await house.signOut();
  signedOut();
}

export async function rename(name: string): Promise<void> {
  signedIn(await house.rename(name));
}

/**
 * Every problem that a screen shows passes here: when the node says that
 * nobody is signed in any more, the app believes it.
 */
export function seen(thrown: unknown): StoaError {
  const problem = asStoaError(thrown);
  if (problem.code === 'not_signed_in' && account.peek().kind === 'in') signedOut();
  if (problem.code === 'suspended' && account.peek().kind !== 'suspended') {
    signedOut();
    account.value = { kind: 'suspended', problem: problem.problem };
  }
  return problem;
}
