import { useSignalEffect } from '@preact/signals';
import type { Seat } from '@stoa/client';
import { useRef } from 'preact/hooks';
import { Icon } from './icon.tsx';

/** A cut-out in two pigments, chosen by the id, with initials. */
export function Face({ id, name, size }: { id: string; name: string; size?: number }) {
  return (
    <span class="av" {...pigment(id)} style={size ? { '--s': `${size}px` } : undefined}>
      <b aria-hidden="true">{initials(name)}</b>
    </span>
  );
}

interface LiveFaceProps {
  seat: Seat;
  id: string;
  name: string;
  muted?: boolean;
  away?: boolean;
}

/**
 * The face of somebody in the room: rings while they speak, a badge while they
 * are muted, dashes while their connection is lost. The level goes straight to
 * the element, fifteen times a second, past the renderer.
 */
export function LiveFace({ seat, id, name, muted, away }: LiveFaceProps) {
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
      <b aria-hidden="true">{initials(name)}</b>
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
