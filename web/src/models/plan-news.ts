import { effect } from '@preact/signals';
import { watchPlans } from '@stoa/client';
import { live } from './account.ts';
import { schedule } from './later.ts';

/** Says what becomes of plans that one goes to; the words for it come with the first. */
export function startPlanNews(): () => void {
  return effect(() => {
    const connection = live.value;
    return (
      connection &&
      watchPlans(connection, async (news) => {
        await schedule.load();
        const there = schedule.there.peek();
        if (there && there !== 'failed') there.tell(news);
      })
    );
  });
}
