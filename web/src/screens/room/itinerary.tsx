import type { Seat, Way, WayHop } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { askEvery, waysOf } from '../../models/itinerary.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { firstName, list, number, problemWords, regionName, t } from '../../words/index.ts';

/** Over which nodes voices come: from oneself back to who speaks. */
export function Itinerary({ seat }: { seat: Seat }) {
  const words = t().itinerary;
  const ways = useMemo(() => waysOf(seat), [seat]);
  useEffect(() => {
    void ways.refresh();
    const timer = setInterval(() => void ways.refresh(), askEvery);
    return () => clearInterval(timer);
  }, [ways]);
  const shown = ways.shown.value;
  if (shown.kind === 'loading') return <p class="meta">{t().loading}</p>;
  if (shown.kind === 'failed') return <p>{problemWords(shown.problem)}</p>;
  return (
    <>
      {shown.value.length === 0 && <p>{words.nobody}</p>}
      {shown.value.map((way) => (
        <WayPicture
          key={`${way.mine} ${way.who.join()} ${way.hops.at(-1)?.node}`}
          seat={seat}
          way={way}
        />
      ))}
      <section>
        <h3 class="sub bare-sub">{words.limits.title}</h3>
        <ul class="limits">
          {shown.value.some((way) => way.proof === 'signed') && <li>{words.limits.signed}</li>}
          <li>{words.limits.others}</li>
          <li>{words.limits.who}</li>
        </ul>
      </section>
    </>
  );
}

function WayPicture({ seat, way }: { seat: Seat; way: Way }) {
  const words = t().itinerary;
  const { people } = seat.view.value;
  const names = way.who.map((who) => people.find((p) => p.who === who)?.name ?? t().none);
  const pictureOf = (who: string) => people.find((p) => p.who === who)?.picture;
  const me = seat.me.value;
  const first = way.who[0];
  return (
    <section class="stack close" data-test="way">
      <h3 class="sub bare-sub">
        {way.mine ? words.mine : words.to(list(names.map((name) => firstName(name))))}
      </h3>
      {way.hops.length === 0 ? (
        <p class="meta">{words.unknown}</p>
      ) : (
        <>
          <ol class="line-of-nodes">
            <End face={me && <Face id={me.who} name={me.name} picture={me.picture} size={28} />}>
              {words.you}
            </End>
            {inOrder(way).map(({ hop, delayMS }) => (
              <Node key={hop.node} hop={hop} delayMS={delayMS} />
            ))}
            <End
              face={
                !way.mine &&
                first && (
                  <Face id={first} name={names[0] ?? ''} picture={pictureOf(first)} size={28} />
                )
              }
            >
              {way.mine ? words.others : list(names)}
            </End>
          </ol>
          <p class={`meta proof ${way.proof}`} data-test={`proof-${way.proof}`}>
            {way.proof !== 'unsigned' && (
              <Icon name={way.proof === 'signed' ? 'check' : 'triangle-alert'} />
            )}
            {words[way.proof]}
          </p>
        </>
      )}
    </section>
  );
}

/**
 * The nodes from one's own on, each with the delay to the one before it in this
 * order: what comes to oneself is told the other way about.
 */
function inOrder(way: Way): { hop: WayHop; delayMS: number | undefined }[] {
  if (way.mine)
    return way.hops.map((hop, i) => ({ hop, delayMS: i > 0 ? hop.delayMS : undefined }));
  const back = [...way.hops].reverse();
  return back.map((hop, i) => ({ hop, delayMS: back[i - 1]?.delayMS }));
}

function End({ face, children }: { face: ComponentChildren; children: ComponentChildren }) {
  return (
    <li class="end">
      <span class="dot">{face || <i />}</span>
      <b>{children}</b>
    </li>
  );
}

function Node({ hop, delayMS }: { hop: WayHop; delayMS: number | undefined }) {
  const words = t().itinerary;
  const digits = delayMS !== undefined && delayMS < 10 ? 1 : 0;
  const ms = `${number(Number((delayMS ?? 0).toFixed(digits)))} ms`;
  return (
    <li>
      <span class="dot">
        <i />
      </span>
      <span class="grow">
        {hop.node ? regionName(hop.region) : words.here}
        <span class="meta"> {hop.operator}</span>
      </span>
      {delayMS !== undefined && (
        <span class="meta num">
          <span aria-hidden="true">{ms}</span>
          <span class="vh">{words.after(ms)}</span>
        </span>
      )}
    </li>
  );
}
