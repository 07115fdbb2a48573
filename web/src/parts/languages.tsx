import type { AllHTMLAttributes } from 'preact';
import { languages } from '../words/form.ts';

/** Languages to choose one of, or none. */
export function Languages({
  id,
  value,
  none,
  onChoose,
  ...rest
}: {
  id: string;
  value: string;
  /** How it is called that there is none. */
  none: string;
  onChoose(tag: string): void;
} & Pick<AllHTMLAttributes<HTMLSelectElement>, 'aria-invalid' | 'aria-describedby'>) {
  return (
    <select
      id={id}
      data-test={id}
      value={value}
      {...rest}
      onChange={({ currentTarget }) => onChoose(currentTarget.value)}
    >
      <option value="">{none}</option>
      {languages(value).map(([tag, name]) => (
        <option key={tag} value={tag}>
          {name}
        </option>
      ))}
    </select>
  );
}
