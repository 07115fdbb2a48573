/**
 * When something is, as people write it: a day and a time where they are. The
 * node is told a moment; the zone of the browser lies between, with its nights in
 * which an hour is twice, or not at all.
 */

const two = (n: number) => String(n).padStart(2, '0');

/** A day where one is, as `2026-11-27`. */
export const dayOf = (time: Date): string =>
  `${String(time.getFullYear()).padStart(4, '0')}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;

/** A moment as an input of a day and a time has it: `2026-11-27T19:30`. */
export function localOf(iso: string): string {
  const time = new Date(iso);
  return Number.isNaN(time.getTime())
    ? ''
    : `${dayOf(time)}T${two(time.getHours())}:${two(time.getMinutes())}`;
}

/** The moment that somebody has written, or nothing. Of an hour that is twice it is the first. */
export function momentOf(local: string): string {
  const time = new Date(local);
  return !local || Number.isNaN(time.getTime()) ? '' : time.toISOString();
}

/** Whether what was written is not on any clock: clocks are put forward over it. */
export const isSkipped = (local: string): boolean =>
  momentOf(local) !== '' && localOf(momentOf(local)) !== local.slice(0, 16);

/** Whether there are two such moments: clocks are put back over it. */
export function isTwice(iso: string): boolean {
  const hour = 3_600_000;
  const time = new Date(iso).getTime();
  return [time - hour, time + hour].some(
    (t) => localOf(new Date(t).toISOString()) === localOf(iso),
  );
}

/** What was written, for one that has been at `before`: what says the same is the same moment. */
export const movedTo = (local: string, before: string): string =>
  localOf(before) === local ? before : momentOf(local);

/** The next whole hour, at least an hour from now. */
export function soon(now = new Date()): string {
  const time = new Date(now);
  time.setMinutes(0, 0, 0);
  time.setHours(time.getHours() + 2);
  return time.toISOString();
}

/** The days of a month in weeks that begin on Monday, and those of its neighbours around it. */
export function weeksOf(month: Date): Date[][] {
  const first = new Date(month.getFullYear(), month.getMonth(), 1);
  const before = (first.getDay() + 6) % 7;
  const days = new Date(month.getFullYear(), month.getMonth() + 1, 0).getDate();
  const weeks = Math.ceil((before + days) / 7);
  return Array.from({ length: weeks }, (_, w) =>
    Array.from(
      { length: 7 },
      (_, d) => new Date(first.getFullYear(), first.getMonth(), 1 - before + 7 * w + d),
    ),
  );
}

/** Things that begin, by their day. */
export function byDay<T extends { starts: string }>(all: readonly T[]): [string, T[]][] {
  const days = new Map<string, T[]>();
  for (const one of all) {
    const day = dayOf(new Date(one.starts));
    days.set(day, [...(days.get(day) ?? []), one]);
  }
  return [...days];
}
