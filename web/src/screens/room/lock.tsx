import type { Seat } from '@stoa/client';
import { say } from '../../models/notices.ts';
import { accept, knownOf } from '../../models/pins.ts';
import { closeSheet, sheet } from '../../models/stage.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { SheetHead } from '../../parts/sheet.tsx';
import { clock, firstName, t } from '../../words/index.ts';

type Voice = Seat['lock']['value']['voices'][number];

const nameOf = (seat: Seat, who: string) =>
  seat.view.value.people.find((p) => p.who === who)?.name ?? t().none;

/** Whether the room is sealed, in a word. */
export function LockButton({ seat }: { seat: Seat }) {
  const words = t().lock;
  const sealed = seat.lock.value.state === 'sealed';
  return (
    <button
      type="button"
      class="btn s bare"
      data-test="lock"
      data-state={seat.lock.value.state}
      aria-expanded={sheet.value.kind === 'lock'}
      onClick={() => (sheet.value = { kind: 'lock' })}
    >
      <Icon name={sealed ? 'lock' : 'key-round'} />
      {sealed ? words.sealed : words.waiting}
    </button>
  );
}

/** How the room is sealed: who holds the key, the code to compare, and what a seal cannot do. */
export function LockSheet({ seat }: { seat: Seat }) {
  const words = t().lock;
  const lock = seat.lock.value;
  const sealed = lock.state === 'sealed';
  return (
    <div class="stack" data-test="lock-sheet">
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.title}
      </SheetHead>
      <p>
        {sealed && lock.since
          ? words.sealedWhy(lock.holders, clock(lock.since.toISOString()))
          : words.waitingWhy}
      </p>
      {sealed && <Code code={lock.code} />}
      {lock.voices.length > 0 && (
        <ul class="list">
          {lock.voices.map((voice) => (
            <VoiceRow key={voice.who} seat={seat} voice={voice} />
          ))}
        </ul>
      )}
      {sealed && lock.steward && (
        <p class="meta">
          {lock.tending ? words.youLetIn : words.letsIn(firstName(nameOf(seat, lock.steward)))}
        </p>
      )}
      <h3 class="sub bare-sub">{words.not}</h3>
      <ul class="facts">
        {words.nots.map((what) => (
          <li key={what}>
            <Icon name="triangle-alert" />
            {what}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Code({ code }: { code: string }) {
  const words = t().lock;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(code);
      say(words.copied);
    } catch {
      // It can be selected by hand.
    }
  };
  return (
    <div class="stack close">
      <p id="room-code">{words.compare}</p>
      <output class="code num" aria-labelledby="room-code" data-test="room-code">
        {code.split(' ').map((group, n) => (
          <span key={n} aria-hidden="true">
            {group}{' '}
          </span>
        ))}
        <span class="vh">{[...code.replaceAll(' ', '')].join(' ')}</span>
      </output>
      <button type="button" class="btn s align-start" onClick={() => void copy()}>
        <Icon name="copy" />
        {t().copy}
      </button>
    </div>
  );
}

function VoiceRow({ seat, voice }: { seat: Seat; voice: Voice }) {
  const words = t().lock;
  const me = seat.me.value?.who === voice.who;
  const name = nameOf(seat, voice.who);
  return (
    <li class="row">
      <Face id={voice.who} name={name} size={40} />
      <span class="grow">
        <b>{name}</b>
        <span>{me ? t().you : `${words.trust[voice.trust]} ${words.device[knownOf(voice)]}`}</span>
      </span>
    </li>
  );
}

/** By which device somebody speaks, on their sheet. */
export function DeviceLine({ seat, who }: { seat: Seat; who: string }) {
  const voice = seat.lock.value.voices.find((one) => one.who === who);
  if (!voice || seat.me.value?.who === who) return null;
  const words = t().lock;
  return (
    <ul class="facts">
      <li>
        <Icon name={knownOf(voice) === 'other' ? 'triangle-alert' : 'lock'} />
        {words.trust[voice.trust]} {words.device[knownOf(voice)]}
      </li>
    </ul>
  );
}

/** Who speaks by a device that they did not have before: it may be somebody else. */
export function UnknownDevices({ seat }: { seat: Seat }) {
  const words = t().lock;
  return seat.lock.value.voices
    .filter((voice) => knownOf(voice) === 'other')
    .map((voice) => (
      <div class="banner two" key={voice.who} data-test={`device-${voice.who}`} role="alert">
        <Icon name="triangle-alert" />
        <span class="grow">{words.otherDevice(nameOf(seat, voice.who))}</span>
        <button
          type="button"
          class="btn s"
          data-test="compare"
          onClick={() => (sheet.value = { kind: 'lock' })}
        >
          {words.compareNow}
        </button>
        <button
          type="button"
          class="btn s"
          data-test="accept-device"
          onClick={() => accept(voice.who, voice.device)}
        >
          {words.itIsThem}
        </button>
      </div>
    ));
}
