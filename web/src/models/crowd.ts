import { signal } from '@preact/signals';
import type { Audience } from '@stoa/client';
import { problemWords } from '../words/index.ts';
import { house, seen } from './account.ts';
import { say } from './notices.ts';
import { ready, resource } from './resource.ts';

const typingPause = 250; // ms without a key until it is looked

/** Looking for somebody in a room, also among those who are only counted. */
export function lookAround(room: string) {
  const part = signal('');
  const found = resource<Audience>(() => house.peopleIn(room, part.peek().trim()));
  let timer: ReturnType<typeof setTimeout> | undefined;
  void found.refresh();
  return {
    /** Those whose name has the part in it, as many as have been asked for. */
    found: found.shown,
    part,
    /** Looks for another part of a name, soon. */
    look(text: string): void {
      part.value = text;
      clearTimeout(timer);
      timer = setTimeout(() => void found.refresh(), typingPause);
    },
    async more(): Promise<void> {
      const before = ready(found.shown.peek());
      const asked = part.peek().trim();
      if (!before?.next) return;
      try {
        const { people, next } = await house.peopleIn(room, asked, before.next);
        if (ready(found.shown.peek()) !== before) return; // something else is looked for by now
        found.set({ people: [...before.people, ...people], ...(next ? { next } : {}) });
      } catch (thrown) {
        say(problemWords(seen(thrown)));
      }
    },
    stop: () => clearTimeout(timer),
  };
}
