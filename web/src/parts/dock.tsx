import type { Seat } from '@stoa/client';
import { iAmOnStage, leaveOrAsk, seatName } from '../models/stage.ts';
import { to } from '../router.ts';
import { t } from '../words/index.ts';
import { LiveFace } from './face.tsx';
import { Icon } from './icon.tsx';
import { Microphone } from './microphone.tsx';

/** The room one is in, while one looks at something else. */
export function Dock({ seat }: { seat: Seat }) {
  const words = t().room;
  const speaker = seat.stage.value.find((p) => seat.voices.value.has(p.who)) ?? seat.stage.value[0];
  const onStage = iAmOnStage(seat);
  const state = !onStage ? words.listeningYou : seat.onAir.value ? words.onAir : words.onStageYou;
  return (
    <section class="bar dock" aria-label={words.about} data-test="dock">
      {speaker && (
        <span class="only-roomy">
          <LiveFace
            key={speaker.who}
            seat={seat}
            id={speaker.who}
            name={speaker.name}
            picture={speaker.picture}
          />
        </span>
      )}
      <a class="grow" href={to.room(seat.room)}>
        <span class="say">{seatName(seat)}</span>
        <span class="meta">{state}</span>
      </a>
      <button
        type="button"
        class="btn icon quiet"
        aria-label={words.leave}
        data-test="leave"
        onClick={leaveOrAsk}
      >
        <Icon name="log-out" />
      </button>
      {onStage && <Microphone seat={seat} small />}
    </section>
  );
}
