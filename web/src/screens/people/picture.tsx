import { useSignal } from '@preact/signals';
import { asStoaError, type Me } from '@stoa/client';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { house, seen, signedIn } from '../../models/account.ts';
import { say } from '../../models/notices.ts';
import { person } from '../../models/people.ts';
import { NoPicture, readPicture } from '../../models/picture.ts';
import { Face } from '../../parts/face.tsx';
import { Icon } from '../../parts/icon.tsx';
import { problemWords } from '../../words/index.ts';
import { p } from '../../words/people.ts';

/** One's picture: chosen, dropped here, or taken away. It is saved at once. */
export function PicturePart({ me, onChange }: { me: Me; onChange: () => void }) {
  const words = p().picture;
  const input = useRef<HTMLInputElement>(null);
  const preview = useSignal<HTMLCanvasElement | undefined>(undefined);
  const part = useSignal<number | undefined>(undefined);
  const hitch = useSignal('');
  const over = useSignal(false);
  const stop = useRef<AbortController>(undefined);
  useEffect(() => () => stop.current?.abort(), []);

  const became = (picture: string | undefined) => {
    const { picture: _, ...rest } = me;
    signedIn({ ...rest, ...(picture ? { picture } : {}) });
    void person(me.id).refresh();
    onChange();
  };
  const failed = (thrown: unknown) => {
    const { code } = asStoaError(thrown);
    if (thrown instanceof NoPicture || code === 'not_a_picture') hitch.value = words.not_a_picture;
    else if (code === 'too_large') hitch.value = words.too_large;
    else hitch.value = problemWords(seen(thrown));
  };
  const choose = async (file: File | undefined) => {
    if (!file || part.value !== undefined) return;
    hitch.value = '';
    const stopped = new AbortController();
    stop.current = stopped;
    try {
      const chosen = await readPicture(file);
      preview.value = chosen.preview;
      part.value = 0;
      const sent = (now: number) => (part.value = now);
      const { picture } = await house.putPicture(chosen.sent, { sent, signal: stopped.signal });
      became(picture);
      say(words.done);
    } catch (thrown) {
      preview.value = undefined;
      if (!stopped.signal.aborted) failed(thrown);
    } finally {
      part.value = undefined;
      if (input.current) input.current.value = ''; // the same file may be chosen again
    }
  };
  const remove = async () => {
    hitch.value = '';
    try {
      await house.forgetPicture();
      preview.value = undefined;
      became(undefined);
      say(words.removed);
      input.current?.focus();
    } catch (thrown) {
      failed(thrown);
    }
  };

  return (
    // biome-ignore lint/a11y/noNoninteractiveElementInteractions: whoever cannot drop a file chooses it
    <section
      class={over.value ? 'picture-part over' : 'picture-part'}
      aria-labelledby="picture"
      onDragOver={(event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        over.value = true;
      }}
      onDragLeave={() => (over.value = false)}
      onDrop={(event) => {
        event.preventDefault();
        over.value = false;
        void choose(event.dataTransfer?.files[0]);
      }}
    >
      <span class="picture-now">
        <Face id={me.id} name={me.name} picture={me.picture} size={96} />
        {preview.value && <Drawn canvas={preview.value} />}
      </span>
      <div class="grow stack close">
        <h2 class="label" id="picture">
          {words.title}
        </h2>
        {part.value !== undefined ? (
          <div class="flex">
            <progress
              class="grow"
              aria-label={words.uploading}
              data-test="upload"
              {...(part.value < 1 ? { value: part.value } : {})}
            />
            <button
              type="button"
              class="btn s"
              data-test="stop-upload"
              onClick={() => stop.current?.abort()}
            >
              {words.cancel}
            </button>
          </div>
        ) : (
          <div class="flex wrap tight">
            <label class="btn s pick-file">
              {me.picture ? words.another : words.choose}
              <input
                ref={input}
                type="file"
                accept="image/*"
                class="vh"
                data-test="picture-file"
                aria-invalid={hitch.value !== ''}
                aria-describedby={hitch.value ? 'picture-wrong' : 'picture-why'}
                onChange={(event) => void choose(event.currentTarget.files?.[0])}
              />
            </label>
            {me.picture && (
              <button
                type="button"
                class="btn s"
                data-test="remove-picture"
                onClick={() => void remove()}
              >
                {words.remove}
              </button>
            )}
          </div>
        )}
        {hitch.value ? (
          <p class="err" id="picture-wrong" role="alert" data-test="picture-hitch">
            <Icon name="triangle-alert" />
            {hitch.value}
          </p>
        ) : (
          <p class="meta" id="picture-why">
            {over.value ? (
              words.dropNow
            ) : (
              <>
                {words.square} <span class="only-keys">{words.drop}</span>
              </>
            )}
          </p>
        )}
      </div>
    </section>
  );
}

/** The picture as it was chosen, over the face, where it is seen before it is sent. */
function Drawn({ canvas }: { canvas: HTMLCanvasElement }) {
  const place = useRef<HTMLSpanElement>(null);
  useLayoutEffect(() => {
    place.current?.replaceChildren(canvas);
    return () => canvas.remove();
  }, [canvas]);
  return <span class="drawn" ref={place} aria-hidden="true" />;
}
