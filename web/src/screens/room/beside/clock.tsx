import type { Seat } from '@stoa/client';
import { figure, spokenBy } from '../../../models/beside.ts';
import { b } from '../../../words/beside.ts';

/** For how long somebody on the stage has spoken, where one wants to see it. */
export function Time({ seat, who }: { seat: Seat; who: string }) {
  const spoken = spokenBy(seat, who);
  if (!spoken) return null;
  return (
    <span class="time" data-test={`time-${who}`}>
      <span class="num">{figure(spoken.seconds)}</span>
      <span class="time-bar">
        <span style={{ inlineSize: `${Math.round(spoken.share * 100)}%` }} />
      </span>
    </span>
  );
}

/** The same in words; empty where one does not want to know. */
export function timeSpoken(seat: Seat, who: string): string {
  const spoken = spokenBy(seat, who);
  if (!spoken) return '';
  return b().clock.spoken(Math.floor(spoken.seconds / 60), spoken.seconds % 60);
}
