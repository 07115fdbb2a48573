import { emojis } from '@stoa/client';
import { floats, react, sum } from '../../../models/beside.ts';
import { Icon } from '../../../parts/icon.tsx';
import { useRoving } from '../../../parts/roving.ts';
import { b } from '../../../words/beside.ts';

/** Opens the eight emoji, with any of which one reacts. */
export function ReactButton() {
  const words = b().reactions;
  const grid = useRoving<HTMLFieldSetElement>();
  return (
    <>
      <button
        type="button"
        class="btn icon"
        popovertarget="reactions"
        aria-label={words.open}
        title={words.open}
        data-test="react"
      >
        <Icon name="smile" />
      </button>
      <fieldset
        class="reactions"
        id="reactions"
        popover="auto"
        ref={grid}
        onToggle={(event) => {
          if (event.newState === 'open') event.currentTarget.querySelector('button')?.focus();
        }}
      >
        <legend class="vh">{words.title}</legend>
        {emojis.map((emoji) => (
          <button
            type="button"
            key={emoji}
            aria-label={words.names[emoji]}
            data-test={`react-${emoji}`}
            onClick={() => void react(emoji)}
          >
            {emoji}
          </button>
        ))}
      </fieldset>
    </>
  );
}

/** Emoji on their way up, and how many there were. Words for it are told elsewhere. */
export function Floats() {
  const counts = [...sum.value];
  return (
    <div class="floats" aria-hidden="true">
      {floats.value.map(({ id, emoji, x, y }) => (
        <span class="float" key={id} style={{ left: `${x}px`, top: `${y}px` }}>
          {emoji}
        </span>
      ))}
      {counts.length > 0 && (
        <p class="reactions-sum" data-test="reactions-sum">
          {counts.map(([emoji, n]) => (
            <span key={emoji}>
              {emoji} <span class="num">{n}</span>
            </span>
          ))}
        </p>
      )}
    </div>
  );
}
