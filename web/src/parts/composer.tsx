import type { Signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** Where one writes: Enter sends, with the shift key it begins a new line. */
export function Composer(props: {
  draft: Signal<string>;
  /** Characters left, which are told from `leftFrom` on. */
  left: number;
  leftFrom: number;
  words: { write: string; send: string; left: (n: number) => string };
  /** The names that tests know the field and the button by. */
  test: { write: string; send: string };
  onSend: () => void;
}) {
  const { draft, left, words, onSend } = props;
  const area = useRef<HTMLTextAreaElement>(null);
  const text = draft.value;
  useLayoutEffect(() => {
    const element = area.current;
    if (!element) return;
    element.style.height = 'auto';
    element.style.height = `${Math.min(element.scrollHeight + 2, 132)}px`;
  }, [text]);
  const isTold = left < props.leftFrom;
  const tooLong = left < 0;
  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        onSend();
        area.current?.focus();
      }}
    >
      <div class="field grow">
        <label class="vh" for="write">
          {words.write}
        </label>
        <textarea
          id="write"
          ref={area}
          rows={1}
          placeholder={words.write}
          data-test={props.test.write}
          autocomplete="off"
          enterkeyhint="send"
          value={text}
          aria-invalid={tooLong}
          aria-describedby={isTold ? 'write-left' : undefined}
          onInput={(event) => {
            draft.value = event.currentTarget.value;
          }}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            onSend();
          }}
        />
      </div>
      {isTold && (
        <span id="write-left" class={tooLong ? 'err num' : 'meta num'}>
          {words.left(left)}
        </span>
      )}
      <button
        type="submit"
        class="btn icon ink"
        aria-label={words.send}
        data-test={props.test.send}
        disabled={!text.trim() || tooLong}
      >
        <Icon name="send" />
      </button>
    </form>
  );
}
