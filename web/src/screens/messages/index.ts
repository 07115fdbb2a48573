/** Messages: loaded when all else is there, or when one of these screens is looked at. */

export { begin, leaveAll } from '../../models/conversations.ts';
export { MessagesScreen } from './list.tsx';
export { NewMessageScreen, WriteToScreen } from './new.tsx';
export { TalkScreen } from './talk.tsx';
