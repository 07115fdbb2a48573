/** What is reported, judged and decided: the screens are loaded when one of them is first looked at. */

export { EntryScreen } from './entry.tsx';
export { LogScreen } from './log.tsx';
export { DecisionsScreen, ReportsScreen } from './mine.tsx';
export { QueueScreen } from './queue.tsx';
export { ReportScreen } from './report.tsx';
export { SuspendedScreen } from './suspended.tsx';
