import { useSignal } from '@preact/signals';
import type { Club } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { seen } from '../../models/account.ts';
import { leads, nominate } from '../../models/clubs.ts';
import { announce } from '../../models/notices.ts';
import { following } from '../../models/people.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { Loadable } from '../../parts/loadable.tsx';
import { Sheet, SheetHead } from '../../parts/sheet.tsx';
import { c } from '../../words/clubs.ts';
import { problemWords } from '../../words/index.ts';

/** Whom one wants to have in the club: of the people one follows, or by their handle. */
export function NominateSheet({ club, onClose }: { club: Club; onClose: () => void }) {
  const words = c().nominate;
  const how = leads(club.standing) ? 'invite' : 'nominate';
  const handle = useSignal('');
  const hitch = useSignal('');
  const done = useSignal<ReadonlySet<string>>(new Set());
  const busy = useSignal(false);
  useEffect(() => void following.refresh(), []);

  const ask = async (who: string, name: string): Promise<boolean> => {
    busy.value = true;
    hitch.value = '';
    try {
      await nominate(club.id, who);
      done.value = new Set([...done.value, who]);
      announce(words.said[how](name));
      return true;
    } catch (thrown) {
      const problem = seen(thrown);
      hitch.value = problem.code === 'no_person' ? words.unknown : problemWords(problem);
      return false;
    } finally {
      busy.value = false;
    }
  };
  const byHandle = async () => {
    const typed = handle.value.trim().replace(/^@/, '').toLowerCase();
    if (!typed) hitch.value = words.handleMissing;
    else if (await ask(`@${typed}`, `@${typed}`)) handle.value = '';
    document.getElementById('by-handle')?.focus();
  };
  const byHandles = [...done.value].filter((who) => who.startsWith('@'));

  return (
    <Sheet labelledby="nominate" onClose={onClose}>
      <div class="stack" data-test="nominate-sheet">
        <SheetHead id="nominate" onClose={onClose}>
          {words.title[how]}
        </SheetHead>
        <p class="meta">{words.why[how]}</p>
        <form
          class="field"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            void byHandle();
          }}
        >
          <label for="by-handle">{words.handle}</label>
          <div class="flex">
            <input
              id="by-handle"
              class="grow"
              data-test="by-handle"
              autocomplete="off"
              autocapitalize="none"
              spellcheck={false}
              maxLength={25}
              placeholder={words.handleHint}
              value={handle.value}
              aria-invalid={hitch.value !== ''}
              aria-describedby={hitch.value ? 'nominate-hitch' : undefined}
              onInput={(event) => {
                handle.value = event.currentTarget.value;
                hitch.value = '';
              }}
            />
            <button type="submit" class="btn" data-test="nominate-handle" disabled={busy.value}>
              {words.act[how]}
            </button>
          </div>
          {hitch.value && (
            <span class="err" id="nominate-hitch" role="alert" data-test="nominate-hitch">
              <Icon name="triangle-alert" />
              {hitch.value}
            </span>
          )}
          {byHandles.map((who) => (
            <span class="meta flex" key={who}>
              <Icon name="check" />
              {words.said[how](who)}
            </span>
          ))}
        </form>
        <section>
          <h3 class="sub bare-sub">{words.following}</h3>
          <Loadable of={following}>
            {(people) =>
              people.length === 0 ? (
                <p class="meta">{words.nobody}</p>
              ) : (
                <ul class="list">
                  {people.map((p) => (
                    <li class="row" key={p.id}>
                      <Face id={p.id} name={p.name} picture={p.picture} size={40} />
                      <span class="grow">
                        <b dir="auto">{p.name}</b>
                        {p.handle && <span>@{p.handle}</span>}
                      </span>
                      <button
                        type="button"
                        class="btn s"
                        aria-label={words.actWho[how](p.name)}
                        data-test={`nominate-${p.id}`}
                        disabled={busy.value || done.value.has(p.id)}
                        onClick={() => void ask(p.id, p.name)}
                      >
                        {done.value.has(p.id) ? words.done : words.act[how]}
                      </button>
                    </li>
                  ))}
                </ul>
              )
            }
          </Loadable>
        </section>
      </div>
    </Sheet>
  );
}
