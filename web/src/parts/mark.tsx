import { Face } from './face.tsx';

/** The sign of a club: as faces are painted, but square, for a club is of stone. */
export function Mark({ id, name, size }: { id: string; name: string; size: number }) {
  return (
    <span class="club-mark">
      <Face id={id} name={name} size={size} />
    </span>
  );
}
