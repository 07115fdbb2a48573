import { effect } from '@preact/signals';
import { account, live } from './account.ts';
import { finding, here } from './later.ts';

/** Who takes part in discovery from this browser: only then its part of the app is needed. */
const flag = 'stoa.finds';

/** Time for what is looked at first. */
const idle = 8_000;

export const noteFinding = (who: string) => localStorage.setItem(flag, who);

/** Sends the list again at a visit: somebody on it may take part since. */
export function startFinding(): () => void {
  return effect(() => {
    const now = account.value;
    if (!live.value || now.kind !== 'in' || localStorage.getItem(flag) !== now.me.id) return;
    const timer = setTimeout(() => void finding.load().then(() => here(finding)?.visit()), idle);
    return () => clearTimeout(timer);
  });
}
