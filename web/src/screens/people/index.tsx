/** The screens of people: they are loaded when one of them is first looked at. */

export { EditScreen } from './edit.tsx';
export { EraseSheet } from './erase.tsx';
export { GoodbyeScreen } from './goodbye.tsx';
export { MeScreen, PersonScreen } from './person.tsx';
export { StoredScreen } from './stored.tsx';
export { Suggestions } from './suggestions.tsx';
