/** The screens of clubs: they are loaded when one of them is first looked at. */

export { ClubScreen } from './club.tsx';
export { EditClubScreen, NewClubScreen } from './edit.tsx';
export { ClubsScreen } from './list.tsx';
