import type { Person, QueueDecision } from '@stoa/client';
import { to } from '../../router.ts';
import { dayAndClock } from '../../words/index.ts';
import { w } from '../../words/ward.ts';

/** Who has said something, and when. */
export function By({ of, at }: { of: Person | undefined; at: string }) {
  const words = w().queue;
  return (
    <p class="meta">
      {of ? <a href={to.person(of.id)}>{words.by(of.name)}</a> : words.by(words.erased)} ·{' '}
      {dayAndClock(at)}
    </p>
  );
}

/** A decision, as wardens read it. */
export function Before({ of }: { of: QueueDecision }) {
  const all = w();
  return (
    <>
      <b>
        {all.whats[of.what]}
        {of.ends && ` · ${all.decisions.until(dayAndClock(of.ends))}`}
        {of.lifted && ` · ${all.decisions.lifted(dayAndClock(of.lifted))}`}
      </b>
      <p class="bio" dir="auto">
        {of.reason}
      </p>
      <By of={of.by} at={of.made} />
      {of.answer && <Answered title={all.queue.answered}>{of.answer}</Answered>}
    </>
  );
}

/** What somebody has answered to a decision. */
export function Answered({ title, children }: { title: string; children: string }) {
  return (
    <div class="pin" data-test="answered">
      <span>
        <b>{title}</b>
        <br />
        <span class="bio" dir="auto">
          {children}
        </span>
      </span>
    </div>
  );
}
