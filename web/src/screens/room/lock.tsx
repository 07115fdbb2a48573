import type { Seat } from '@stoa/client';
import {
  allCompared,
  changed,
  itIsThem,
  type KnownVoice,
  voiceOf,
  voices,
  weCompared,
} from '../../models/lock.ts';
import { say } from '../../models/notices.ts';
import { closeSheet, sheet } from '../../models/stage.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useLasting } from '../../parts/lasting.ts';
import { SheetHead } from '../../parts/sheet.tsx';
import { clock, day, firstName, list, t } from '../../words/index.ts';

const openLock = () => {
  sheet.value = { kind: 'lock' };
};

/** Says in a word or two how the room is sealed, and opens the rest. */
export function LockTag({ seat }: { seat: Seat }) {
  const words = t().lock;
  const { state } = seat.lock.value;
  const look = state === 'sealed' && changed.value.length > 0 ? 'changed' : state;
  return (
    <button
      type="button"
      class={`tag lock ${look}`}
      aria-expanded={sheet.value.kind === 'lock'}
      data-test="lock"
      onClick={openLock}
    >
      <Icon name={state === 'sealed' ? 'lock' : 'lock-open'} />
      {words.tag[look]}
      <span class="vh">: {words.about}</span>
    </button>
  );
}

/** What cannot be missed, and keeps nobody from listening. */
export function LockTroubles({ seat }: { seat: Seat }) {
  const words = t().lock;
  const waiting = useLasting(seat.lock.value.state === 'waiting', 3_000);
  const strange = changed.value;
  if (waiting) {
    return (
      <p class="banner" data-test="lock-waiting">
        <Icon name="lock-open" />
        <span class="grow">{words.waiting}</span>
      </p>
    );
  }
  const [first] = strange;
  if (!first) return null;
  const look = () => {
    sheet.value = strange.length === 1 ? { kind: 'person', who: first.who } : { kind: 'lock' };
  };
  return (
    <div class="banner" data-test="device-changed">
      <Icon name="triangle-alert" />
      <span class="grow">{strangeWords(strange)}</span>
      <button type="button" class="btn s" data-test="look-at-device" onClick={look}>
        {words.look}
      </button>
    </div>
  );
}

function strangeWords(strange: readonly KnownVoice[]): string {
  const words = t().lock;
  const names = strange.map((v) => firstName(v.name));
  if (strange.some((v) => v.mine)) return words.changedMine;
  return names.length === 1 ? words.changed(list(names)) : words.changedMany(list(names));
}

/** How the room is sealed, as far as one can know, and what that is not. */
export function LockSheet({ seat }: { seat: Seat }) {
  const words = t().lock;
  const { state, code } = seat.lock.value;
  return (
    <div class="stack roomy" data-test="lock-sheet">
      <div class="stack">
        <SheetHead id="sheet" onClose={closeSheet}>
          {words.title}
        </SheetHead>
        <p>{words[state]}</p>
        {state === 'sealed' && <Holders seat={seat} />}
      </div>
      {state === 'sealed' && code && <Code seat={seat} />}
      {voices.value.length > 0 && (
        <section>
          <h3 class="sub bare-sub">{words.voices}</h3>
          <ul class="list">
            {voices.value.map((voice) => (
              <VoiceRow key={`${voice.who} ${voice.device}`} voice={voice} />
            ))}
          </ul>
        </section>
      )}
      <Limits seat={seat} />
    </div>
  );
}

function Holders({ seat }: { seat: Seat }) {
  const words = t().lock;
  const { holders, since, steward, tending, proven } = seat.lock.value;
  const name = seat.view.value.people.find((p) => p.who === steward)?.name;
  const lets = tending ? words.tending : name && words.steward(firstName(name));
  return (
    <ul class="facts">
      <li>
        <Icon name="key-round" />
        <span>
          {words.holders(holders)} {since && words.since(clock(since.toISOString()))}
        </span>
      </li>
      {lets && (
        <li>
          <Icon name="door-open" />
          {lets}
        </li>
      )}
      {proven && (
        <li>
          <Icon name="check" />
          {words.proven}
        </li>
      )}
    </ul>
  );
}

function Code({ seat }: { seat: Seat }) {
  const words = t().lock;
  const { code } = seat.lock.value;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      say(words.copied);
    } catch {
      // It can be selected by hand.
    }
  };
  return (
    <section class="stack close">
      <h3 class="sub bare-sub">{words.compare}</h3>
      <p class="meta">{words.compareWhy}</p>
      <p class="digits num" data-test="room-code">
        <span class="vh">{digitByDigit(code)}</span>
        {code.split(' ').map((group, n) => (
          <span key={n} aria-hidden="true">
            {group}
          </span>
        ))}
      </p>
      <div class="flex wrap">
        <button type="button" class="btn grow" onClick={() => void copy()}>
          <Icon name="copy" />
          {t().copy}
        </button>
        <Compared key={code} seat={seat} />
      </div>
    </section>
  );
}

/** "1 2 3 4 5, 6 7 8 9 0": nobody wants to hear of ten thousands. */
const digitByDigit = (code: string) =>
  code
    .split(' ')
    .map((group) => [...group].join(' '))
    .join(', ');

const readingTakes = 5_000; // ms at least

/**
 * Takes one's word for it. Not for a code that stands there only now: the one
 * that was compared would be another.
 */
function Compared({ seat }: { seat: Seat }) {
  const words = t().lock;
  const stands = useLasting(true, readingTakes);
  if (allCompared.value) {
    return (
      <span class="tag plain compared" data-test="all-compared">
        <Icon name="check" />
        {words.allCompared}
      </span>
    );
  }
  const note = async () => {
    await weCompared(seat);
    say(words.noted);
  };
  return (
    <button
      type="button"
      class="btn ink grow"
      aria-disabled={!stands}
      data-test="compared"
      onClick={() => stands && void note()}
    >
      <Icon name="check" />
      {words.compared}
    </button>
  );
}

function VoiceRow({ voice }: { voice: KnownVoice }) {
  const words = t().lock;
  const { who, name, picture, trust, mine, state } = voice;
  const silent = trust === 'overdue' || trust === 'forged';
  return (
    <li class="row" data-test={`voice-${who}`}>
      <Face id={who} name={name} picture={picture} size={40} />
      <span class="grow">
        <b>
          {name}
          {mine && <span class="meta"> {t().you}</span>}
        </b>
        <span class={state === 'changed' ? 'ink-1' : undefined}>
          {state === 'changed' && <Icon name="triangle-alert" />}
          {stateWords(voice)}
        </span>
        {!mine && (
          <span class={silent ? 'ink-1' : undefined}>
            {silent && <Icon name="mic-off" />}
            {words.trust[trust]}
          </span>
        )}
      </span>
      {state === 'changed' && <ItIsThem voice={voice} small />}
    </li>
  );
}

function stateWords({ mine, state, pin }: KnownVoice): string {
  const words = t().lock;
  if (state === 'changed') return mine ? words.changedMine : words.state.changed;
  if (mine) return words.mine;
  if (state === 'new') return words.state.new;
  const since = new Date((state === 'verified' ? pin?.compared : pin?.since) ?? 0).toISOString();
  return words.state[state](day(since));
}

function ItIsThem({ voice, small }: { voice: KnownVoice; small?: boolean }) {
  const words = t().lock;
  return (
    <button
      type="button"
      class={small ? 'btn s' : 'btn grow'}
      aria-label={small ? words.itIs(voice.name) : undefined}
      data-test={`it-is-${voice.who}`}
      onClick={() => void itIsThem(voice)}
    >
      {voice.mine ? words.itIsMe : words.itIsThem}
    </button>
  );
}

/** On somebody's sheet: by which device they speak. */
export function Device({ who }: { who: string }) {
  const words = t().lock;
  const voice = voiceOf(who);
  if (!voice) return null;
  if (voice.state !== 'changed') {
    return (
      <p class="tag plain" data-test="device">
        <Icon name={voice.state === 'verified' ? 'check' : 'key-round'} />
        {stateWords(voice)}
      </p>
    );
  }
  return (
    <div class="stack close strange" data-test="device">
      <p class="flex">
        <Icon name="triangle-alert" />
        <b class="grow">{strangeWords([voice])}</b>
      </p>
      <p>{voice.mine ? words.changedMineWhy : words.changedWhy}</p>
      <div class="flex wrap">
        <ItIsThem voice={voice} />
        <button type="button" class="btn ink grow" data-test="compare" onClick={openLock}>
          {words.compare}
        </button>
      </div>
    </div>
  );
}

function Limits({ seat }: { seat: Seat }) {
  const { limits } = t().lock;
  const open = seat.view.value.visibility === 'open';
  return (
    <section>
      <h3 class="sub bare-sub">{limits.title}</h3>
      <ul class="limits">
        <li>{open ? limits.open : limits.closed}</li>
        <li>{limits.page}</li>
        <li>{limits.timing}</li>
        <li>{limits.inside}</li>
      </ul>
    </section>
  );
}
