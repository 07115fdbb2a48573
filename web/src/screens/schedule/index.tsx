/** The screens of the schedule: they are loaded when one of them is first looked at. */

export { EditPlanScreen, NewPlanScreen } from './edit.tsx';
export { ScheduleScreen } from './list.tsx';
export { tell } from './news.ts';
export { PlanScreen } from './plan.tsx';
