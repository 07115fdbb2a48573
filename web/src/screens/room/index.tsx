import { useEffect } from 'preact/hooks';
import { hallway } from '../../models/hallway.ts';
import { ready } from '../../models/resource.ts';
import { comeInOrAsk, roomName } from '../../models/stage.ts';
import { comeIn, forget, visit } from '../../models/visit.ts';
import { Scene, Wordmark } from '../../parts/brand.tsx';
import { RoomCard } from '../../parts/card.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Icon } from '../../parts/icon.tsx';
import { WhyNoSealing } from '../../parts/sealing.tsx';
import { Landing } from '../../parts/shell.tsx';
import { to } from '../../router.ts';
import { problemWords, t } from '../../words/index.ts';
import { Inside } from './inside.tsx';
import { loadLate } from './late.ts';

/** A room: on the way in, inside, or over. */
export function RoomScreen({ room }: { room: string }) {
  useEffect(() => {
    void loadLate();
    comeInOrAsk(room);
    return forget;
  }, [room]);
  const now = visit.value;
  if (now.kind === 'refused' && now.problem.code === 'no_sealing') return <NoSealing />;
  if (now.kind === 'refused' || now.kind === 'over') return <Over room={room} />;
  return (
    <div class="porch in">
      <HallwayBeside />
      {now.kind === 'here' ? <Inside key={now.room} seat={now.seat} /> : <Coming room={room} />}
    </div>
  );
}

function HallwayBeside() {
  return (
    <aside class="side" aria-label={t().nav.hallway}>
      <header class="top side-top">
        <a class="home" href={to.hallway} aria-label={t().nav.hallway}>
          <Wordmark />
        </a>
      </header>
      <div class="rooms">
        {ready(hallway.shown.value)?.map((card) => (
          <RoomCard key={card.id} card={card} small />
        ))}
      </div>
    </aside>
  );
}

function Coming({ room }: { room: string }) {
  const card = ready(hallway.shown.value)?.find((c) => c.id === room);
  return (
    <>
      <main class="pane" id="main" aria-busy="true">
        <header class="top back">
          <a class="btn bare only-phone" href={to.hallway}>
            <Icon name="chevron-down" />
            {t().nav.hallway}
          </a>
        </header>
        <div class="pad stack room-head">
          <h1 class="room-h" tabIndex={-1} style={{ viewTransitionName: `room-${room}` }}>
            {card
              ? roomName(
                  card.title,
                  card.stage.map((p) => p.name),
                )
              : t().room.coming}
          </h1>
        </div>
        <div class="stage">
          <div class="bays">
            {[1, 2, 3].map((n) => (
              <div class="person" key={n}>
                <span class="skel av" />
                <span class="skel half" />
              </div>
            ))}
          </div>
        </div>
        <div class="steps" aria-hidden="true" />
      </main>
      <aside class="pane" />
    </>
  );
}

/** A browser that cannot seal does not come in. */
function NoSealing() {
  return (
    <Landing art={<Scene />}>
      <Heading test="no-sealing">{t().noSealing.heading}</Heading>
      <WhyNoSealing />
      <a class="btn ink align-start" href={to.hallway}>
        {t().over.hallway}
      </a>
    </Landing>
  );
}

function Over({ room }: { room: string }) {
  const words = t().over;
  const now = visit.value;
  const [heading, why, mayReturn] = (() => {
    if (now.kind === 'over') {
      const ending = now.ending === 'left' ? 'ended' : now.ending;
      return [...words[ending], ending === 'lost' || ending === 'taken_over'];
    }
    if (now.kind === 'refused' && now.problem.code !== 'no_room') {
      return [words.refused[0], problemWords(now.problem), true];
    }
    return [...words.gone, false];
  })();
  return (
    <Landing art={<Scene />}>
      <Heading test="room-over">{heading}</Heading>
      <p class="lead">{why}</p>
      <div class="flex wrap">
        <a class="btn ink grow" href={to.hallway}>
          {words.hallway}
        </a>
        {mayReturn && (
          <button type="button" class="btn grow" onClick={() => void comeIn(room)}>
            {now.kind === 'over' && now.ending === 'taken_over'
              ? words.comeBackHere
              : words.comeBack}
          </button>
        )}
      </div>
    </Landing>
  );
}
