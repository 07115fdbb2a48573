import { useEffect } from 'preact/hooks';
import { account } from '../models/account.ts';
import { chosen, hallway, more, roomOf, withFollowed } from '../models/hallway.ts';
import { invites } from '../models/invites.ts';
import { here, ordering, people } from '../models/later.ts';
import { following } from '../models/people.ts';
import { ready } from '../models/resource.ts';
import { roomName } from '../models/stage.ts';
import { sealing, seat } from '../models/visit.ts';
import { Scene } from '../parts/brand.tsx';
import { RoomCard } from '../parts/card.tsx';
import { Face } from '../parts/face.tsx';
import { Icon } from '../parts/icon.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { OpenRoom, useOpening } from '../parts/opening.tsx';
import { WhyNoSealing } from '../parts/sealing.tsx';
import { PhoneTop, Porch } from '../parts/shell.tsx';
import { query, to } from '../router.ts';
import { firstName, t } from '../words/index.ts';

/** The rooms that one may enter now. */
export function HallwayScreen() {
  const words = t();
  const opening = useOpening();
  useEffect(() => {
    void following.refresh();
    void invites.refresh();
    void ordering.load();
  }, []);
  const choosing = query.value !== '';
  useEffect(() => {
    if (choosing) void chosen.refresh();
  }, [query.value]);
  const order = here(ordering);

  const shown = hallway.shown.value;
  const empty = shown.kind === 'ready' && shown.value.length === 0;
  return (
    <>
      <Porch
        aside={<Aside onOpen={opening.open} />}
        bar={
          sealing.value &&
          !seat.value && (
            <div class="bar only-phone">
              <button type="button" class="btn live w" data-test="open-room" onClick={opening.open}>
                <Icon name="plus" />
                {words.openRoom.open}
              </button>
            </div>
          )
        }
      >
        <PhoneTop />
        {!sealing.value && (
          <div class="banner" data-test="no-sealing">
            <Icon name="triangle-alert" />
            <div class="grow stack close">
              <b>{words.noSealing.heading}</b>
              <WhyNoSealing />
            </div>
          </div>
        )}
        {empty ? <Quiet /> : <Greeting />}
        {order && <order.Chips />}
        <Loadable of={choosing ? chosen : hallway} waiting={<CardBones />}>
          {(cards) =>
            cards.length === 0 ? (
              choosing && order && <order.Nothing />
            ) : (
              <>
                <h2 class="vh" id="rooms">
                  {words.hallway.rooms}
                </h2>
                <section class="rooms bays-2 architrave" aria-labelledby="rooms">
                  {cards.map((card) => (
                    <RoomCard key={card.id} card={card} />
                  ))}
                </section>
                {!choosing && order && <order.More n={more.value} />}
              </>
            )
          }
        </Loadable>
      </Porch>
      <OpenRoom of={opening} />
    </>
  );
}

function Greeting() {
  const words = t().hallway;
  const name = account.value.kind === 'in' ? account.value.me.name : '';
  const cards = ready(hallway.shown.value);
  return (
    <div class="pad stack greeting">
      <h1 tabIndex={-1}>{words.greeting(new Date().getHours(), firstName(name))}</h1>
      {cards && <p class="soft">{words.count(cards.length, withFollowed(cards))}</p>}
    </div>
  );
}

function Quiet() {
  const words = t().hallway;
  return (
    <>
      <div class="art empty-art">
        <Scene people={[150]} />
      </div>
      <div class="empty left">
        <h1 tabIndex={-1}>{words.quiet}</h1>
        <p>{words.quietWhy}</p>
      </div>
    </>
  );
}

function CardBones() {
  return (
    <div class="architrave">
      <span class="vh">{t().loading}</span>
      {[1, 2].map((n) => (
        <div class="card" key={n}>
          <div class="skel short" />
          <div class="skel tall" />
          <div class="frieze">
            {[1, 2, 3, 4].map((face) => (
              <span class="skel av" key={face} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
}

/** Where there is room for what stands beside. */
const wide = matchMedia('(min-width: 1100px)');

function Aside({ onOpen }: { onOpen: () => void }) {
  const words = t();
  useEffect(() => {
    if (wide.matches) void people.load();
  }, []);
  const Suggestions = here(people)?.Suggestions;
  const left = ready(invites.shown.value)?.left ?? 0;
  return (
    <div class="pad stack wide-gap">
      {sealing.value && (
        <button
          type="button"
          class={seat.value ? 'btn w' : 'btn live w'}
          data-test="open-room-wide"
          onClick={onOpen}
        >
          <Icon name="plus" />
          {words.openRoom.open}
        </button>
      )}
      <section>
        <h2 class="sub bare-sub">
          {words.hallway.following}
          <a class="meta" href={to.me}>
            {words.hallway.all}
          </a>
        </h2>
        <Loadable of={following}>
          {(people) =>
            people.length === 0 ? (
              <p class="meta">{words.hallway.followsNobody}</p>
            ) : (
              <ul class="list">
                {people.slice(0, 8).map((p) => {
                  const room = roomOf(p.id);
                  const on =
                    room &&
                    roomName(
                      room.title,
                      room.stage.map((s) => s.name),
                    );
                  return (
                    <li key={p.id}>
                      <a class="row" href={to.person(p.id)}>
                        <Face id={p.id} name={p.name} picture={p.picture} size={40} />
                        <span class="grow">
                          <b>{p.name}</b>
                          {on && <span>{words.hallway.onStageIn(on)}</span>}
                        </span>
                      </a>
                    </li>
                  );
                })}
              </ul>
            )
          }
        </Loadable>
      </section>
      {Suggestions && <Suggestions />}
      {left > 0 && (
        <a class="meta" href={to.invites}>
          {words.hallway.invitesLeft(left)}
        </a>
      )}
    </div>
  );
}
