import { useSignal } from '@preact/signals';
import { type AddressNews, asStoaError, type MyAddress } from '@stoa/client';
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { seen } from '../models/account.ts';
import {
  address,
  chooseNews,
  enterCode,
  forgetAddress,
  newsByMail,
  sendCode,
} from '../models/mail.ts';
import { say } from '../models/notices.ts';
import { ready } from '../models/resource.ts';
import { attempt } from '../parts/attempt.ts';
import { Icon } from '../parts/icon.tsx';
import { Loadable } from '../parts/loadable.tsx';
import { Sure } from '../parts/sure.tsx';
import { to } from '../router.ts';
import { clock, day, fieldWords } from '../words/index.ts';
import { m } from '../words/mail.ts';

/** Where one reads mail, in the settings; nothing in a house that sends none. */
export function Mail() {
  const words = m();
  useEffect(() => void address.refresh(), []);
  const heading = useRef<HTMLHeadingElement>(null);
  const { kind } = address.shown.value;
  if (kind === 'ready' && !ready(address.shown.value)) return null;
  return (
    <section class="stack" data-test="mail">
      <h2 class="sub bare-sub" tabIndex={-1} ref={heading}>
        {words.title}
      </h2>
      <Loadable of={address}>
        {(mine) => mine && <Mine mine={mine} onDone={() => heading.current?.focus()} />}
      </Loadable>
    </section>
  );
}

/** `onDone`: what had the focus goes. */
function Mine({ mine, onDone }: { mine: MyAddress; onDone: () => void }) {
  const words = m();
  const changing = useSignal(false);
  const left = useSignal(''); // the code that is not waited for here, until it is over
  const asked = useSignal(false); // for a code, just now
  const { pending } = mine;
  if (pending && pending.expires !== left.value) {
    return (
      <Code
        key={pending.expires}
        pending={pending}
        now={asked.peek()}
        onDone={onDone}
        onLeave={() => {
          left.value = pending.expires;
        }}
      />
    );
  }
  if (!mine.address || changing.value) {
    return (
      <Ask
        why={!mine.address}
        onSend={() => {
          asked.value = true;
        }}
        {...(changing.value
          ? {
              onStop: () => {
                changing.value = false;
              },
            }
          : {})}
        onSent={() => {
          changing.value = false;
        }}
      />
    );
  }
  return (
    <>
      <div class="row" data-test="my-address">
        <span class="grow">
          <b>{mine.address}</b>
          {mine.verified && <span>{words.since(day(mine.verified))}</span>}
        </span>
        <button
          type="button"
          class="btn s"
          data-test="change-address"
          onClick={() => {
            changing.value = true;
          }}
        >
          {words.change}
        </button>
      </div>
      <News chosen={mine.news} />
      <Remove onDone={onDone} />
    </>
  );
}

/** What went wrong, in words that help here. */
function hitchOf(thrown: unknown): string {
  const problem = asStoaError(seen(thrown));
  const words = m();
  switch (problem.code) {
    case 'wrong_code':
      return words.wrong;
    case 'no_code':
      return words.over;
    case 'too_many':
      return words.often(
        clock(new Date(Date.now() + (problem.retryAfter ?? 60) * 1000).toISOString()),
      );
  }
  return fieldWords(problem);
}

const addressField = {
  ...({ type: 'email', inputMode: 'email', autocomplete: 'email' } as const),
  maxLength: 254,
};
const codeField = {
  ...({ inputMode: 'numeric', autocomplete: 'one-time-code' } as const),
  maxLength: 12,
};

/** A field with one button, which says what is wrong and comes back to it. */
function Entry({
  id,
  label,
  act,
  does,
  what,
  now,
  children,
}: {
  id: 'mail-address' | 'mail-code';
  label: string;
  act: string;
  does: (value: string) => Promise<void>;
  what?: string;
  /** Whether it has the focus from the beginning. */
  now?: boolean;
  children?: ComponentChildren;
}) {
  const value = useSignal('');
  const hitch = useSignal('');
  const busy = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (hitch.value) field.current?.focus();
  }, [hitch.value]);
  useLayoutEffect(() => {
    if (now) field.current?.focus();
  }, []);
  const submit = async () => {
    if (busy.peek() || !value.peek().trim()) return;
    hitch.value = '';
    busy.value = true;
    try {
      await does(value.peek());
    } catch (thrown) {
      hitch.value = hitchOf(thrown);
    }
    busy.value = false;
  };
  const by = [hitch.value && `${id}-hitch`, what && `${id}-what`].filter(Boolean).join(' ');
  return (
    <form
      class="stack close"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div class="field">
        <label for={id}>{label}</label>
        <input
          {...(id === 'mail-code' ? codeField : addressField)}
          ref={field}
          id={id}
          data-test={id}
          required
          aria-invalid={hitch.value !== ''}
          aria-describedby={by || undefined}
          value={value.value}
          onInput={({ currentTarget }) => {
            value.value = currentTarget.value;
            hitch.value = '';
          }}
        />
        {hitch.value && (
          <span class="err" role="alert" id={`${id}-hitch`} data-test="mail-hitch">
            <Icon name="triangle-alert" />
            {hitch.value}
          </span>
        )}
        {what && (
          <span class="meta" id={`${id}-what`}>
            {what}
          </span>
        )}
      </div>
      <div class="flex wrap">
        <button type="submit" class="btn live" data-test={`${id}-go`} disabled={busy.value}>
          {act}
        </button>
        {children}
      </div>
    </form>
  );
}

function Ask({
  why,
  onSend,
  onSent,
  onStop,
}: {
  why: boolean;
  onSend: () => void;
  onSent: () => void;
  onStop?: () => void;
}) {
  const words = m();
  return (
    <>
      {why && <p class="meta">{words.why}</p>}
      <Entry
        id="mail-address"
        label={words.label}
        act={words.send}
        does={async (value) => {
          onSend();
          await sendCode(value);
          onSent();
        }}
      >
        {onStop && (
          <button type="button" class="btn" onClick={onStop}>
            {words.stop}
          </button>
        )}
      </Entry>
    </>
  );
}

function Code({
  pending,
  now,
  onDone,
  onLeave,
}: {
  pending: NonNullable<MyAddress['pending']>;
  now: boolean;
  onDone: () => void;
  onLeave: () => void;
}) {
  const words = m();
  const again = useSignal('');
  return (
    <>
      <p role="status" data-test="mail-pending">
        {words.sent(pending.address)}
      </p>
      <Entry
        id="mail-code"
        label={words.code}
        act={words.confirm}
        what={words.codeWhy(clock(pending.expires))}
        now={now}
        does={async (value) => {
          await enterCode(value);
          say(words.proven);
          onDone();
        }}
      >
        <button
          type="button"
          class="btn"
          data-test="mail-again"
          onClick={async () => {
            again.value = '';
            await sendCode(pending.address).catch((thrown) => {
              again.value = hitchOf(thrown);
            });
          }}
        >
          {words.again}
        </button>
        <button type="button" class="btn" data-test="mail-other" onClick={onLeave}>
          {words.other}
        </button>
      </Entry>
      {again.value && (
        <p class="err" role="alert">
          <Icon name="triangle-alert" />
          {again.value}
        </p>
      )}
    </>
  );
}

function News({ chosen }: { chosen: AddressNews }) {
  const words = m();
  return (
    <fieldset class="field" aria-describedby="mail-news-why">
      <legend>{words.news}</legend>
      <div class="opts">
        {newsByMail.map((one) => (
          <label class="opt" key={one}>
            <input
              type="radio"
              name="mail-news"
              data-test={`mail-news-${one}`}
              checked={one === chosen}
              onChange={() => void attempt(() => chooseNews(one), words.saved)}
            />
            {words.choices[one]}
          </label>
        ))}
      </div>
      <span class="meta" id="mail-news-why">
        {words.newsWhy} <a href={to.telling}>{words.how}</a>
      </span>
    </fieldset>
  );
}

function Remove({ onDone }: { onDone: () => void }) {
  const words = m();
  const asked = useSignal(false);
  return (
    <>
      <button
        type="button"
        class="btn danger align-start"
        data-test="remove-address"
        onClick={() => {
          asked.value = true;
        }}
      >
        {words.remove}
      </button>
      {asked.value && (
        <Sure
          title={words.removeTitle}
          why={words.removeWhy}
          yes={words.remove}
          test="remove-address-yes"
          onYes={async () => {
            if (await attempt(forgetAddress, words.removed)) onDone();
          }}
          onClose={() => {
            asked.value = false;
          }}
        />
      )}
    </>
  );
}
