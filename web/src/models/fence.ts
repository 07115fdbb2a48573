import { about } from './report.ts';
import { ready } from './resource.ts';

/** The regions of the network that this house is in, its own first; none in no network. */
export const regions = (): readonly string[] => ready(about.shown.value)?.regions ?? [];

/** What a fence keeps inside, as its text says it: regions and operators. */
export function parts(fence: string): { regions: string[]; operators: string[] } {
  const [where = '', by = ''] = fence.split('@');
  const names = (text: string) => text.split('+').filter((name) => name !== '' && name !== '*');
  return { regions: names(where), operators: names(by) };
}

/** The fence around some regions; with all of them, none. */
export const around = (some: readonly string[]): string =>
  some.length === 0 || some.length === regions().length ? '*' : some.join('+');
