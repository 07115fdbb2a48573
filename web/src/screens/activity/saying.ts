import type { NewsPiece } from '@stoa/client';
import { to } from '../../router.ts';
import { s } from '../../words/activity.ts';
import { clock, dayAndClock } from '../../words/index.ts';

/** What a piece says. */
export function saying({ kind, who, room, club, plan }: NewsPiece): string {
  const words = s();
  const by = who?.name ?? words.somebody;
  const title = room?.title || words.untitled;
  const [named, planned] = [club?.name ?? '', plan?.title ?? ''];
  switch (kind) {
    case 'live':
    case 'ping':
      return words.says[kind](by, title);
    case 'follow':
    case 'found':
    case 'invited_came':
    case 'message':
    case 'message_asked':
      return words.says[kind](by);
    case 'club_invited':
    case 'club_asked':
      return words.says[kind](by, named);
    case 'club_admitted':
    case 'club_role':
      return words.says[kind](named);
    case 'plan_soon':
      return words.says.plan_soon(planned, plan ? clock(plan.starts) : '');
    case 'plan_moved':
      return words.says.plan_moved(planned, plan ? dayAndClock(plan.starts) : '');
    case 'plan_open':
    case 'plan_cancelled':
      return words.says[kind](planned);
    case 'plan_hosting':
      return words.says.plan_hosting(by, planned);
    case 'decision':
    case 'security_signed_in':
    case 'security_recovered':
    case 'security_passkey':
    case 'security_address':
      return words.says[kind];
  }
}

/** Where it leads. */
export function leads({ kind, who, room, club, plan }: NewsPiece): string | undefined {
  if (kind === 'decision') return to.decisions;
  if (kind.startsWith('security_')) return to.settings;
  if (room) return to.room(room.id);
  if (plan) return to.plan(plan.id);
  if (club) return to.club(club.id);
  return who && to.person(who.id);
}
