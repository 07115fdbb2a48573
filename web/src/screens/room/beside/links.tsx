import { useSignal } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { doThen, links, tidied } from '../../../models/beside.ts';
import { act, closeSheet, iModerate } from '../../../models/stage.ts';
import { Icon } from '../../../parts/icon.tsx';
import { SheetHead } from '../../../parts/sheet.tsx';
import { b } from '../../../words/beside.ts';

/**
 * The links that are up: what they are, and their host in full. Nothing of them
 * is fetched before they are pressed, and then nothing is told of where from.
 */
export function Links({ seat }: { seat: Seat }) {
  const words = b().pins;
  const all = links(seat);
  if (all.length === 0) return null;
  return (
    <ul class="links" aria-label={words.title} data-test="links">
      {all.map(({ pin, url, text, host }) => (
        <li key={pin}>
          <a href={url} target="_blank" rel="noopener noreferrer" referrerpolicy="no-referrer">
            <Icon name="link" />
            <span class="grow">
              {text && <b dir="auto">{text}</b>}
              <span class={text ? 'meta' : undefined}>{host}</span>
            </span>
            <span class="vh">, {words.opens}</span>
          </a>
          {iModerate(seat) && (
            <button
              type="button"
              class="btn s icon bare"
              aria-label={words.unpin(text || host)}
              data-test={`unpin-${pin}`}
              onClick={() => void act((s) => s.unpin(pin))}
            >
              <Icon name="x" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

const pinsMax = 5;
const textMax = 80;

/** Where a moderator puts a link up. */
export function PinningSheet({ seat }: { seat: Seat }) {
  const words = b().pins;
  const url = useSignal('');
  const text = useSignal('');
  const bad = useSignal(false);
  if (!iModerate(seat)) return null;
  const full = (seat.view.value.pins?.length ?? 0) >= pinsMax;
  const pin = () => {
    const tidy = tidied(url.value);
    bad.value = !tidy;
    if (tidy) void doThen((s) => s.pin(tidy, text.value.trim()));
  };
  return (
    <form
      class="stack"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        pin();
      }}
    >
      <SheetHead id="sheet" onClose={closeSheet}>
        {words.add}
      </SheetHead>
      <div class="field">
        <label for="pin-url">{words.url}</label>
        <input
          id="pin-url"
          type="url"
          inputMode="url"
          autocomplete="off"
          maxLength={500}
          placeholder="https://"
          data-test="pin-url"
          value={url.value}
          aria-invalid={bad.value}
          aria-describedby="pin-hint"
          onInput={(event) => {
            url.value = event.currentTarget.value;
            bad.value = false;
          }}
        />
        <p id="pin-hint" class={bad.value ? 'err' : 'meta'}>
          {bad.value ? words.bad : words.urlHint}
        </p>
      </div>
      <div class="field">
        <label for="pin-text">{words.text}</label>
        <input
          id="pin-text"
          autocomplete="off"
          maxLength={textMax}
          data-test="pin-text"
          value={text.value}
          aria-describedby="pin-text-hint"
          onInput={(event) => {
            text.value = event.currentTarget.value;
          }}
        />
        <p id="pin-text-hint" class="meta">
          {words.textHint}
        </p>
      </div>
      <p class="meta">{full ? words.full : words.why}</p>
      <button
        type="submit"
        class="btn ink w"
        data-test="pin-now"
        disabled={full || !url.value.trim()}
      >
        {words.pin}
      </button>
    </form>
  );
}
