import { signal } from '@preact/signals';

/** What is loaded with a room: what there is beside the voices. */
export const late = signal<typeof import('./beside/index.tsx') | undefined>(undefined);

/** Loads it, once. */
export async function loadLate(): Promise<void> {
  if (late.peek()) return;
  const loaded = await import('./beside/index.tsx');
  if (late.peek()) return;
  loaded.startBeside();
  late.value = loaded;
}
