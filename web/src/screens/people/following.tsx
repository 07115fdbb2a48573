import { useSignal } from '@preact/signals';
import type { Notify, PersonProfile } from '@stoa/client';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { seen } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { setFollowed } from '../../models/people.ts';
import { FollowButton } from '../../parts/follow.tsx';
import { Icon } from '../../parts/icon.tsx';
import { useRoving } from '../../parts/roving.ts';
import { firstName, problemWords, t } from '../../words/index.ts';
import { p } from '../../words/people.ts';

const levels: readonly Notify[] = ['always', 'sometimes', 'never'];

/** Follows somebody; once one does, how much one wants to be told of them, in a small menu. */
export function Following({ person }: { person: PersonProfile }) {
  const { followed } = person;
  const element = useRef<HTMLDivElement>(null);
  const before = useRef(followed);
  // The button that was pressed is gone: the focus comes to the one in its place.
  useLayoutEffect(() => {
    const pressed = before.current !== followed && document.activeElement === document.body;
    before.current = followed;
    if (pressed) element.current?.querySelector('button')?.focus();
  }, [followed]);
  return (
    <div class="flex" ref={element}>
      {followed ? <Level person={person} /> : <FollowButton person={person} />}
    </div>
  );
}

function Level({ person }: { person: PersonProfile }) {
  const words = p().follow;
  const menu = useRoving<HTMLDivElement>();
  const button = useRef<HTMLButtonElement>(null);
  const open = useSignal(false);
  const level = person.notify ?? 'sometimes';
  const name = firstName(person.name);
  const choose = async (followed: boolean, notify?: Notify) => {
    menu.current?.hidePopover();
    try {
      await setFollowed(person, followed, notify);
      if (followed && notify) say(words.says(name, words[notify]));
    } catch (thrown) {
      say(problemWords(seen(thrown)));
    }
  };
  return (
    <div class="grow">
      <button
        ref={button}
        type="button"
        class="btn w"
        popovertarget="levels"
        aria-haspopup="menu"
        aria-expanded={open.value}
        data-test="level"
        data-level={level}
        data-followed="true"
      >
        <Icon name="check" />
        <span>
          {words.following} · {words[level]}
        </span>
        <Icon name="chevron-down" />
      </button>
      <div
        class="level-menu"
        id="levels"
        popover="auto"
        role="menu"
        aria-label={words.level(name)}
        ref={menu}
        onBeforeToggle={(event) => {
          if (event.newState !== 'open' || !button.current) return;
          const { left, bottom, width } = button.current.getBoundingClientRect();
          const { style } = event.currentTarget;
          style.insetInlineStart = `${left}px`;
          style.insetBlockStart = `${bottom + 4}px`;
          style.minInlineSize = `${width}px`;
        }}
        onToggle={(event) => {
          open.value = event.newState === 'open';
          if (!open.value) return;
          event.currentTarget.querySelector<HTMLElement>('[aria-checked=true]')?.focus();
        }}
      >
        <p class="meta" aria-hidden="true">
          {words.level(name)}
        </p>
        {levels.map((one) => (
          <button
            type="button"
            key={one}
            role="menuitemradio"
            aria-checked={one === level}
            data-test={`level-${one}`}
            onClick={() => void choose(true, one)}
          >
            <span class="grow">{words[one]}</span>
            {one === level && <Icon name="check" />}
          </button>
        ))}
        <button
          type="button"
          role="menuitem"
          data-test="unfollow"
          onClick={() => void choose(false)}
        >
          {t().person.unfollow}
        </button>
      </div>
    </div>
  );
}
