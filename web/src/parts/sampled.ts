import { untracked } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';

/** A value looked at once a second: for what changes too often to be read. */
export function useSampled<T>(look: () => T): T {
  const [value, setValue] = useState(() => untracked(look));
  useEffect(() => {
    const timer = setInterval(() => setValue(untracked(look)), 1000);
    return () => clearInterval(timer);
  }, [look]);
  return value;
}
