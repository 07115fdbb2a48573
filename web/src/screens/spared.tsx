import type { Blocked } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { blocks, setLevel } from '../models/blocks.ts';
import { say } from '../models/notices.ts';
import { Face } from '../parts/face.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { day, firstName, problemWords } from '../words/index.ts';
import { w } from '../words/safety.ts';

/** Whom I have muted or blocked, in the settings. */
export function Spared() {
  const words = w();
  useEffect(() => void blocks.refresh(), []);
  const free = async ({ person }: Blocked) => {
    try {
      await setLevel(person, undefined);
      say(words.freed(firstName(person.name)));
    } catch (thrown) {
      say(problemWords(thrown as Parameters<typeof problemWords>[0]));
    }
  };
  return (
    <section class="stack" data-test="spared">
      <h2 class="sub bare-sub">{words.title}</h2>
      <p class="meta">{words.why}</p>
      <Loadable of={blocks}>
        {(list) =>
          list.length === 0 ? (
            <p class="soft">{words.none}</p>
          ) : (
            <ul class="list">
              {list.map((one) => (
                <li class="row" key={one.person.id}>
                  <Face
                    id={one.person.id}
                    name={one.person.name}
                    picture={one.person.picture}
                    size={40}
                  />
                  <span class="grow">
                    <b>{one.person.name}</b>
                    <span>{words.since(words.level[one.level], day(one.since))}</span>
                  </span>
                  <button
                    type="button"
                    class="btn s"
                    data-test={`unspare-${one.person.id}`}
                    aria-label={
                      one.level === 'mute'
                        ? words.unmuteWho(one.person.name)
                        : words.unblockWho(one.person.name)
                    }
                    onClick={() => void free(one)}
                  >
                    {one.level === 'mute' ? words.unmute : words.unblock}
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Loadable>
    </section>
  );
}
