import { onStage, type Participant, type Seat } from '@stoa/client';
import { sheet } from '../../models/stage.ts';
import { Laurel } from '../../parts/brand.tsx';
import { LiveFace } from '../../parts/face.tsx';
import { firstName, t } from '../../words/index.ts';
import { late } from './late.ts';

/** Somebody in the room: one button, that opens their sheet. */
export function Person({ seat, person }: { seat: Seat; person: Participant }) {
  const me = seat.me.value?.who === person.who;
  const up = onStage(person);
  const Beside = late.value;
  return (
    <li>
      <button
        type="button"
        class="person"
        aria-label={spoken(seat, person)}
        data-test={`person-${person.who}`}
        onClick={() => (sheet.value = { kind: 'person', who: person.who })}
      >
        <LiveFace
          seat={seat}
          id={person.who}
          name={person.name}
          picture={person.picture}
          muted={up && person.muted}
          away={person.away_until !== undefined}
        />
        <span class="n">
          {person.role === 'moderator' && <Laurel />}
          {firstName(person.name)}
          {me && <small>{t().you}</small>}
        </span>
        {up && Beside && <Beside.Time seat={seat} who={person.who} />}
      </button>
    </li>
  );
}

/** "Aylin Demir, moderator, speaking" */
function spoken(seat: Seat, person: Participant): string {
  const words = t().room;
  const said = [person.name];
  if (seat.me.value?.who === person.who) said.push(t().you);
  if (person.role === 'moderator') said.push(words.moderator);
  if (seat.voices.value.has(person.who)) said.push(words.speaking);
  else if (onStage(person) && person.muted) said.push(words.muted);
  if (person.away_until) said.push(words.away);
  if (person.hand) said.push(words.handUp);
  const time = onStage(person) && late.value?.timeSpoken(seat, person.who);
  if (time) said.push(time);
  return said.join(', ');
}
