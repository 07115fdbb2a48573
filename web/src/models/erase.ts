import { batch } from '@preact/signals';
import { forgetDevice, forgetSealed } from '@stoa/client';
import { go, to } from '../router.ts';
import { house, myID, signedOut } from './account.ts';
import { forgetPins } from './lock.ts';
import { prove } from './passkeys.ts';
import { forgetProfileForm } from './profile.ts';

/** Erases one's account, shown to be one's own by a passkey. */
export async function eraseByPasskey(): Promise<void> {
  const { ceremony, options } = await house.beginErase();
  const credential = await prove(options);
  await house.erase({ ceremony, credential });
  await forgotten();
}

/** The same, by the recovery code. */
export async function eraseByCode(recovery_code: string): Promise<void> {
  await house.erase({ recovery_code });
  await forgotten();
}

/** Leaves nothing in this browser either, and takes leave. */
async function forgotten(): Promise<void> {
  const who = myID.peek();
  forgetProfileForm();
  await Promise.allSettled([forgetDevice(who), forgetPins(who), forgetSealed(who)]);
  batch(() => {
    signedOut();
    go(to.goodbye, 'replace');
  });
}
