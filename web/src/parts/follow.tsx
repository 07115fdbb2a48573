import { useSignal } from '@preact/signals';
import type { PersonProfile } from '@stoa/client';
import { seen } from '../models/account.ts';
import { say } from '../models/notices.ts';
import { setFollowed } from '../models/people.ts';
import { problemWords, t } from '../words/index.ts';

export function FollowButton({ person }: { person: PersonProfile }) {
  const words = t().person;
  const busy = useSignal(false);
  const toggle = async () => {
    busy.value = true;
    try {
      await setFollowed(person, !person.followed);
    } catch (thrown) {
      say(problemWords(seen(thrown)));
    } finally {
      busy.value = false;
    }
  };
  return (
    <button
      type="button"
      class={person.followed ? 'btn grow' : 'btn ink grow'}
      data-test="follow"
      data-followed={person.followed}
      disabled={busy.value}
      onClick={() => void toggle()}
    >
      {person.followed ? words.unfollow : words.follow}
    </button>
  );
}
