import { signal } from '@preact/signals';
import { type NewsPiece, seeNews } from '@stoa/client';
import { account, house, seen } from './account.ts';
import { unseen } from './news.ts';
import { resource } from './resource.ts';

/** What there is for me, page after page, and what one does with it. */

export interface Told {
  pieces: NewsPiece[];
  next: string | undefined;
}

export const told = resource<Told>(async () => {
  const { news, next } = await house.news();
  return { pieces: news, next };
});

/** The pieces that were new when they came onto the screen: they stay so while one looks. */
export const fresh = signal<ReadonlySet<string>>(new Set());

/** Looks at what there is; then one has seen it. */
export async function lookAtNews(): Promise<void> {
  await told.refresh();
  const shown = told.shown.peek();
  if (shown.kind !== 'ready') return;
  const { pieces } = shown.value;
  const news = pieces.filter((p) => !p.seen).map((p) => p.id);
  if (news.length > 0) fresh.value = new Set([...fresh.peek(), ...news]);
  const newest = pieces[0];
  if (!newest || (news.length === 0 && unseen.peek() === 0)) return;
  try {
    await seeNews(house, newest.id);
    unseen.value = 0;
  } catch (thrown) {
    seen(thrown); // the next look tries again
  }
}

export async function lookFurther({ pieces, next }: Told): Promise<void> {
  const more = await house.news(next);
  told.set({ pieces: [...pieces, ...more.news], next: more.next });
}

/** Those of one day, the newest first. */
export interface Day {
  day: string;
  pieces: NewsPiece[];
}

/** Days as people have them: where they are. */
export function byDay(pieces: NewsPiece[]): Day[] {
  const days: Day[] = [];
  for (const piece of pieces) {
    const day = new Date(piece.at).toDateString();
    const last = days.at(-1);
    if (last?.day === day) last.pieces.push(piece);
    else days.push({ day, pieces: [piece] });
  }
  return days;
}

/** Does what a piece asks for, and looks again. */
export async function answer(piece: NewsPiece): Promise<void> {
  if (account.peek().kind !== 'in') return;
  if (piece.kind === 'follow' && piece.who) await house.follow(piece.who.id);
  if (piece.kind === 'plan_hosting' && piece.plan) await house.setHosting(piece.plan.id, true);
  await told.refresh();
}
