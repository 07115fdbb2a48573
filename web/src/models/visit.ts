import { computed, effect, signal } from '@preact/signals';
import { canSeal, type Ending, noSealing, type Seat, type StoaError } from '@stoa/client';
import { house, live, seen, signedOut } from './account.ts';
import { microphone } from './settings.ts';

/** The room one is in, was in, or is coming into: at most one. */
export type Visit =
  | { kind: 'none' }
  | { kind: 'coming'; room: string }
  | { kind: 'here'; room: string; seat: Seat }
  | { kind: 'refused'; room: string; problem: StoaError }
  | { kind: 'over'; room: string; title: string; ending: Ending };

export const visit = signal<Visit>({ kind: 'none' });

/** The seat one has. It may be reconnecting, but it is not over. */
export const seat = computed(() => (visit.value.kind === 'here' ? visit.value.seat : undefined));

/** Whether this browser may come into rooms, as far as it is known. */
export const sealing = signal(true);

/** Comes into a room, out of any other. Coming again where one is changes nothing. */
export async function comeIn(room: string): Promise<void> {
  const now = visit.peek();
  if ((now.kind === 'here' || now.kind === 'coming') && now.room === room) return;
  leave();
  const connection = live.peek();
  if (!connection) return;
  const coming: Visit = { kind: 'coming', room };
  visit.value = coming;
  try {
    if (!(await canSeal())) throw noSealing(); // no grant is asked for
    const grant = () => house.grant(room);
    // Who only looks around need not load it.
    const [{ Seat }, { spared }] = await Promise.all([
      import('@stoa/client/seat'),
      import('../screens/room/beside/index.tsx'),
    ]);
    const options = {
      spared: await spared(),
      ...(microphone.peek() ? { microphone: microphone.peek() } : {}),
    };
    const taken = await Seat.take(connection, room, grant, options);
    if (visit.peek() === coming) visit.value = { kind: 'here', room, seat: taken };
    else void taken.leave();
  } catch (thrown) {
    if (visit.peek() === coming) visit.value = { kind: 'refused', room, problem: seen(thrown) };
  }
}

/** Goes, quietly. */
export function leave(): void {
  const now = visit.peek();
  visit.value = { kind: 'none' };
  if (now.kind === 'here') void now.seat.leave();
}

/** What was said about a room that one is not in needs not be said again. */
export function forget(): void {
  const { kind } = visit.peek();
  if (kind === 'over' || kind === 'refused') visit.value = { kind: 'none' };
}

/** Notices when a seat is over, and when there is nobody to have one; returns how to stop. */
export function startVisits(): () => void {
  void canSeal().then((can) => {
    sealing.value = can;
  });
  const stops = [
    effect(() => {
      const now = visit.value;
      if (now.kind !== 'here' || now.seat.state.value !== 'over') return;
      const { room } = now;
      const { title } = now.seat.view.peek();
      const ending = now.seat.ending.peek() ?? 'lost';
      visit.value = ending === 'left' ? { kind: 'none' } : { kind: 'over', room, title, ending };
      if (ending === 'signed_out') signedOut();
    }),
    effect(() => {
      if (!live.value) leave();
    }),
  ];
  return () => {
    for (const stop of stops) stop();
  };
}
