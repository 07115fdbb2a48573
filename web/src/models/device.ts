import {
  deviceState,
  forgetDevice,
  forgetSealed,
  fromText,
  openBackedUpDevice,
  toText,
} from '@stoa/client';
import { house, myID, signedOut } from './account.ts';
import { here, messages } from './later.ts';
import { forgetPins } from './lock.ts';
import { resource } from './resource.ts';

/** The key of this browser, by which others know whoever is signed in here. */

/**
 * Where it is: `none` yet; for this `page` only; in this browser only (`here`);
 * or also with the node, sealed by a passkey (`backed_up`).
 */
export type Whereabouts = 'none' | 'page' | 'here' | 'backed_up';

export const whereabouts = resource<Whereabouts>(async () => {
  const state = await deviceState(myID.peek());
  if (state.kind !== 'browser') return state.kind;
  if (!state.backup) return 'here';
  const sealed = toText(state.backup);
  const { backups } = await house.keyBackups();
  return backups.some((b) => b.sealed === sealed) ? 'backed_up' : 'here';
});

/**
 * Brings a person's key to this browser if there is none, by the passkey that
 * was made or used just now, and backs up one that is made. Nobody is kept out
 * when it fails: then a key is made when it is needed, for this browser only.
 */
export async function bringDevice(
  who: string,
  passkey: string,
  secret: Uint8Array<ArrayBuffer>,
): Promise<void> {
  try {
    const { backups } = await house.keyBackups();
    const mine = backups
      .filter((b) => b.passkey === passkey)
      .flatMap((b) => fromText(b.sealed) ?? []);
    const { fresh } = await openBackedUpDevice(who, secret, mine);
    if (fresh) await house.keepKeyBackup({ passkey, sealed: toText(fresh) });
  } catch {
    secret.fill(0);
  }
}

/** Takes the backup from the node. The key stays here. */
export async function forgetBackup(): Promise<void> {
  await house.forgetKeyBackups();
  await whereabouts.refresh();
}

/** Signs out, and leaves nothing here by which one was known or knew others. */
export async function forgetHere(): Promise<void> {
  const who = myID.peek();
  await messages.load();
  await here(messages)?.leaveAll();
  await house.signOut();
  await Promise.all([forgetDevice(who), forgetPins(who), forgetSealed(who)]);
  signedOut();
}
