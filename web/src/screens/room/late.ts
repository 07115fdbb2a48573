import { signal } from '@preact/signals';

/** What is loaded with a room: what there is beside the voices. */
export const late = signal<typeof import('./beside/index.tsx') | undefined>(undefined);

/** Loads it, once. When it does not come, the room goes without, and the next one asks again. */
export async function loadLate(): Promise<void> {
  const loaded = late.peek() ?? (await import('./beside/index.tsx').catch(() => undefined));
  if (!loaded || late.peek()) return;
  loaded.startBeside();
  loaded.startBlocks();
  late.value = loaded;
}
