/** What one is told: the screens are loaded when one of them is first looked at, or with the first news. */

export { ActivityScreen } from './list.tsx';
export { Pinged, tell } from './pinged.tsx';
export { TellingScreen } from './telling.tsx';
