import { useSignal } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { useEffect } from 'preact/hooks';
import { around, parts, regions } from '../../models/fence.ts';
import { acquaintances, followers, following } from '../../models/people.ts';
import { about } from '../../models/report.ts';
import {
  act,
  closeSheet,
  iAmOnStage,
  iModerate,
  outside,
  seatName,
  sheet,
} from '../../models/stage.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { share } from '../../parts/share.ts';
import { SheetHead } from '../../parts/sheet.tsx';
import { to } from '../../router.ts';
import { fenceWords, regionName, t } from '../../words/index.ts';
import { late } from './late.ts';

export function shareRoom(seat: Seat): Promise<void> {
  const url = new URL(to.room(seat.room), location.href).href;
  return share(url, seatName(seat), t().news.linkCopied);
}

/** What one can do with the room. */
export function RoomMenu({ seat }: { seat: Seat }) {
  const words = t().menu;
  const { visibility, hands, proven = false, fence, club } = seat.view.value;
  const moderates = iModerate(seat);
  const Beside = late.value;
  useEffect(() => {
    void about.refresh();
  }, []);
  const then = (what: () => unknown) => () => {
    closeSheet();
    void what();
  };
  return (
    <div class="stack">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.title}
      </SheetHead>
      <div class="stack close">
        {visibility === 'open' && (
          <button type="button" class="btn w" onClick={then(() => shareRoom(seat))}>
            <Icon name="share-2" />
            {words.shareLink}
          </button>
        )}
        {(moderates || visibility !== 'closed') && (
          <button
            type="button"
            class="btn w"
            data-test="bring-in"
            onClick={() => (sheet.value = { kind: 'bringing' })}
          >
            <Icon name="bell" />
            {words.bringIn}
          </button>
        )}
        {moderates && (
          <button
            type="button"
            class="btn w"
            data-test="let-in"
            onClick={() => (sheet.value = { kind: 'letting_in' })}
          >
            <Icon name="user-plus" />
            {words.letIn}
          </button>
        )}
        {moderates && visibility === 'closed' && (
          <button
            type="button"
            class="btn w"
            data-test="widen-social"
            onClick={then(() => act((s) => s.widen('social')))}
          >
            <Icon name="users" />
            {words.widenSocial}
          </button>
        )}
        {moderates && visibility === 'closed' && club && (
          <button
            type="button"
            class="btn w"
            data-test="widen-members"
            onClick={then(() => act((s) => s.widen('members')))}
          >
            <Icon name="id-card" />
            {words.widenMembers}
          </button>
        )}
        {moderates && visibility !== 'open' && (
          <button
            type="button"
            class="btn w"
            data-test="widen-open"
            onClick={then(() => act((s) => s.widen('open')))}
          >
            <Icon name="door-open" />
            {words.widenOpen}
          </button>
        )}
        {moderates && (regions().length > 1 || fence) && (
          <button
            type="button"
            class="btn w"
            data-test="fence"
            onClick={() => (sheet.value = { kind: 'fence' })}
          >
            <Icon name="fence" />
            {words.fence}
          </button>
        )}
        <button
          type="button"
          class="btn w"
          data-test="itinerary"
          onClick={() => (sheet.value = { kind: 'itinerary' })}
        >
          <Icon name="waypoints" />
          {t().itinerary.title}
        </button>
        {moderates && (
          <button
            type="button"
            class="btn w"
            data-test="prove"
            onClick={then(() => act((s) => s.prove(!proven)))}
          >
            <Icon name="check" />
            {proven ? words.proveNot : words.prove}
          </button>
        )}
        {moderates && !proven && <p class="meta">{words.proveWhy}</p>}
        {Beside && <Beside.MenuItems seat={seat} />}
        {iAmOnStage(seat) && (
          <button
            type="button"
            class="btn w"
            data-test="step-down"
            onClick={then(() => act((s) => s.stepDown()))}
          >
            <Icon name="chevron-down" />
            {words.stepDown}
          </button>
        )}
        <button
          type="button"
          class="btn w only-keys"
          data-test="keys"
          onClick={() => (sheet.value = { kind: 'keys' })}
        >
          {t().keys.title}
        </button>
        <a
          class="btn w"
          href={to.report('room', seat.room)}
          data-test="report-room"
          onClick={closeSheet}
        >
          <Icon name="flag" />
          {t().toWardens}
        </a>
        {moderates && (
          <button
            type="button"
            class="btn danger w"
            data-test="end"
            onClick={() => (sheet.value = { kind: 'ending' })}
          >
            <Icon name="x" />
            {words.end}
          </button>
        )}
      </div>
      <ul class="facts">
        <li>
          <Icon name="door-open" />
          {t().room.facts[visibility]}
        </li>
        {fence && (
          <li>
            <Icon name="fence" />
            {fenceWords(fence)}
          </li>
        )}
        <li>
          <Icon name="hand" />
          {t().room.handFacts[hands]}
        </li>
        <li>
          <Icon name="check" />
          {t().facts.notRecorded}
        </li>
      </ul>
    </div>
  );
}

/** For moderators: the regions that the room's voices may be in. */
export function Fencing({ seat }: { seat: Seat }) {
  const words = t().menu;
  const own = regions()[0];
  const { fence } = seat.view.value;
  const chosen = useSignal<ReadonlySet<string>>(new Set(fence ? parts(fence).regions : regions()));
  const toggle = (name: string) => {
    const next = new Set(chosen.value);
    if (!next.delete(name)) next.add(name);
    chosen.value = next;
  };
  const set = () => {
    closeSheet();
    const some = regions().filter((name) => chosen.value.has(name));
    void act((s) => s.setFence(around(some)));
  };
  return (
    <div class="stack">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.fence}
      </SheetHead>
      <ul class="list">
        {regions().map((name) => (
          <li key={name}>
            <label class="row">
              <span class="grow">
                <b>{regionName(name)}</b>
              </span>
              <input
                type="checkbox"
                class="sw"
                data-test={`fence-${name}`}
                checked={chosen.value.has(name)}
                disabled={name === own}
                onChange={() => toggle(name)}
              />
            </label>
          </li>
        ))}
      </ul>
      <p class="meta">{words.fenceWhy}</p>
      <button type="button" class="btn live w" data-test="fence-set" onClick={set}>
        {words.fenceSet}
      </button>
    </div>
  );
}

/** Letting somebody in who is not here. */
export function LettingIn({ seat }: { seat: Seat }) {
  const words = t().menu;
  const done = useSignal<ReadonlySet<string>>(new Set());
  useEffect(() => {
    void following.refresh();
    void followers.refresh();
  }, []);
  const people = outside(seat, acquaintances());
  const letIn = (who: string) =>
    act(async (s) => {
      await s.letIn(who);
      done.value = new Set([...done.value, who]);
    });
  return (
    <div class="stack">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.letInTitle}
      </SheetHead>
      {people.length === 0 ? (
        <p class="meta">{words.letInNobody}</p>
      ) : (
        <ul class="list">
          {people.map((p) => (
            <li class="row" key={p.id}>
              <Face id={p.id} name={p.name} picture={p.picture} size={40} />
              <span class="grow">
                <b>{p.name}</b>
              </span>
              <button
                type="button"
                class="btn s"
                aria-label={words.letInDo(p.name)}
                disabled={done.value.has(p.id)}
                data-test={`let-in-${p.id}`}
                onClick={() => void letIn(p.id)}
              >
                {done.value.has(p.id) ? words.letInDone : words.letInWord}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
