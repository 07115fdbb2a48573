import { useSignal, useSignalEffect } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { house } from '../models/account.ts';
import { Icon } from './icon.tsx';

interface FaceProps {
  id: string;
  name: string;
  /** The version of the picture, where there is one. */
  picture?: string | undefined;
  /** CSS pixels; without it the style sheet says. */
  size?: number;
}

/** A picture in a cut-out; without one, initials in two pigments, chosen by the id. */
export function Face(props: FaceProps) {
  const { id, size } = props;
  return (
    <span class="av" {...pigment(id)} style={size ? { '--s': `${size}px` } : undefined}>
      <Likeness {...props} />
    </span>
  );
}

/** Pictures that are at hand in this browser: they come without the initials before them. */
const atHand = new Set<string>();
const atHandMax = 2_000;
/** Device pixels of the small picture. */
const smallMax = 160;

/**
 * The initials, until the picture has come over them; when it does not come,
 * they stay. Both are of one size, so that nothing moves.
 */
function Likeness({ id, name, picture, size }: FaceProps) {
  const word = useRef<HTMLElement>(null);
  const measured = useSignal(0);
  const come = useSignal('');
  const lost = useSignal('');
  useLayoutEffect(() => {
    if (picture && !size && word.current) measured.value = word.current.offsetWidth;
  }, [picture, size, measured]);
  const width = size ?? measured.value;
  const large = width * devicePixelRatio > smallMax;
  const url = picture && width ? house.pictureURL(id, large ? 'large' : 'small', picture) : '';
  const there = url !== '' && (come.value === url || atHand.has(url));
  return (
    <>
      {!there && (
        <b ref={word} aria-hidden="true">
          {initials(name)}
        </b>
      )}
      {url && lost.value !== url && (
        // biome-ignore lint/a11y/noNoninteractiveElementInteractions: it says when it has come
        <img
          key={url}
          src={url}
          alt=""
          draggable={false}
          onLoad={() => {
            if (atHand.size >= atHandMax) atHand.clear();
            atHand.add(url);
            come.value = url;
          }}
          onError={() => {
            atHand.delete(url);
            come.value = '';
            lost.value = url;
          }}
        />
      )}
    </>
  );
}

interface LiveFaceProps extends Omit<FaceProps, 'size'> {
  seat: Seat;
  muted?: boolean;
  away?: boolean;
}

/**
 * The face of somebody in the room: rings while they speak, a badge while they
 * are muted, dashes while their connection is lost. The level goes straight to
 * the element, fifteen times a second, past the renderer.
 */
export function LiveFace({ seat, id, name, picture, muted, away }: LiveFaceProps) {
  const element = useRef<HTMLSpanElement>(null);
  const speaking = seat.voices.value.has(id);
  useSignalEffect(() => {
    const level = seat.levels.value.get(id) ?? 0;
    element.current?.style.setProperty('--level', level.toFixed(2));
  });
  return (
    <span
      ref={element}
      class={`av${speaking ? ' speaking' : ''}${away ? ' weak' : ''}`}
      {...pigment(id)}
    >
      <Likeness id={id} name={name} picture={picture} />
      {muted && (
        <i>
          <Icon name="mic-off" />
        </i>
      )}
    </span>
  );
}

function initials(name: string): string {
  const words = name.trim().split(/\s+/);
  return words
    .slice(0, 2)
    .map((word) => [...word][0] ?? '')
    .join('')
    .toUpperCase();
}

function pigment(id: string) {
  const h = hash(id);
  return { 'data-p': (h % 8) + 1, 'data-k': ((h >>> 5) % 5) + 1 };
}

/** FNV-1a, mixed once more so that its low bits are good enough for a palette. */
function hash(text: string): number {
  let h = 2166136261;
  for (const c of text) h = Math.imul(h ^ (c.codePointAt(0) ?? 0), 16777619);
  h = Math.imul(h ^ (h >>> 15), 2246822507);
  return (h ^ (h >>> 13)) >>> 0;
}
