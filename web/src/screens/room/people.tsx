import type { Participant, Seat } from '@stoa/client';
import { useEffect, useMemo } from 'preact/hooks';
import { lookAround } from '../../models/crowd.ts';
import { ready } from '../../models/resource.ts';
import { closeSheet, sheet } from '../../models/stage.ts';
import { Laurel } from '../../parts/brand.tsx';
import { Face } from '../../parts/face.tsx';
import { SheetHead } from '../../parts/sheet.tsx';
import { problemWords, t } from '../../words/index.ts';

/** Everybody in the room, to be found by name. */
export function People({ seat }: { seat: Seat }) {
  const words = t().people;
  const around = useMemo(() => lookAround(seat.room), [seat.room]);
  useEffect(() => around.stop, [around]);
  const { value: shown } = around.found;
  const found = ready(shown);
  return (
    <div class="stack" data-test="people">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.title}
      </SheetHead>
      <div class="field">
        <label for="look">{words.look}</label>
        <input
          id="look"
          type="search"
          data-test="look"
          autocomplete="off"
          maxLength={60}
          value={around.part.value}
          onInput={(event) => around.look(event.currentTarget.value)}
        />
      </div>
      <p class="meta" role="status">
        {shown.kind === 'failed'
          ? problemWords(shown.problem)
          : found && words.found(found.people.length, found.next !== undefined)}
      </p>
      <ul class="list">
        {found?.people.map((p) => seat.spares(p.who) || <Row key={p.who} person={p} />)}
      </ul>
      {found?.next && (
        <button type="button" class="btn" data-test="more" onClick={() => void around.more()}>
          {words.more}
        </button>
      )}
    </div>
  );
}

function Row({ person }: { person: Participant }) {
  const words = t().room;
  const place = person.hand ? words.handUp : t().people.roles[person.role];
  return (
    <li>
      <button
        type="button"
        class="row pick"
        data-test={`found-${person.who}`}
        onClick={() => (sheet.value = { kind: 'person', who: person.who, found: person })}
      >
        <Face id={person.who} name={person.name} picture={person.picture} size={40} />
        <span class="grow">
          <b>
            {person.role === 'moderator' && <Laurel />}
            {person.name}
          </b>
          <span>{place}</span>
        </span>
      </button>
    </li>
  );
}
