import { useSignal } from '@preact/signals';
import { ping, type Seat } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { house } from '../../../models/account.ts';
import { followers } from '../../../models/people.ts';
import { closeSheet, outside } from '../../../models/stage.ts';
import { attempt } from '../../../parts/attempt.ts';
import { Face } from '../../../parts/face.tsx';
import { Loadable } from '../../../parts/loadable.tsx';
import { SheetHead } from '../../../parts/sheet.tsx';
import { s } from '../../../words/activity.ts';

/** Whom one may ask to come: those who follow one, and first those whom one follows back. */
export function BringIn({ seat }: { seat: Seat }) {
  const words = s().bring;
  const asked = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => void followers.refresh(), []);
  const ask = (who: string) =>
    attempt(async () => {
      await ping(house, seat.room, who);
      asked.value = new Set([...asked.value, who]);
    });
  return (
    <div class="stack" data-test="bringing">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.title}
      </SheetHead>
      <p class="meta">
        {words.what} {seat.view.value.visibility === 'closed' && words.closed}
      </p>
      <Loadable of={followers}>
        {(all) => {
          const people = outside(seat, all).toSorted(
            (a, b) => Number(b.followed) - Number(a.followed),
          );
          return people.length === 0 ? (
            <p class="meta">{words.nobody}</p>
          ) : (
            <ul class="list">
              {people.map((p) => (
                <li class="row" key={p.id}>
                  <Face id={p.id} name={p.name} picture={p.picture} size={40} />
                  <span class="grow">
                    <b dir="auto">{p.name}</b>
                    {p.followed && <span>{words.mutual}</span>}
                  </span>
                  <button
                    type="button"
                    class="btn s"
                    aria-label={words.askDo(p.name)}
                    disabled={asked.value.has(p.id)}
                    data-test={`bring-${p.id}`}
                    onClick={() => void ask(p.id)}
                  >
                    {asked.value.has(p.id) ? words.asked : words.ask}
                  </button>
                </li>
              ))}
            </ul>
          );
        }}
      </Loadable>
    </div>
  );
}
