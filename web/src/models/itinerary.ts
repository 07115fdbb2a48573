import type { Seat, Way } from '@stoa/client';
import { about } from './report.ts';
import { type Resource, ready, resource } from './resource.ts';

/** How often the ways are asked for: nodes sign anew after ten seconds. */
export const askEvery = 10_000;

/** Over which nodes the voices of a room come to a seat, checked by its house's root. */
export function waysOf(seat: Seat): Resource<Way[]> {
  return resource(async () => {
    if (!ready(about.shown.peek())) await about.refresh();
    return seat.itinerary(ready(about.shown.peek())?.network_root ?? '');
  });
}
