import type { Invite, Invites } from '@stoa/client';
import { house } from './account.ts';
import { resource } from './resource.ts';

/** The invites one has, has given and may still give. */
export const invites = resource<Invites>(() => house.invites());

/** Makes an invite: its address can be given away. */
export async function giveInvite(): Promise<Invite> {
  const invite = await house.invite();
  void invites.refresh();
  return invite;
}

/** Makes an unused invite worthless; it may be given again. */
export async function takeBack(invite: Invite): Promise<void> {
  await house.revokeInvite(invite.id);
  await invites.refresh();
}
