/** The screens of what is one's own in the house: they are loaded when one of them is first looked at. */

export { InvitesScreen } from './invites.tsx';
export { SettingsScreen } from './settings.tsx';
