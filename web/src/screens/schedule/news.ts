import type { PlanNews } from '@stoa/client';
import { say } from '../../models/notices.ts';
import { plan, plans, which } from '../../models/plans.ts';
import { to } from '../../router.ts';
import { clock, dayAndClock } from '../../words/index.ts';
import { s } from '../../words/schedule.ts';

/** Says what has become of a plan, with the way there, and looks again at what is shown of it. */
export function tell({ id, kind, title, starts }: PlanNews): void {
  const words = s().news;
  const said = {
    soon: () => words.soon(title, clock(starts)),
    open: () => words.open(title),
    moved: () => words.moved(title, dayAndClock(starts)),
    cancelled: () => words.cancelled(title),
  }[kind as 'soon' | 'open' | 'moved' | 'cancelled'];
  if (!said) return; // what a newer node says
  say(said(), to.plan(id));
  if (kind === 'soon') return;
  void plan(id).refresh();
  void plans(which.peek()).refresh();
}
