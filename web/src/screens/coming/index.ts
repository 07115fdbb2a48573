/** The screens of who is not signed in: they are loaded when one of them is first looked at. */

export { InvitationScreen } from './invitation.tsx';
export { JoinScreen } from './join.tsx';
export { SignInScreen, WelcomeScreen } from './signin.tsx';
