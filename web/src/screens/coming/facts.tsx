import { Icon } from '../../parts/icon.tsx';
import { c } from '../../words/coming.ts';
import { t } from '../../words/index.ts';

/** What the house promises, and keeps. */
export function Facts() {
  return (
    <ul class="facts">
      <li>
        <Icon name="check" />
        {c().noNumber}
      </li>
      <li>
        <Icon name="check" />
        {t().facts.notRecorded}
      </li>
    </ul>
  );
}
