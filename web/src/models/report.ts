import type { HouseInfo, Piece, Seat } from '@stoa/client';
import { house } from './account.ts';
import { ready, resource } from './resource.ts';

/** What this house says of itself; whoever needs it calls `refresh`. */
export const about = resource<HouseInfo>(() => house.about());

/** The keys of those who look at reports; none where nobody does. */
export const moderators = (): readonly string[] => ready(about.shown.value)?.moderators ?? [];

/** How many pieces one may show: as little as will do. */
export const piecesMax = 2;

/** Shows moderators what somebody has said, and nothing besides. */
export async function report(seat: Seat, who: string, pieces: Piece[], text: string) {
  const sealed = await seat.sealReport(who, pieces, text, moderators());
  await house.report(seat.room, who, sealed);
}
