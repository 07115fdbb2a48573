import type { Suggestion } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { seen } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { settle, suggestions } from '../../models/people.ts';
import { ready } from '../../models/resource.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useFocusNotLost } from '../../parts/lost.ts';
import { to } from '../../router.ts';
import { list, problemWords } from '../../words/index.ts';
import { p } from '../../words/people.ts';

const shownMax = 5;

/** People whom one may want to follow, and why. Without any, nothing is said. */
export function Suggestions() {
  const words = p().suggested;
  useEffect(() => void suggestions.refresh(), []);
  const some = ready(suggestions.shown.value) ?? [];
  useFocusNotLost(some.length);
  if (some.length === 0) return null;
  return (
    <section data-test="suggestions">
      <h2 class="sub bare-sub">{words.title}</h2>
      <ul class="list">
        {some.slice(0, shownMax).map((one) => (
          <li key={one.person.id}>
            <One one={one} />
          </li>
        ))}
      </ul>
      <p class="meta">{words.why}</p>
    </section>
  );
}

function One({ one }: { one: Suggestion }) {
  const words = p().suggested;
  const { id, name, picture } = one.person;
  const act = async (how: 'follow' | 'hide') => {
    try {
      await settle(one, how);
      say((how === 'follow' ? words.followed : words.hidden)(name));
    } catch (thrown) {
      say(problemWords(seen(thrown)));
    }
  };
  return (
    <div class="row suggested" data-test={`suggested-${id}`}>
      <a class="who grow" href={to.person(id)}>
        <Face id={id} name={name} picture={picture} size={40} />
        <span class="grow">
          <b dir="auto">{name}</b>
          <span class="two-lines">{why(one)}</span>
        </span>
      </a>
      <button
        type="button"
        class="btn s"
        aria-label={words.followWho(name)}
        data-test={`suggested-follow-${id}`}
        onClick={() => void act('follow')}
      >
        {words.follow}
      </button>
      <button
        type="button"
        class="btn s icon bare"
        aria-label={words.hideWho(name)}
        title={words.hideWho(name)}
        data-test={`suggested-hide-${id}`}
        onClick={() => void act('hide')}
      >
        <Icon name="x" />
      </button>
    </div>
  );
}

function why({ why: { clubs = [], room } }: Suggestion): string {
  const words = p().suggested;
  if (room) return room.title ? words.room(room.title) : words.roomUntitled;
  return words.clubs(list(clubs.slice(0, 2).map(({ name }) => name)));
}
