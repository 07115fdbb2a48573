import type { Seat } from '@stoa/client';
import type { RoomSheet } from '../../../models/stage.ts';
import { BringIn } from './bring.tsx';
import { ChatSheet } from './chat.tsx';
import { DescribeSheet } from './describe.tsx';
import { PinningSheet } from './links.tsx';
import { PollingSheet } from './poll.tsx';

/** What there is in a room beside the voices. */

export { openChat, startBeside } from '../../../models/beside.ts';
export { spared, startBlocks } from '../../../models/blocks.ts';
export { ChatButton, Side } from './chat.tsx';
export { Time, timeSpoken } from './clock.tsx';
export { Links } from './links.tsx';
export { MenuItems } from './menu.tsx';
export { PollCard } from './poll.tsx';
export { Queue, QueueStrip } from './queue.tsx';
export { Floats, ReactButton } from './reactions.tsx';
export { SpareSomebody, Warnings } from './safety.tsx';

/** The sheet of a kind that is of here. */
export function sheetOf(seat: Seat, kind: RoomSheet['kind']) {
  switch (kind) {
    case 'bringing':
      return <BringIn seat={seat} />;
    case 'chat':
      return <ChatSheet seat={seat} />;
    case 'pinning':
      return <PinningSheet seat={seat} />;
    case 'describing':
      return <DescribeSheet seat={seat} />;
    case 'polling':
      return <PollingSheet seat={seat} />;
  }
  return null;
}
